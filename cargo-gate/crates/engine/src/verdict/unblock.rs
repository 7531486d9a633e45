//! What would unblock a stage: one command or edit per line.

use gate_report::{CheckReport, Outcome, UnblockStep};

use super::Rules;

/// The steps in the order in which they help: what the tool could not do first, then what failed, then what was not
/// run.
pub(super) fn steps(checks: &[CheckReport], rules: Rules<'_>) -> Vec<UnblockStep> {
    let mut steps: Vec<UnblockStep> = Vec::new();
    for outcome in [Outcome::Error, Outcome::Fail, Outcome::Inconclusive, Outcome::NotRun] {
        for check in checks.iter().filter(|check| check.outcome == outcome) {
            for action in actions(check, rules) {
                if !steps.iter().any(|step| step.action == action) {
                    steps.push(UnblockStep {
                        check: check.id.clone(),
                        action,
                    });
                }
            }
        }
    }
    steps
}

fn actions(check: &CheckReport, rules: Rules<'_>) -> Vec<String> {
    let mut actions: Vec<String> = Vec::new();
    // A check that waits for others is unblocked by them.
    if let Some(reason) = check.reason.as_ref().filter(|reason| reason.code != "blocked_by") {
        actions.extend(reason.help.clone());
    }
    for finding in &check.findings {
        if finding.blocks(rules.stage, rules.strict) && finding.is_open() {
            actions.extend(finding.help.clone());
        }
    }
    let waits = check.reason.as_ref().is_some_and(|reason| reason.code == "blocked_by");
    if actions.is_empty() && !waits {
        actions.push(format!("cargo gate explain {}", check.id));
    }
    actions.dedup();
    actions
}
