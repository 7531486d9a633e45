//! Waivers: permission for named findings, and the text of one that is signed.

use std::ops::Range;

use jiff::civil::Date;
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::authority::{Authority, verified};
use super::people::WaiverPolicy;
use super::raw::RawWaiver;
use super::section::section;
use super::value::{Converted, day};

/// First line of every text that is signed; its number grows when the text changes its form.
const HEADER: &str = "cargo-gate govern waiver 1";

/// Permission for a named finding.
#[derive(Debug, Clone, Serialize)]
pub struct Waiver {
    /// Id of the check whose finding is permitted.
    pub check: String,
    /// Glob over the path of the finding's first location.
    pub path: Option<String>,
    /// Package the finding is about.
    pub package: Option<String>,
    /// Text that the finding's message contains.
    pub contains: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Last day on which it holds.
    pub expires: Date,
    /// Whether it may be relied on.
    pub authority: Authority,
    /// Where it is declared.
    pub location: Location,
}

/// The text of a waiver that is signed: a header line, then one line per key that the waiver has, in this order, texts
/// as JSON strings. Everything that a waiver says is in it, and nothing about where in the file it stands.
pub fn waiver_text(waiver: &Waiver) -> String {
    let mut text = format!("{HEADER}\n");
    let pairs = [
        ("check", Some(&waiver.check)),
        ("path", waiver.path.as_ref()),
        ("package", waiver.package.as_ref()),
        ("contains", waiver.contains.as_ref()),
        ("owner", Some(&waiver.owner)),
        ("reason", Some(&waiver.reason)),
    ];
    for (key, value) in pairs {
        if let Some(value) = value {
            text += &format!("{key} = {}\n", serde_json::Value::from(value.as_str()));
        }
    }
    text + &format!("expires = {}\n", waiver.expires)
}

/// Authority of a waiver with this signature where the policy names these keys.
pub(super) fn authority(waiver: &Waiver, signature: Option<&str>, keys: &[String]) -> Authority {
    if keys.is_empty() {
        return Authority::NotAsked;
    }
    match signature {
        None => Authority::Unsigned,
        Some(signature) => match verified(&waiver_text(waiver), signature, keys) {
            Ok(key) => Authority::Signed(key),
            Err(reason) => Authority::Refused(reason),
        },
    }
}

pub(super) fn convert(
    raw: Spanned<RawWaiver>,
    rules: Option<&WaiverPolicy>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<Waiver> {
    let span = raw.span();
    let raw = raw.into_inner();
    let mut waiver = Waiver {
        check: raw.check,
        path: raw.path,
        package: raw.package,
        contains: raw.contains,
        owner: raw.owner,
        reason: raw.reason,
        expires: day(&raw.expires, &span)?,
        authority: Authority::NotAsked,
        location: at(span),
    };
    let keys = rules.map(|rules| rules.keys.as_slice()).unwrap_or_default();
    waiver.authority = authority(&waiver, raw.signature.as_deref(), keys);
    Ok(waiver)
}

section!(Waiver, "waivers", waivers: Vec<Waiver>);
