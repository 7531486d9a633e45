//! What the claim covers: exclusions of the policy and the packages chosen on the command line.

use gate_policy::pattern::path_matches;
use gate_policy::{Exclusion, Policy};
use gate_report::{Bound, CheckReport, Finding};

use super::rules::Rules;

/// Marks a finding that lies outside the claim.
pub(super) fn apply(finding: &mut Finding, policy: &Policy, packages: &[String]) {
    for exclusion in policy.exclusions.iter().filter(|exclusion| exclusion.groups.is_empty()) {
        let by_package = finding
            .package
            .as_ref()
            .is_some_and(|name| exclusion.packages.contains(name));
        let by_path = finding.locations.first().is_some_and(|location| {
            exclusion
                .paths
                .iter()
                .any(|pattern| path_matches(pattern, &location.path))
        });
        if by_package || by_path {
            finding.excluded = Some(exclusion.surface.clone());
            return;
        }
    }
    if let Some(package) = &finding.package
        && !packages.is_empty()
        && !packages.contains(package)
    {
        finding.excluded = Some(format!("package `{package}` is not selected"));
    }
}

/// What checks themselves leave outside the claim.
pub(super) fn unjudged(checks: &[CheckReport], policy: &Policy) -> Vec<Bound> {
    let of_policy = |surface: &str| policy.exclusions.iter().any(|exclusion| exclusion.surface == surface);
    let findings = checks.iter().flat_map(|check| &check.findings);
    findings
        .filter_map(|finding| {
            let surface = finding.excluded.as_deref().filter(|surface| !of_policy(surface))?;
            // A package that is not selected is among the bounds of the packages.
            finding.package.is_none().then(|| Bound {
                surface: surface.to_owned(),
                reason: finding.message.clone(),
                risk: finding.risk.clone().unwrap_or_else(|| "medium".to_owned()),
            })
        })
        .collect()
}

/// The bounds of the claim, in words. A group that no package is asked for at the stage takes nothing out of it.
pub(super) fn bounds(policy: &Policy, rules: Rules<'_>, checks: &[CheckReport]) -> Vec<Bound> {
    let applied = |exclusion: &&Exclusion| {
        let mut findings = checks.iter().flat_map(|check| &check.findings);
        exclusion.groups.is_empty() || findings.any(|finding| finding.excluded.as_ref() == Some(&exclusion.surface))
    };
    let mut bounds: Vec<Bound> = policy
        .exclusions
        .iter()
        .filter(applied)
        .map(|exclusion| Bound {
            surface: exclusion.surface.clone(),
            reason: exclusion.reason.clone(),
            risk: exclusion.risk.clone(),
        })
        .collect();
    if !rules.packages.is_empty() {
        bounds.push(Bound {
            surface: format!("every package except {}", rules.packages.join(", ")),
            reason: match rules.since {
                Some(revision) => format!("neither changed since {revision} nor depending on what did"),
                None => "selected with --package".to_owned(),
            },
            risk: "medium".to_owned(),
        });
    }
    bounds
}
