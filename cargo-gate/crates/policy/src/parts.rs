//! Declarations that stand for several suites: one call of a tool whose answers are judged apart.

use toml::de::{DeTable, DeValue};

/// What `cargo deny check` answers and the adapter reads, each a suite of its own where the arguments are not declared.
pub(crate) const DENY: [&str; 3] = ["bans", "licenses", "sources"];

/// The parts of a suite over a tool; none where it is one suite.
pub(super) fn of_tool(tool: &str, has_arguments: bool) -> &'static [&'static str] {
    match tool {
        "cargo-deny" if !has_arguments => &DENY,
        _ => &[],
    }
}

/// Name of the suite for a part.
pub(super) fn name(suite: &str, part: &str) -> String {
    format!("{suite}-{part}")
}

/// Names of the suites that a table of `[[suite.<kind>]]` stands for, in a file that may yet hold errors.
pub(super) fn names(table: &DeTable<'_>) -> Vec<String> {
    let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
    let Some(suite) = text("name") else {
        return Vec::new();
    };
    let arguments = match table.get("args").map(toml::Spanned::get_ref) {
        Some(DeValue::Array(arguments)) => !arguments.is_empty(),
        _ => false,
    };
    match of_tool(text("tool").unwrap_or_default(), arguments) {
        [] => vec![suite.to_owned()],
        parts => parts.iter().map(|part| name(suite, part)).collect(),
    }
}
