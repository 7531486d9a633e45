//! `support-matrix`: the packages with their tiers, and what each suite needs. What it does not list is not supported.

use std::fmt::Write as _;

use gate_surveys::authority::Authorities;

use super::{Facts, cell};

pub(super) fn generate(facts: &Facts<'_>) -> String {
    let policy = facts.policy;
    let authorities = Authorities::new(&policy.tiers, &policy.boundary);
    let mut text = String::from("| package | tier | claim |\n| --- | --- | --- |\n");
    for member in facts.members {
        let tier = match &policy.tiers {
            Some(_) => authorities.tier(&member.name).name(),
            None => "undeclared",
        };
        let exclusion = policy
            .exclusions
            .iter()
            .find(|exclusion| exclusion.packages.contains(&member.name));
        let claim = match exclusion {
            Some(exclusion) => format!("excluded ({}): {}", cell(&exclusion.surface), cell(&exclusion.reason)),
            None => "part of the claim".to_owned(),
        };
        let _ = writeln!(text, "| `{}` | {tier} | {claim} |", member.name);
    }
    if !policy.suites.is_empty() {
        text.push_str("\n| suite | needed from | needs |\n| --- | --- | --- |\n");
    }
    for suite in &policy.suites {
        let needs: Vec<String> = suite.requires.iter().map(|need| format!("`{}`", cell(need))).collect();
        let needs = if needs.is_empty() {
            "the toolchain".to_owned()
        } else {
            needs.join(", ")
        };
        let optional = if suite.required { "" } else { ", optional" };
        let _ = writeln!(
            text,
            "| `{}` | {}{optional} | {needs} |",
            gate_suites::check_id(suite),
            suite.stage
        );
    }
    text.push_str("\nAnything not listed is not supported.\n");
    text
}
