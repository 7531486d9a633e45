//! The commands of a migration.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use gate_base::process::cancel::Cancel;
use gate_base::process::{self, ProcessSpec};
use gate_policy::MigrationPolicy;
use gate_text::secrets::mask_text;

use super::machine::Reason;

/// Name of the variable with the name of the migration.
const NAME: &str = "CARGO_GATE_MIGRATION";
/// Name of the variable with the version of the history that a command reads.
const VERSION: &str = "CARGO_GATE_MIGRATION_VERSION";
/// How much of what a command says on stderr is kept, in bytes.
const TAIL: usize = 8 * 1024;

/// Runs the commands of one migration.
#[derive(Debug)]
pub(super) struct Commands<'a> {
    pub(super) policy: &'a MigrationPolicy,
    pub(super) root: &'a Path,
    pub(super) cancel: &'a Cancel,
}

impl Commands<'_> {
    /// Runs a command to its end: a file is its stdin, and the bytes of its stdout are handed on.
    ///
    /// # Errors
    /// It cannot be started, fails, is interrupted or takes too long.
    pub(super) fn run(
        &self,
        key: &str,
        command: &[String],
        version: Option<u32>,
        input: Option<&Path>,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Reason> {
        let spec = ProcessSpec {
            command: command.iter().map(OsString::from).collect(),
            directory: self.root.to_owned(),
            environment: vec![
                (NAME.into(), Some(self.policy.name.clone().into())),
                (VERSION.into(), version.map(|version| version.to_string().into())),
            ],
            timeout: Some(self.policy.timeout),
            split_stdout: true,
            input: input.map(Path::to_owned),
        };
        let mut tail = Tail::default();
        let end = process::run_for_bytes(&spec, &mut tail, self.cancel, output)
            .map_err(|error| format!("`{key}`: {}", error.message))?;
        let problem = match (end.cancelled, end.timed_out, end.exit_code, end.signal) {
            (true, ..) => "was interrupted".to_owned(),
            (_, true, ..) => format!("took longer than {}s", self.policy.timeout.as_secs()),
            (.., Some(0), _) => return Ok(()),
            (.., Some(code), _) => format!("ended with exit code {code}"),
            (.., None, Some(signal)) => format!("was ended by signal {signal}"),
            (.., None, None) => "ended without an exit code".to_owned(),
        };
        Err(match tail.last_line() {
            Some(line) => format!("`{key}` {problem}: {line}"),
            None => format!("`{key}` {problem}"),
        })
    }

    /// As [`run`](Self::run), without a history in or out; what it prints does not matter.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) fn call(&self, key: &str, command: Option<&Vec<String>>) -> Result<(), Reason> {
        match command {
            Some(command) => self.run(key, command, None, None, &mut |_| {}),
            None => Ok(()),
        }
    }
}

/// The end of what a command says.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// The last line with something in it, without secrets.
    fn last_line(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let masked = mask_text(&text);
        let line = masked.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().take(500).collect())
    }
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if self.0.len() > 2 * TAIL {
            self.0.drain(..self.0.len() - TAIL);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
