//! `environment.clean`: no variable changes what suites find.

use crate::base::stage::Stage;
use crate::report::{Dimension, Finding};

use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "environment.clean",
    summary: "No environment variable changes what suites find",
    docs: DOCS,
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    inputs: &[Input::SuiteVariables],
    applies: |_| Applies::Yes,
    run,
};

const DOCS: &str = "\
## What it does

Looks for environment variables by which well-known test tools write the results that they expect, pass over \
differences, inject faults or see another time: `INSTA_UPDATE` (`always`, `force`, `unseen`), `INSTA_FORCE_PASS`, \
`INSTA_FORCE_UPDATE`, `TRYBUILD`, `TRYCMD`, `SNAPSHOTS` and `MACROTEST` (`overwrite`), `UPDATE_EXPECT`, \
`UPDATE_GOLDENFILES`, `FAILPOINTS`, `FAKETIME`, and the fault injection switches of `gate-runtime`: `GATE_CUDA_DISABLE`, `GATE_CUDA_FORCE_ERROR`, \
`GATE_CUDA_FORCE_FALLBACK`, `GATE_CUDA_SIMULATE_AVAILABLE`, `GATE_COMPILE_DELAY_MS`.

These variables are also part of what the evidence of suites depends on: what ran with one of them set is not reused \
without it.

## Why it matters

A test that writes the result it expects always passes. A fault that was left switched on makes a good program look \
bad, or shows that errors are handled where there are none in production.

## How to fix

Unset the variable and run the gate again. Where one is set for every job of a CI workflow, set it for the one \
that needs it.

## Requirements

S1.35, S4.37
";

fn run(context: &Context<'_>) -> Judgement {
    let findings = context.interference().map(|(name, interference)| {
        Finding::blocking(
            Stage::Controlled,
            format!("`{name}` is set, which {}", interference.words()),
        )
        .help(format!("run `cargo gate` without `{name}`"))
    });
    Judgement::Findings(findings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::World;
    use crate::workspace::environment::Environment;

    #[test]
    fn names_what_is_set_and_what_it_does() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "");
        world.workspace.options.environment = Environment::from_pairs([
            ("INSTA_UPDATE", "always"),
            ("FAILPOINTS", "read=return"),
            ("TRYBUILD", "wip"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        `FAILPOINTS` is set, which injects faults into the code under test [controlled]
          help: run `cargo gate` without `FAILPOINTS`
        `INSTA_UPDATE` is set, which makes tests write the results that they expect [controlled]
          help: run `cargo gate` without `INSTA_UPDATE`
        ");
    }
}
