//! `boundary.safety`: each unsafe block says why it is sound.

use gate_base::stage::Stage;
use gate_policy::{BoundaryPolicy, TierPolicy};
use gate_report::{Dimension, Finding, Location};
use gate_rust::boundary::site::Kind;
use gate_rust::boundary::survey::{PackageSurvey, Survey, is_undocumented_block};

use super::raw::unreadable;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::RustSources,
    input::FileNames,
    TierPolicy,
    BoundaryPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "boundary.safety",
    summary: "Every unsafe block outside tests has a SAFETY comment",
    docs: include_str!("safety.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    recordable: true,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> {
        applies,
        run: |context| judge(context.boundaries(), context.section::<BoundaryPolicy>()),
    },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<BoundaryPolicy>() {
        Some(boundary) if boundary.safety_comments => Applies::Yes,
        None if context.section::<TierPolicy>().is_none() => Applies::Yes,
        _ => Applies::No("`safety-comments` is not set under `[boundary]`".into()),
    }
}

fn judge(survey: &Survey, boundary: &Option<BoundaryPolicy>) -> Judgement {
    if let Some(reason) = unreadable(survey) {
        return Judgement::Inconclusive(reason);
    }
    if boundary.is_none() {
        // Nobody has decided: one advice for each crate, whatever the number of its blocks.
        return Judgement::Findings(survey.packages.iter().filter_map(of_package).collect());
    }
    let declared = boundary.as_ref().map(|boundary| &boundary.location);
    let findings = survey
        .packages
        .iter()
        .flat_map(|package| package.code().map(move |(file, site)| (package, file, site)))
        .filter(|(_, _, site)| is_undocumented_block(site))
        .map(|(package, file, site)| {
            let place = match site.item.as_str() {
                "" => String::new(),
                item => format!(" in `{item}`"),
            };
            Finding::blocking(CHECK.blocks_at, format!("unsafe block{place} has no SAFETY comment"))
                .help("write `// SAFETY: …` above the statement: each precondition and why it holds")
                .at(Location::span(&file.path, site.line, site.column, site.length))
                .because(declared.cloned())
                .package(&package.name)
        })
        .collect();
    Judgement::Findings(findings)
}

/// One advice for a package in a workspace that declares nothing about boundaries.
fn of_package(package: &PackageSurvey) -> Option<Finding> {
    let blocks = package
        .code()
        .filter(|(_, site)| site.kind == Kind::UnsafeBlock)
        .count();
    let open = package.code().filter(|(_, site)| is_undocumented_block(site));
    let places: Vec<Location> = open
        .map(|(file, site)| Location::span(&file.path, site.line, site.column, site.length))
        .collect();
    let name = &package.name;
    let message = match (places.len(), blocks) {
        (0, _) => return None,
        (1, 1) => format!("the unsafe block of `{name}` has no SAFETY comment"),
        (1, _) => format!("1 of {blocks} unsafe blocks of `{name}` has no SAFETY comment"),
        (missing, _) => format!("{missing} of {blocks} unsafe blocks of `{name}` have no SAFETY comment"),
    };
    let finding = Finding::advice(message)
        .help("write `// SAFETY: …` above each statement: each precondition and why it holds")
        .package(name);
    Some(places.into_iter().fold(finding, Finding::at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveys::{judgement, policy, survey};
    use gate_contract::testing::World;
    use gate_policy::Tier;

    #[test]
    fn each_block_without_a_comment_is_a_finding() {
        let text = "struct A;\nimpl A {\n    fn f() {\n        // SAFETY: x\n        unsafe {}\n        unsafe {}\n    }\n    unsafe fn g() {}\n}\n";
        let survey = survey(&[("src/lib.rs", text), ("tests/t.rs", text)]);
        insta::assert_snapshot!(judgement(&judge(&survey, &policy(Tier::Native).boundary)), @"
        [controlled] unsafe block in `A::f` has no SAFETY comment
          at src/lib.rs:6:9
          help: write `// SAFETY: …` above the statement: each precondition and why it holds
          because gate.toml:5
        ");
    }

    #[test]
    fn what_a_policy_leaves_out_is_decided() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "");
        world.policy.tiers = policy(Tier::Native).tiers;
        assert!(world.text(&CHECK).starts_with("not applicable"));
    }

    #[test]
    fn without_a_declaration_each_crate_has_one_advice() {
        let text =
            "fn f() {\n    // SAFETY: x\n    unsafe {}\n    unsafe {}\n    unsafe {}\n}\nunsafe impl Send for X {}\n";
        let said = |files: &[(&str, &str)]| judgement(&judge(&survey(files), &None));
        insta::assert_snapshot!(said(&[("src/lib.rs", text), ("tests/t.rs", text)]), @"
        [advice] 2 of 3 unsafe blocks of `app` have no SAFETY comment
          at src/lib.rs:4:5
          at src/lib.rs:5:5
          help: write `// SAFETY: …` above each statement: each precondition and why it holds
        ");
        insta::assert_snapshot!(said(&[("src/lib.rs", "fn f() { unsafe {} }")]), @"
        [advice] the unsafe block of `app` has no SAFETY comment
          at src/lib.rs:1:10
          help: write `// SAFETY: …` above each statement: each precondition and why it holds
        ");
        assert_eq!(
            said(&[("src/lib.rs", "// SAFETY: x\nfn f() { /* SAFETY: y */ unsafe {} }")]),
            ""
        );
    }
}
