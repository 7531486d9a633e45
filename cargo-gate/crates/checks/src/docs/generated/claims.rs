//! `claims`: what is claimed at each stage and what is not, as sentences.

use std::fmt::Write as _;

use super::Facts;

pub(super) fn generate(facts: &Facts<'_>) -> String {
    let policy = facts.policy;
    let mut text = String::new();
    for (stage, declared) in &policy.stages {
        let scope = declared.scope.trim();
        let _ = if scope.is_empty() {
            writeln!(text, "- At *{stage}*: no scope is declared.")
        } else {
            writeln!(text, "- At *{stage}*: {scope}.")
        };
    }
    if policy.stages.is_empty() {
        text.push_str("- No stage is declared.\n");
    }
    for claim in &policy.claims {
        let evidence: Vec<String> = claim.evidence.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(
            text,
            "- Claimed as *{}*: {}, by {}.",
            claim.class.name(),
            claim.surface,
            evidence.join(", ")
        );
    }
    for exclusion in &policy.exclusions {
        let _ = writeln!(
            text,
            "- Not part of the claim: {} ({} risk): {}.",
            exclusion.surface, exclusion.risk, exclusion.reason
        );
    }
    if policy.exclusions.is_empty() {
        text.push_str("- Nothing is excluded from the claim.\n");
    }
    for waiver in &policy.waivers {
        let _ = writeln!(
            text,
            "- Permitted until {}: a finding of `{}`, because {} ({}).",
            waiver.expires, waiver.check, waiver.reason, waiver.owner
        );
    }
    text
}
