//! Commands and pieces of text that both systems share.

use crate::init::InitFacts;

/// A command, with `--locked` where there is a lockfile to hold.
pub(super) fn held(facts: &InitFacts, command: &str) -> String {
    let locked = if facts.lockfile { " --locked" } else { "" };
    format!("{command}{locked}")
}

pub(super) fn gate_command(facts: &InitFacts, stage: &str) -> String {
    held(facts, &format!("cargo gate {stage}"))
}

/// The release build, which waits for the gate.
pub(super) fn build_command(facts: &InitFacts) -> String {
    held(facts, "cargo build --workspace --release")
}

/// The branch that changes go to.
pub(in crate::init) fn branch(facts: &InitFacts) -> &str {
    // Only what needs no quoting in YAML; anything odder is left to the owner.
    let plain = |branch: &&str| {
        let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        branch.bytes().all(ordinary) && branch.starts_with(|char: char| char.is_ascii_alphabetic())
    };
    facts.default_branch.as_deref().filter(plain).unwrap_or("main")
}

/// Publishing waits for the build.
pub(super) fn publish_command(facts: &InitFacts) -> String {
    let workspace = if facts.members.len() > 1 { " --workspace" } else { "" };
    held(facts, &format!("cargo publish{workspace}"))
}

/// Measuring, without judging.
pub(in crate::init) fn bench_command(facts: &InitFacts) -> String {
    held(facts, "cargo bench --workspace")
}

/// The line of a script that installs what runs the tests, where that is not cargo.
pub(super) fn nextest_line(facts: &InitFacts, before: &str) -> String {
    if facts.nextest {
        format!("{before}cargo install cargo-nextest --locked\n")
    } else {
        String::new()
    }
}

/// Whether YAML and shells take a path as it stands.
pub(super) fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && path.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '.')
}

/// A text in YAML, in quotation marks where it needs them.
pub(super) fn yaml(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
