//! Histories of operations and what was kept: nothing panics, and a system that keeps exactly what was acknowledged is not blamed.
//!
//! An empty line separates the two. `cargo +nightly fuzz run drill_history`
#![no_main]

use gate_drill::history::{Action, Model, Operation, Outcome, Stored, judge, stored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (history, kept) = text.split_once("\n\n").unwrap_or((text, ""));
    let history: Vec<Operation> = history.lines().filter_map(|line| Operation::parse(line).ok()).collect();
    for model in [Model::Set, Model::Register] {
        if let Ok(kept) = stored(kept) {
            let _ = judge(model, &history, &kept);
        }
    }
    let writes: Vec<Operation> = history.into_iter().filter(|operation| operation.op == Action::Write).collect();
    let acknowledged = writes.iter().filter(|write| write.outcome == Outcome::Ok);
    let kept: Vec<Stored> = acknowledged
        .filter_map(|write| {
            Some(Stored {
                key: write.key.clone(),
                value: write.value.clone()?,
            })
        })
        .collect();
    if let Ok(judgement) = judge(Model::Set, &writes, &kept) {
        assert!(judgement.violations.is_empty(), "{judgement:?}");
    }
});
