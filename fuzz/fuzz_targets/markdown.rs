//! Documents: no text fails, boxes and blocks are found where they are, and editing changes nothing else.
//!
//! `cargo +nightly fuzz run markdown`
#![no_main]

use gate_checks::docs::generated::{self, Facts};
use gate_policy::Policy;
use gate_text::markdown::fences::commands;
use gate_text::markdown::links::Outline;
use gate_text::markdown::target::Target;
use gate_text::markdown::tasks::{tasks, with_box};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for link in Outline::new(text).links {
        assert!(text.get(link.span.clone()).is_some());
        Target::new(&link.destination);
    }
    for command in commands(text) {
        assert!(command.words.iter().all(|word| text.get(word.span.clone()).is_some()));
    }
    let all = tasks(text);
    for (position, task) in all.iter().enumerate() {
        let after = with_box(text, task, !task.ticked);
        assert_eq!(after.len(), text.len());
        assert_eq!(tasks(&after)[position].ticked, !task.ticked);
    }
    let policy = Policy::default();
    let facts = Facts {
        checks: gate_checks::ALL,
        policy: &policy,
        members: &[],
        outcomes: &[],
    };
    let (once, _) = generated::regenerated(text, &facts);
    let (twice, changed) = generated::regenerated(&once, &facts);
    assert_eq!(once, twice);
    assert!(changed.is_empty());
});
