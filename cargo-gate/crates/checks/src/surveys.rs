//! Policies and judgements by hand, for the unit tests of checks that read sources.

use gate_policy::{BoundaryAllow, BoundaryPolicy, Policy, Tier, TierPolicy};
use gate_report::{Finding, Location};
pub(crate) use gate_rust::testing::{library, survey};

use gate_contract::Judgement;

/// A policy that declares this default tier on line 3, and `[boundary]` with SAFETY comments on line 5.
pub(crate) fn policy(tier: Tier) -> Policy {
    Policy {
        tiers: Some(TierPolicy {
            default: tier,
            exceptions: Vec::new(),
            location: Location::line("gate.toml", 3),
        }),
        boundary: Some(BoundaryPolicy {
            allow: Vec::new(),
            safety_comments: true,
            inventory: None,
            location: Location::line("gate.toml", 5),
        }),
        ..Policy::default()
    }
}

/// Allows raw authority under a glob.
pub(crate) fn allow(policy: &mut Policy, glob: &str) {
    let boundary = policy.boundary.as_mut().expect("the policy of this module has one");
    boundary.allow.push(BoundaryAllow {
        path: glob.into(),
        reason: "bindings".into(),
        owner: "core".into(),
        location: Location::line("gate.toml", 7),
    });
}

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
