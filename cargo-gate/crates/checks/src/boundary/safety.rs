//! `boundary.safety`: each unsafe block says why it is sound.

use gate_base::stage::Stage;
use gate_policy::BoundaryPolicy;
use gate_report::{Dimension, Finding, Location};
use gate_rust::boundary::survey::{Survey, is_undocumented_block};

use super::raw::unreadable;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::RustSources, input::FileNames, BoundaryPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "boundary.safety",
    summary: "Every unsafe block outside tests has a SAFETY comment",
    docs: include_str!("safety.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
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
        _ => Applies::No("`safety-comments` is not set under `[boundary]`".into()),
    }
}

fn judge(survey: &Survey, boundary: &Option<BoundaryPolicy>) -> Judgement {
    if let Some(reason) = unreadable(survey) {
        return Judgement::Inconclusive(reason);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveys::{judgement, policy, survey};
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
}
