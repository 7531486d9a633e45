//! Commands and pieces of text that both systems share.

use crate::init::InitFacts;

/// The branch that changes go to.
pub(in crate::init) fn branch(facts: &InitFacts) -> &str {
    // Only what needs no quoting in YAML; anything odder is left to the owner.
    let plain = |branch: &&str| {
        let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        branch.bytes().all(ordinary) && branch.starts_with(|char: char| char.is_ascii_alphabetic())
    };
    facts.default_branch.as_deref().filter(plain).unwrap_or("main")
}

/// Measuring, without judging.
pub(in crate::init) fn bench_command(facts: &InitFacts) -> String {
    let locked = if facts.lockfile { " --locked" } else { "" };
    format!("cargo bench --workspace{locked}")
}

/// Whether YAML and shells take a path as it stands.
pub(super) fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && path.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '.')
}

/// A text in YAML, in quotation marks where it needs them.
pub(super) fn yaml(text: &str) -> String {
    // `1.90` would be a number, and `off` a boolean.
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_number =
        text.bytes().all(|byte| byte.is_ascii_digit() || b"._".contains(&byte)) || text.parse::<f64>().is_ok();
    let is_text = !is_number && !words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain(text) && is_text {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
