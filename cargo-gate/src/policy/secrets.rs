//! What the policy says about secrets and paths of machines.

use std::ops::Range;

use jiff::civil::Date;
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;
use crate::secrets::Kind;

use super::problem::Problem;
use super::raw::{RawPaths, RawSecrets};
use super::section::section;

/// Secrets in tracked files.
#[derive(Debug, Clone, Serialize)]
pub struct SecretsPolicy {
    /// Whether those in test code block as well.
    pub test_code: bool,
    /// Globs over files in which addresses and telephone numbers of people are looked for.
    pub personal: Vec<String>,
    /// Globs over files in which characters without any order are looked for.
    pub entropy: Vec<String>,
    /// Values that may stay.
    pub allow: Vec<SecretAllow>,
    /// Where `[secrets]` is declared.
    pub location: Location,
}

/// One value that may stay in one file.
#[derive(Debug, Clone, Serialize)]
pub struct SecretAllow {
    /// The file.
    pub path: String,
    /// Kind of the secret.
    pub kind: Kind,
    /// SHA-256 of the value, in small letters.
    pub digest: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is no secret.
    pub reason: String,
    /// Last day on which it holds.
    pub expires: Date,
    /// Where it is declared.
    pub location: Location,
}

/// Paths of machines.
#[derive(Debug, Clone, Serialize)]
pub struct PathsPolicy {
    /// Beginnings of paths of build machines.
    pub forbid: Vec<String>,
    /// Names of users that stand for nobody.
    pub placeholders: Vec<String>,
    /// Where `[paths]` is declared.
    pub location: Location,
}

pub(super) fn secrets_policy(
    raw: Spanned<RawSecrets>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Result<SecretsPolicy, Problem> {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let allow = raw.allow.into_iter().map(|allow| {
        let span = allow.span();
        let allow = allow.into_inner();
        let expires = allow
            .expires
            .day()
            .ok_or_else(|| Problem::new(span.clone(), "a day is not understood").rule(&super::rule::MALFORMED_DATE))?;
        Ok(SecretAllow {
            path: allow.path,
            kind: allow.kind,
            digest: allow.digest.to_ascii_lowercase(),
            owner: allow.owner,
            reason: allow.reason,
            expires,
            location: at(span),
        })
    });
    Ok(SecretsPolicy {
        test_code: raw.test_code,
        allow: allow.collect::<Result<_, Problem>>()?,
        personal: raw.personal,
        entropy: raw.entropy,
        location,
    })
}

pub(super) fn paths_policy(raw: Spanned<RawPaths>, at: &impl Fn(Range<usize>) -> Location) -> PathsPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    PathsPolicy {
        forbid: raw.forbid,
        placeholders: raw.placeholders,
        location,
    }
}

section!(SecretsPolicy, "secrets", secrets: Option<SecretsPolicy>);
section!(PathsPolicy, "paths", paths: Option<PathsPolicy>);
