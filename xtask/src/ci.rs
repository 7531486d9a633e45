//! What continuous integration runs, in one place: `.ci/run`, the GitHub workflow and developers all call it.

#![allow(clippy::print_stdout, reason = "the log of the steps is what this module is for")]

use std::path::Path;
use std::time::Instant;

use xshell::{Shell, cmd};

use crate::{Result, docs};

type Step = fn(&Shell, &Path) -> Result;

/// Steps in the order in which they run: what fails fast comes first.
const STEPS: &[(&str, Step)] = &[
    ("fmt", |sh, _| Ok(cmd!(sh, "cargo fmt --all --check").run_echo()?)),
    ("clippy", |sh, _| {
        let command = cmd!(sh, "cargo clippy --workspace --all-targets --locked -- -D warnings");
        Ok(command.run_echo()?)
    }),
    ("test", |sh, _| {
        Ok(cmd!(sh, "cargo test --workspace --locked").run_echo()?)
    }),
    ("docs", |_, root| docs::check(root)),
    ("rustdoc", |sh, _| {
        let command = cmd!(sh, "cargo doc --workspace --no-deps --locked").env("RUSTDOCFLAGS", "-D warnings");
        Ok(command.run_echo()?)
    }),
    ("gate", |sh, _| {
        let command = cmd!(sh, "cargo run --package cargo-gate --locked -- gate pilot");
        Ok(command.run_echo()?)
    }),
];

/// Names of the steps, for `--skip`.
pub fn names() -> Vec<&'static str> {
    STEPS.iter().map(|(name, _)| *name).collect()
}

/// Runs every step but the skipped ones and stops at the first that fails.
///
/// # Errors
/// A step fails or cannot be started.
pub fn run(root: &Path, skip: &[String]) -> Result {
    let mut sh = Shell::new()?;
    sh.set_current_dir(root);
    // A log is read later: no progress bars, and snapshots are compared, never written.
    sh.set_var("CARGO_TERM_PROGRESS_WHEN", "never");
    sh.set_var("INSTA_UPDATE", "no");
    let grouped = sh.var_os("GITHUB_ACTIONS").is_some();
    for (name, step) in STEPS {
        if skip.iter().any(|skipped| skipped == name) {
            continue;
        }
        if grouped {
            println!("::group::{name}");
        } else {
            println!("=== {name}");
        }
        let start = Instant::now();
        let result = step(&sh, root);
        if grouped {
            println!("::endgroup::");
        }
        println!("=== {name}: {:.1} s", start.elapsed().as_secs_f64());
        result.map_err(|error| format!("step `{name}` failed: {error}"))?;
    }
    Ok(())
}
