//! Identities of findings for services that follow them from one report to the next.

use std::collections::BTreeMap;

use crate::{CheckReport, Finding};
use gate_base::digest::sha256_hex;

/// Gives out identities that survive moved lines. Equal findings are numbered in the order in which they ask, so that
/// no two share one.
#[derive(Debug, Default)]
pub(super) struct Identities(BTreeMap<String, u32>);

impl Identities {
    /// Identity of a finding: its check, file, package and message.
    pub(super) fn of_finding(&mut self, check: &CheckReport, finding: &Finding) -> String {
        let path = finding.locations.first().map_or("", |location| location.path.as_str());
        let package = finding.package.as_deref().unwrap_or_default();
        self.of(&[&check.id, path, package, &finding.message])
    }

    /// Identity of a check without a judgement: its id and the code of the reason.
    pub(super) fn of_unjudged(&mut self, check: &CheckReport) -> String {
        let code = check
            .reason
            .as_ref()
            .map_or(check.outcome.words(), |reason| reason.code.as_str());
        self.of(&[&check.id, code])
    }

    fn of(&mut self, parts: &[&str]) -> String {
        let digest = sha256_hex(parts.join("\0").as_bytes());
        let seen = self.0.entry(digest.clone()).or_default();
        *seen += 1;
        format!("{}:{seen}", &digest[..32])
    }
}
