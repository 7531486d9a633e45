//! `api.stability`: what the last release promised is compared with, and documents are as they were released.

use gate_base::stage::Stage;
use gate_policy::{SEMVER_CHECKS, StabilityClass, StabilityPolicy, SuitePolicy};
use gate_report::{Dimension, Finding, Location};
use gate_surveys::stability::Comparison;
use gate_world::cargo::Member;

use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

use gate_report::group::Group;

reads!(
    input::Cargo,
    input::FileNames,
    input::Documents,
    input::Release,
    StabilityPolicy,
    SuitePolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "api.stability",
    summary: "Stable documents are unchanged, and a suite compares stable public items",
    docs: include_str!("stability.md"),
    dimension: Dimension::Contract,
    group: Some(Group::Ergonomics),
    group_evidence: |_| true,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    version: 2,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<StabilityPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[stability]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<StabilityPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    match context.released_documents(policy) {
        Err(reason) => Judgement::Inconclusive(reason),
        Ok(comparison) => {
            let mut findings = judge(&comparison);
            let libraries = context.cargo().members.iter().any(has_interface);
            if libraries && promises_items(policy) && !compares_items(context.section::<SuitePolicy>()) {
                findings.push(not_compared(policy, &comparison.reference));
            }
            Judgement::Findings(findings)
        }
    }
}

/// Whether cargo-semver-checks can compare it, which leaves out macros of the compiler and libraries for other languages.
fn has_interface(member: &Member) -> bool {
    let mut kinds = member.targets.iter().flat_map(|target| &target.kind);
    kinds.any(|kind| matches!(kind.as_str(), "lib" | "rlib" | "dylib"))
}

fn promises_items(policy: &StabilityPolicy) -> bool {
    let mut surfaces = policy.surfaces.iter();
    policy.default == StabilityClass::Stable
        || surfaces.any(|surface| surface.class == StabilityClass::Stable && !surface.items.is_empty())
}

fn compares_items(suites: &[SuitePolicy]) -> bool {
    suites.iter().any(|suite| suite.tool.as_deref() == Some(SEMVER_CHECKS))
}

fn not_compared(policy: &StabilityPolicy, reference: &str) -> Finding {
    Finding::blocking(
        CHECK.blocks_at,
        format!("no suite compares the public items with {reference}"),
    )
    .help("add `[[suite.tool]]` with `name = \"semver\"`, `tool = \"cargo-semver-checks\"` and `stage = \"broad\"` to gate.toml")
    .at(policy.location.clone())
    .because(Some(policy.location.clone()))
}

fn judge(comparison: &Comparison) -> Vec<Finding> {
    let blocking = |message: String| Finding::blocking(CHECK.blocks_at, message);
    let reference = &comparison.reference;
    let documents = comparison.documents.iter().map(|document| {
        let path = &document.path;
        let (message, place) = if document.removed {
            (
                format!("the stable document `{path}` was removed since {reference}"),
                document.surface.clone(),
            )
        } else {
            (
                format!("the stable document `{path}` differs from {reference}"),
                Location::file(path),
            )
        };
        blocking(message)
            .help(format!(
                "`git checkout {reference} -- {path}`, or declare it `fluid` in `[[stability.surface]]`"
            ))
            .at(place)
            .because(Some(document.surface.clone()))
    });
    let unmatched = comparison.unmatched.iter().map(|surface| {
        blocking(format!("the surface matches no file here or in {reference}"))
            .help("correct its `paths`, or remove it")
            .at(surface.clone())
            .because(Some(surface.clone()))
    });
    documents.chain(unmatched).collect()
}
