//! Tests that end early and say so: they count as not run.
//!
//! A harness sees no difference between a test that asserted and one that returned before it could. Such a test appends a
//! line to the file that the variable names: its own name, a tab, and why. A file passes every runner and every capture of
//! output, and no command is altered for it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_base::paths;
use gate_policy::SuitePolicy;
use gate_report::{Reason, TestStatus};
use gate_world::Workspace;
use gate_world::config::CargoConfig;

use super::outcome::Tests;

/// Names the file.
pub(super) const VARIABLE: &str = "CARGO_GATE_NOT_RUN";

/// More is not read.
const MOST_BYTES: u64 = 1 << 20;

/// A test that ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Early {
    /// Its name, as far as it knew.
    pub(super) name: String,
    /// Why.
    pub(super) reason: String,
}

/// Why tests that end early could not be counted: something of the workspace gives the variable another value. `[env]` of cargo's
/// configuration may override what the gate sets.
pub(super) fn redirected(suite: &SuitePolicy, workspace: &Workspace) -> Option<Reason> {
    let directory = workspace.root().join(suite.directory.as_deref().unwrap_or_default());
    // One that cannot be read stops cargo.
    let configured = CargoConfig::read(&directory, workspace.environment()).unwrap_or_default();
    let place = configured
        .all("env")
        .find(|env| {
            let names = env.value.as_table().into_iter().flat_map(toml::Table::keys);
            names.into_iter().any(|name| name.eq_ignore_ascii_case(VARIABLE))
        })
        .map(|env| paths::relative(workspace.root(), &env.layer.path));
    let place = place.or_else(|| {
        let named = suite.command.iter().any(|word| word.contains(VARIABLE));
        named.then(|| format!("`command` of the suite `{}`", suite.name))
    })?;
    let message = format!("{place} sets `{VARIABLE}`, so tests that end early cannot be counted");
    Some(Reason::new("not_run_redirected", message).help("remove the variable: the gate sets it for each suite"))
}

/// The file of a run with this log, which is not there yet.
pub(super) fn prepare(log: &Path) -> Result<PathBuf> {
    let path = log.with_extension("not-run");
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", &path, &error)),
        _ => Ok(path),
    }
}

/// What tests wrote, and the file is gone.
pub(super) fn take(path: &Path) -> Result<Vec<Early>> {
    let failed = |error: &io::Error| Error::io("read", path, error);
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    std::fs::remove_file(path).map_err(|error| failed(&error))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let early = lines.map(|line| {
        let (name, reason) = line.split_once('\t').unwrap_or(("", line));
        Early {
            name: name.trim().to_owned(),
            reason: reason.trim().chars().take(200).collect(),
        }
    });
    Ok(early.collect())
}

impl Early {
    /// What to call it.
    pub(super) fn shown(&self) -> String {
        // The main thread runs what a harness runs without threads.
        match self.name.as_str() {
            "" | "main" => format!("a test ended early and was not run: {}", self.reason),
            name => format!("`{name}` ended early and was not run: {}", self.reason),
        }
    }
}

/// Counts these tests as skipped, of those that passed.
pub(super) fn subtract(tests: &mut Tests, early: &[Early]) {
    let number = (early.len() as u64).min(tests.passed);
    tests.passed -= number;
    tests.skipped = tests.skipped.saturating_add(number);
    for test in early {
        let mut named = tests.tests.iter_mut().filter(|known| known.name == test.name);
        if let (Some(one), None) = (named.next(), named.next())
            && one.status == TestStatus::Passed
        {
            one.status = TestStatus::Skipped;
            one.message = Some(test.reason.clone());
        }
    }
}
