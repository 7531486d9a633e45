//! The text of CI workflows. Third-party actions are pinned by commit; everything else is a plain command.

mod github;
mod gitlab;

use super::InitFacts;

pub use github::github_workflow;
pub use gitlab::gitlab_pipeline;

/// A command, with `--locked` where there is a lockfile to hold.
fn held(facts: &InitFacts, command: &str) -> String {
    let locked = if facts.lockfile { " --locked" } else { "" };
    format!("{command}{locked}")
}

fn gate_command(facts: &InitFacts, stage: &str) -> String {
    held(facts, &format!("cargo gate {stage}"))
}

/// The release build, which waits for the gate.
fn build_command(facts: &InitFacts) -> String {
    held(facts, "cargo build --workspace --release")
}

/// The branch that changes go to.
pub(super) fn branch(facts: &InitFacts) -> &str {
    // Only what needs no quoting in YAML; anything odder is left to the owner.
    let plain = |branch: &&str| {
        let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        branch.bytes().all(ordinary) && branch.starts_with(|char: char| char.is_ascii_alphabetic())
    };
    facts.default_branch.as_deref().filter(plain).unwrap_or("main")
}

/// Publishing waits for the build.
fn publish_command(facts: &InitFacts) -> String {
    let workspace = if facts.members.len() > 1 { " --workspace" } else { "" };
    held(facts, &format!("cargo publish{workspace}"))
}

/// Measuring, without judging.
pub(super) fn bench_command(facts: &InitFacts) -> String {
    held(facts, "cargo bench --workspace")
}

/// The line of a script that installs what runs the tests, where that is not cargo.
fn nextest_line(facts: &InitFacts, before: &str) -> String {
    if facts.nextest {
        format!("{before}cargo install cargo-nextest --locked\n")
    } else {
        String::new()
    }
}

/// Whether YAML and shells take a path as it stands.
fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && path.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '.')
}

/// A text in YAML, in quotation marks where it needs them.
fn yaml(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
