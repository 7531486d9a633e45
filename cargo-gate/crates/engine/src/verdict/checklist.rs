//! The checklists of a report.

use gate_base::stage::Stage;
use gate_policy::{ChecklistItem, Policy};
use gate_report::{CheckReport, Checklist, ChecklistEntry, Finding, Outcome};

/// The checklists up to a stage as the check of this id shows them: an item is met when the check judged it and found
/// nothing. `None` when the check did not judge.
pub fn entries(check: &str, policy: &Policy, stage: Stage, checks: &[CheckReport]) -> Option<Checklist> {
    let judged = checks
        .iter()
        .find(|report| report.id == check)
        .filter(|check| matches!(check.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail))?;
    let lacking = |item: &ChecklistItem| {
        let about = |finding: &Finding| finding.locations.first() == Some(&item.location);
        judged.findings.iter().any(about)
    };
    let items: Vec<ChecklistEntry> = policy
        .checklist
        .iter()
        .filter(|item| item.stage <= stage)
        .map(|item| ChecklistEntry {
            id: item.id.clone(),
            description: item.description.clone(),
            stage: item.stage,
            met: !lacking(item),
        })
        .collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Checklist {
        met: count(items.iter().filter(|item| item.met).count()),
        total: count(items.len()),
        items,
    })
}
