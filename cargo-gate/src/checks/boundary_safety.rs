//! `boundary.safety`: each unsafe block says why it is sound.

use crate::base::stage::Stage;
use crate::policy::Policy;
use crate::report::{Dimension, Finding, Location};
use crate::rust::boundary::survey::{Survey, is_undocumented_block};

use super::boundary_raw::unreadable;
use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "boundary.safety",
    summary: "Every unsafe block outside tests has a SAFETY comment",
    docs: DOCS,
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 1,
    inputs: &[
        Input::Cargo,
        Input::RustSources,
        Input::FileNames,
        Input::PolicyBoundary,
    ],
    applies,
    run: |context| judge(context.boundaries(), context.policy()),
};

const DOCS: &str = "\
## What it does

Looks for a comment with `SAFETY:` (in any case) at each unsafe block of product code, `native` crates included. It may \
stand above the statement or its attributes, above the match arm or the line, at the end of the line before, or first \
inside the block: everything that `clippy::undocumented_unsafe_blocks` accepts. Blocks that a procedural macro quotes \
need none, test code needs none.

It applies when `gate.toml` says `safety-comments = true` under `[boundary]`.

## Why it matters

The comment is the proof that the compiler could not make. A block without it can neither be reviewed nor safely \
changed.

## How to fix

Write `// SAFETY: …` above the statement: which preconditions the called code states, and why each holds here. If you \
cannot, the block is a bug until somebody can.

## Requirements

S1.6, S1.30, S1.56
";

fn applies(context: &Context<'_>) -> Applies {
    match &context.policy().boundary {
        Some(boundary) if boundary.safety_comments => Applies::Yes,
        _ => Applies::No("SAFETY comments are not declared: `safety-comments = true` under `[boundary]`".into()),
    }
}

fn judge(survey: &Survey, policy: &Policy) -> Judgement {
    if let Some(reason) = unreadable(survey) {
        return Judgement::Inconclusive(reason);
    }
    let declared = policy.boundary.as_ref().map(|boundary| &boundary.location);
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
            Finding::blocking(Stage::Controlled, format!("Unsafe block{place} has no SAFETY comment"))
                .help("write `// SAFETY: …` above the statement: which preconditions there are, and why each holds")
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
    use crate::checks::surveys::{judgement, policy, survey};
    use crate::policy::Tier;

    #[test]
    fn each_block_without_a_comment_is_a_finding() {
        let text = "struct A;\nimpl A {\n    fn f() {\n        // SAFETY: x\n        unsafe {}\n        unsafe {}\n    }\n    unsafe fn g() {}\n}\n";
        let survey = survey(&[("src/lib.rs", text), ("tests/t.rs", text)]);
        insta::assert_snapshot!(judgement(&judge(&survey, &policy(Tier::Native))), @"
        [controlled] Unsafe block in `A::f` has no SAFETY comment
          at src/lib.rs:6:9
          help: write `// SAFETY: …` above the statement: which preconditions there are, and why each holds
          because gate.toml:5
        ");
    }
}
