//! Calls of tools that answer several questions at once: made once in an evaluation, read by each suite that asks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use gate_base::error::{Error, Result};
use gate_base::process::ProcessEnd;

use super::build::Build;
use super::redaction::Taken;

/// What the suites of an evaluation share.
#[derive(Debug, Default)]
pub struct Shared {
    /// Calls made so far, by their command line.
    calls: Mutex<BTreeMap<Vec<String>, Arc<Call>>>,
    /// What was taken out of logs.
    taken: Mutex<BTreeMap<PathBuf, Taken>>,
    /// Where commands built so far.
    builds: Mutex<Vec<Build>>,
    /// Compilers that commands name, where they are not the one that is judged.
    compilers: Mutex<BTreeMap<Vec<String>, String>>,
}

/// A call that came to an end.
#[derive(Debug)]
pub(super) struct Call {
    /// What the reader was given, line by line.
    pub(super) lines: Vec<String>,
    /// How it ended.
    pub(super) end: ProcessEnd,
    log: Vec<u8>,
    taken: Taken,
}

impl Call {
    /// A call with the log that it wrote.
    pub(super) fn new(lines: Vec<String>, end: ProcessEnd, shared: &Shared, log: &Path) -> Self {
        Self {
            lines,
            end,
            log: std::fs::read(log).unwrap_or_default(),
            taken: shared.taken_from(log),
        }
    }

    /// Leaves the same output in the log of another suite.
    pub(super) fn write_log(&self, shared: &Shared, log: &Path) -> Result<()> {
        shared.took(log, self.taken.clone());
        if let Some(parent) = log.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
        }
        std::fs::write(log, &self.log).map_err(|error| Error::io("write", log, &error))
    }
}

impl Shared {
    /// The call with this command line, made by `make` where nobody did before. `None` from it is a call that was not
    /// made, which the next one tries again. Suites that ask at the same time wait for each other.
    ///
    /// # Errors
    /// Those of `make`.
    pub(super) fn call(
        &self,
        command: &[String],
        make: impl FnOnce() -> Result<Option<Call>>,
    ) -> Result<Option<Arc<Call>>> {
        // A suite that panicked leaves the map as it was.
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(call) = calls.get(command) {
            return Ok(Some(Arc::clone(call)));
        }
        let Some(call) = make()?.map(Arc::new) else {
            return Ok(None);
        };
        calls.insert(command.to_vec(), Arc::clone(&call));
        Ok(Some(call))
    }

    /// Remembers that a command names a compiler of its own.
    pub(super) fn named_compiler(&self, command: &[String], rustc: String) {
        let mut compilers = self.compilers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        compilers.insert(command.to_vec(), rustc);
    }

    /// The compiler that a command names, where it is not the one that is judged.
    pub(super) fn compiler_of(&self, command: &[String]) -> Option<String> {
        let compilers = self.compilers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        compilers.get(command).cloned()
    }

    /// Remembers what was taken out of a log.
    pub(super) fn took(&self, log: &Path, taken: Taken) {
        let mut all = self.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.entry(log.to_owned()).or_default().add(taken);
    }

    /// What was taken out of a log.
    pub(super) fn taken_from(&self, log: &Path) -> Taken {
        let all = self.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.get(log).cloned().unwrap_or_default()
    }

    /// Remembers where a command builds.
    pub(super) fn built(&self, build: Build) {
        let mut builds = self.builds.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !builds.contains(&build) {
            builds.push(build);
        }
    }

    /// Where commands built so far.
    pub(super) fn builds(&self) -> Vec<Build> {
        self.builds
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}
