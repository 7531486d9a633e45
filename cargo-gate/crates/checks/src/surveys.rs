//! Policies and judgements by hand, for the unit tests of checks that read sources.

use gate_report::{Finding, Location};
pub(crate) use gate_rust::testing::{library, survey};

use gate_contract::Judgement;
pub(crate) use gate_contract::testing::{allow, boundary_policy as policy};

/// A judgement as text.
pub(crate) fn judgement(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Findings(findings) => findings.iter().map(finding).collect::<Vec<_>>().join("\n"),
        Judgement::Inconclusive(reason) => format!("inconclusive {}: {}", reason.code, reason.message),
        Judgement::NotRun(reason) => format!("not run {}: {}", reason.code, reason.message),
    }
}

fn finding(finding: &Finding) -> String {
    let place = |location: &Location| {
        let mut text = location.path.clone();
        for number in [location.line, location.column].into_iter().flatten() {
            text += &format!(":{number}");
        }
        text
    };
    let stage = finding.blocks_at.map_or("advice", |stage| stage.name());
    let mut text = format!("[{stage}] {}", finding.message);
    for location in &finding.locations {
        text += &format!("\n  at {}", place(location));
    }
    if let Some(help) = &finding.help {
        text += &format!("\n  help: {help}");
    }
    if let Some(policy) = &finding.policy {
        text += &format!("\n  because {}", place(policy));
    }
    text
}
