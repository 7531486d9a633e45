//! The suite that stands for every test of the workspace: whatever it leaves out, nothing runs.

use super::suite::{SuiteKind, SuitePolicy};

/// Arguments of `cargo test` and `cargo nextest run` that select nothing.
const FLAGS: &str = "--workspace --all --all-targets --all-features --no-default-features --locked --frozen --offline \
                     --no-fail-fast --release -r --quiet -q --verbose -v -vv";
/// Those that take a value.
const OPTIONS: &str = "--features -F --profile --cargo-profile -P --color --jobs -j --target --target-dir";

/// Marks the suite of tests that runs alone and whose command selects no test. One of documentation tests beside it does not count.
pub(super) fn mark(suites: &mut [SuitePolicy]) {
    let documentation = |suite: &SuitePolicy| suite.command.iter().any(|word| word == "--doc");
    let mut tests = suites
        .iter_mut()
        .filter(|suite| suite.kind == SuiteKind::Test && !documentation(suite));
    if let Some(suite) = tests.next()
        && tests.next().is_none()
    {
        suite.whole = suite.directory.is_none() && selects_nothing(&suite.command);
    }
}

fn selects_nothing(command: &[String]) -> bool {
    let mut words = command.iter().map(String::as_str);
    if words.next() != Some("cargo") {
        return false;
    }
    let mut words = words.skip_while(|word| word.starts_with('+'));
    let runs = match words.next() {
        Some("test" | "t") => true,
        Some("nextest") => matches!(words.next(), Some("run" | "r")),
        _ => false,
    };
    let is_one_of = |list: &str, word: &str| list.split_whitespace().any(|known| known == word);
    while let Some(word) = words.next() {
        let known = match word.split_once('=') {
            Some((option, _)) => is_one_of(OPTIONS, option),
            None if is_one_of(OPTIONS, word) => words.next().is_some(),
            None => is_one_of(FLAGS, word),
        };
        if !known {
            return false;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the suites that are marked among those with these commands.
    fn marked(commands: &[&str]) -> Vec<String> {
        let suite = |command: &&str| {
            let words = command.split(' ').map(str::to_owned).collect();
            SuitePolicy::new(SuiteKind::Test, *command, words)
        };
        let mut suites: Vec<_> = commands.iter().map(suite).collect();
        mark(&mut suites);
        suites
            .into_iter()
            .filter(|suite| suite.whole)
            .map(|suite| suite.name)
            .collect()
    }

    #[test]
    fn one_that_selects_nothing_stands_for_all() {
        for command in [
            "cargo test",
            "cargo +1.95.0 t --workspace --locked --features a,b -j 2",
            "cargo nextest run --profile=ci --no-fail-fast",
        ] {
            assert_eq!(marked(&[command]), [command]);
            assert_eq!(marked(&["cargo test --doc --locked", command]), [command]);
            assert!(marked(&[command, "cargo test --package b"]).is_empty(), "{command}");
        }
        for command in [
            "cargo test --lib",
            "cargo test name",
            "cargo test -- --skip slow",
            "cargo test --features",
            "cargo nextest list",
            "cargo build",
            "cross test",
        ] {
            assert!(marked(&[command]).is_empty(), "{command}");
        }
    }
}
