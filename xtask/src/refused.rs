//! `tests/refusals.txt`: what is refused, one line for each case. The list only grows.

#![allow(
    clippy::print_stderr,
    reason = "a clone that is cut off has to be said in the log of the step"
)]

use std::collections::BTreeSet;
use std::path::Path;

use xshell::{Shell, cmd};

use crate::Result;

/// Where the list is.
pub const PATH: &str = "tests/refusals.txt";

/// The cases of a list.
pub fn cases(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().map(str::trim_end);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// What is refused in a case, whichever rule of the policy refuses it: a later version may do so for a better reason.
fn refused(case: &str) -> (&str, &str) {
    match case.split_once(": ") {
        Some((kind @ "policy", rest)) => (kind, rest.split_once(": ").map_or(rest, |(_, line)| line)),
        Some(other) => other,
        None => ("", case),
    }
}

/// What a later list lacks of an earlier one.
pub fn lost<'a>(earlier: &'a str, later: &str) -> Vec<&'a str> {
    let later: BTreeSet<_> = cases(later).into_iter().map(refused).collect();
    cases(earlier)
        .into_iter()
        .filter(|case| !later.contains(&refused(case)))
        .collect()
}

/// Holds every committed version of the list, and the one in the work tree, against the one before.
///
/// # Errors
/// A version lacks what an earlier one had.
pub fn check(sh: &Shell, root: &Path) -> Result {
    let shallow = cmd!(sh, "git rev-parse --is-shallow-repository").read()?;
    if shallow.trim() == "true" {
        eprintln!(
            "warning: the clone is shallow: versions of {PATH} before it are not compared; `git fetch --unshallow` brings them"
        );
    }
    let commits = cmd!(sh, "git log --first-parent --reverse --format=%H -- {PATH}").read()?;
    let mut before = String::new();
    for commit in commits.lines() {
        let object = format!("{commit}:{PATH}");
        let text = cmd!(sh, "git show {object}").read().unwrap_or_default();
        complain(&before, &text, commit)?;
        before = text;
    }
    let now = std::fs::read_to_string(root.join(PATH)).map_err(|error| format!("{PATH}: {error}"))?;
    complain(&before, &now, "the work tree")
}

fn complain(before: &str, after: &str, place: &str) -> Result {
    let lost = lost(before, after);
    if lost.is_empty() {
        return Ok(());
    }
    Err(format!("{PATH} only grows, and in {place} it lacks:\n{}", lost.join("\n")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_only_grows() {
        assert!(lost("# a\none\n", "two\none\r\n").is_empty());
        assert_eq!(lost("one\ntwo\n", "# two\none\n"), ["two"]);
        assert!(complain("one\n", "", "here").is_err());
    }

    #[test]
    fn another_rule_may_refuse_the_same_line() {
        let before = "policy: policy::out-of-range: rounds = 0\n";
        assert!(lost(before, "policy: policy::refused-key: rounds = 0\n").is_empty());
        assert_eq!(lost(before, "policy: policy::out-of-range: rounds = 1\n").len(), 1);
        assert_eq!(lost("fixture: ci.locked\n", "fixture: ci.matrix\n").len(), 1);
    }
}
