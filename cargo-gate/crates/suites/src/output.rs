//! Reads the output of a test command line by line: tests, and what else can explain a failure.

use std::collections::BTreeMap;

use gate_policy::SuiteFormat;

use gate_evidence::event::TestCount;

use super::counter::Counter;
use super::libtest::Libtest;
use super::lost::Lost;
use super::nextest::Nextest;
use super::outcome::Tests;
use super::panics::{Panic, Panics, Place, parse_place};

/// Reads lines as they come, for the declared format.
#[derive(Debug)]
pub struct Reader {
    format: SuiteFormat,
    libtest: Libtest,
    nextest: Nextest,
    counter: Counter,
    errors: Errors,
    panics: Panics,
    lost: Lost,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Output {
    /// Tests and counts.
    pub tests: Tests,
    /// The first error of cargo or the compiler.
    pub error: Option<ToolError>,
    /// The cargo subcommand or component that is not installed, if the output says so.
    pub missing: Option<String>,
    /// The first panic in the thread of each test, by name; `None` where tests of one name panicked in different places.
    pub panics: BTreeMap<String, Option<Panic>>,
    /// The first line that only a failure writes.
    pub failure: Option<String>,
    /// The test binaries that cargo said it runs, as it wrote their paths: absolute, or from where it was started.
    pub programs: Vec<String>,
}

/// An error as cargo and rustc print it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolError {
    /// The line after `error: `, with the code if there is one: `[E0308] mismatched types`.
    pub message: String,
    /// Path, line and column of ` --> path:line:column`.
    pub place: Option<Place>,
}

impl Reader {
    /// A reader for this format.
    pub fn new(format: SuiteFormat) -> Self {
        Self {
            format,
            libtest: Libtest::default(),
            nextest: Nextest::default(),
            counter: Counter::default(),
            errors: Errors::default(),
            panics: Panics::default(),
            lost: Lost::default(),
        }
    }

    /// Takes one line without its end; escape sequences are ignored. Returns how far the tests are, if the line says so.
    pub fn line(&mut self, line: &str) -> Option<TestCount> {
        let plain;
        let line = if line.contains('\u{1b}') {
            plain = anstream::adapter::strip_str(line).to_string();
            &plain
        } else {
            line
        };
        self.errors.line(line);
        self.panics.line(line);
        self.lost.line(line);
        match self.format {
            SuiteFormat::Libtest => self.libtest.line(line),
            SuiteFormat::Nextest => {
                self.nextest.line(line);
            }
            // What wraps a runner shows its output.
            SuiteFormat::Auto | SuiteFormat::ExitCode => {
                // A script may run one after the other; what nextest repeats of a failed test is indented.
                if line.starts_with("     Running ")
                    || line.starts_with("   Doc-tests ")
                    || line.starts_with("running ")
                {
                    self.nextest.leave();
                }
                if !self.nextest.line(line) {
                    self.libtest.line(line);
                }
            }
        }
        (self.format != SuiteFormat::ExitCode)
            .then(|| self.counter.line(line))
            .flatten()
    }

    /// Everything that was read; tests sorted by binary and name.
    pub fn finish(mut self) -> Output {
        let programs = self.libtest.take_programs();
        let mut tests = self.libtest.finish().merged(self.nextest.finish());
        tests
            .tests
            .sort_by(|a, b| (&a.binary, &a.name, a.status).cmp(&(&b.binary, &b.name, b.status)));
        Output {
            tests,
            programs,
            missing: self.errors.missing,
            panics: self.panics.finish(),
            failure: self.lost.finish(),
            error: self.errors.placed.or(self.errors.first),
        }
    }
}

#[derive(Debug, Default)]
struct Errors {
    first: Option<ToolError>,
    /// The first one that says where.
    placed: Option<ToolError>,
    /// The latest error, until its place can no longer follow.
    latest: Option<(ToolError, u8)>,
    missing: Option<String>,
}

impl Errors {
    fn line(&mut self, line: &str) {
        if let Some(message) = error_message(line) {
            if let Some(missing) = missing_tool(&message) {
                self.missing.get_or_insert(missing);
            }
            let error = ToolError { message, place: None };
            self.first.get_or_insert_with(|| error.clone());
            self.latest = Some((error, 2));
        } else if let Some((mut error, patience)) = self.latest.take() {
            if let Some(place) = line.trim_start().strip_prefix("--> ").and_then(parse_place) {
                error.place = Some(place);
                self.placed.get_or_insert(error);
            } else if patience > 0 {
                self.latest = Some((error, patience - 1));
            }
        }
    }
}

/// The first error of cargo or the compiler in this output.
pub(super) fn first_error(output: &[u8]) -> Option<ToolError> {
    let mut errors = Errors::default();
    for line in String::from_utf8_lossy(output).lines() {
        errors.line(&anstream::adapter::strip_str(line).to_string());
    }
    errors.placed.or(errors.first)
}

fn error_message(line: &str) -> Option<String> {
    let rest = line.strip_prefix("error")?;
    if let Some(message) = rest.strip_prefix(": ") {
        return Some(message.to_owned());
    }
    let (code, message) = rest.strip_prefix('[')?.split_once("]: ")?;
    Some(format!("[{code}] {message}"))
}

/// ``no such command: `nextest` `` (cargo), `'cargo-clippy' is not installed for the toolchain '…'` (rustup).
fn missing_tool(message: &str) -> Option<String> {
    if let Some(command) = message.strip_prefix("no such command: `") {
        return Some(format!("cargo-{}", command.split('`').next()?));
    }
    let (tool, rest) = message.strip_prefix('\'')?.split_once('\'')?;
    rest.starts_with(" is not installed for the").then(|| tool.to_owned())
}
