//! `ci.actions-pinned`: SENTENCE: what holds when this check passes.

use crate::report::{Dimension, Finding, Location};
use crate::stage::Stage;

use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "ci.actions-pinned",
    summary: "SUMMARY: what it asks, one line",
    docs: DOCS,
    dimension: Dimension::Contract,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 1,
    inputs: &[Input::Manifests],
    applies: |_| Applies::Yes,
    run,
};

const DOCS: &str = "\
## What it does

DOCS: what is read and when it is a finding.

## Why it matters

DOCS: what goes wrong for the user of the workspace when nobody looks.

## How to fix

DOCS: a command or an edit.

## Requirements

DOCS: the rows it meets.
";

fn run(context: &Context<'_>) -> Judgement {
    // RULE: says something about no workspace yet, so the `fail` fixture does not fail.
    let findings = context
        .manifests()
        .iter()
        .filter(|manifest| manifest.table.is_empty())
        .map(|manifest| {
            Finding::blocking(Stage::Pilot, "MESSAGE: what is wrong, in sentence case")
                .help("HELP: one command or one edit")
                .at(Location::file(&manifest.path))
        })
        .collect();
    Judgement::Findings(findings)
}
