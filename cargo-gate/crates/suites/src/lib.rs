//! Suites: bodies of evidence that a process produces. One file per kind; the engine decides whether one runs.

pub mod bench;
mod catalogue;
mod counter;
mod default;
mod environment;
pub mod interference;
mod launch;
pub mod libtest;
pub mod nextest;
mod outcome;
pub mod output;
pub mod panics;
mod paths;
pub mod reach;
pub mod redaction;
mod requires;
mod shared;
pub mod slo;
mod suite;
mod test;
pub mod tool;
mod workspace_copy;

use globset::GlobMatcher;

use gate_base::error::{Error, Result};
use gate_policy::{SuiteKind, SuitePolicy};

pub use bench::DOCS as BENCH_DOCS;
pub use catalogue::{DEFAULT_ID, InputFilter, KINDS, KindInfo, VERSION, group, of_policy, summary};
pub use default::default_suite;
pub use environment::environment_inputs;
use launch::{Launch, Launched, launch, launch_with, tool_missing};
pub use outcome::Tests;
pub use requires::unmet;
pub use shared::Shared;
pub use slo::DOCS as SLO_DOCS;
pub use suite::{SuiteContext, SuiteRun, check_id};
use suite::{finding, suite_result};
pub use test::DOCS as TEST_DOCS;
pub use tool::DOCS as TOOL_DOCS;

/// Runs a suite.
///
/// # Errors
/// Interrupted by the user; the log cannot be written; a process cannot be waited for.
pub fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let run = match suite.kind {
        SuiteKind::Bench => bench::run(suite, cx),
        SuiteKind::Slo => slo::run(suite, cx),
        SuiteKind::Test => test::run(suite, cx),
        SuiteKind::Tool => tool::run(suite, cx),
    }?;
    paths::hide(run, cx.workspace, suite.location.as_ref())
}

/// The suites whose name or check id matches a glob, in the order of the policy.
///
/// # Errors
/// The glob is malformed, or matches no suite (usage).
pub fn select<'a>(suites: &'a [SuitePolicy], pattern: &str) -> Result<Vec<&'a SuitePolicy>> {
    let glob: GlobMatcher = globset::Glob::new(pattern)
        .map_err(|error| malformed(&error))?
        .compile_matcher();
    let selected: Vec<_> = suites
        .iter()
        .filter(|suite| glob.is_match(&suite.name) || glob.is_match(check_id(suite)))
        .collect();
    if selected.is_empty() {
        let names: Vec<_> = suites.iter().map(|suite| suite.name.as_str()).collect();
        return Err(Error::usage(format!("no suite matches `{pattern}`"))
            .with_help(format!("choose one of the declared suites: {}", names.join(", "))));
    }
    Ok(selected)
}

fn malformed(error: &globset::Error) -> Error {
    Error::usage(format!("malformed glob: {error}"))
}

<<<<<<< HEAD
/// A command of a suite, as far as it came.
enum Launched {
    /// It could not be started, and why.
    NotStarted(Reason),
    /// It ended.
    Ended(ProcessEnd),
}

/// A command and where it runs.
struct Launch<'a> {
    command: &'a [String],
    /// Whether stdout is kept apart from stderr: then `log` receives stderr only.
    split_stdout: bool,
    log: &'a Path,
    /// Files in which it runs; `None` for those of the workspace.
    root: Option<&'a Path>,
    /// Variables to set or remove, beside those of every suite.
    environment: Vec<(OsString, Option<OsString>)>,
}

/// Starts a command where the suite belongs and waits for its end.
fn launch(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    command: &[String],
    split_stdout: bool,
    on_line: &mut dyn FnMut(&str),
) -> Result<Launched> {
    let launch = Launch {
        command,
        split_stdout,
        log: &cx.log,
        root: None,
        environment: Vec::new(),
    };
    launch_with(suite, cx, &launch, on_line)
}

/// The same with files, log and variables of its own.
fn launch_with(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    launch: &Launch<'_>,
    on_line: &mut dyn FnMut(&str),
) -> Result<Launched> {
    let Launch {
        command,
        split_stdout,
        log,
        ..
    } = *launch;
    let workspace = cx.workspace;
    let not_started = |reason| Ok(Launched::NotStarted(reason));
    if let Some(reason) = unmet(suite, workspace) {
        return not_started(reason);
    }
    if let Some(reason) = lockfile_at_risk(workspace) {
        return not_started(reason);
    }
    let mut environment = environment::changes(workspace);
    let root = if let Some(root) = launch.root {
        root.to_owned()
    } else if workspace_copy::needed(workspace) {
        let tree = match workspace_copy::prepare(workspace)? {
            Ok(tree) => tree,
            Err(reason) => return not_started(reason),
        };
        environment.push(("CARGO_TARGET_DIR".into(), Some(tree.target.into_os_string())));
        tree.root
    } else {
        workspace.root().to_owned()
    };
    environment.extend(launch.environment.iter().cloned());
    let directory = suite
        .directory
        .as_ref()
        .map_or_else(|| root.clone(), |directory| root.join(directory));
    if !directory.is_dir() {
        let directory = suite.directory.as_deref().unwrap_or_default();
        return not_started(
            Reason::new(
                "suite_missing",
                format!("the directory `{directory}` of the suite does not exist"),
            )
            .help("correct `directory` of the suite in gate.toml"),
        );
    }
    let Some(program) = command.first() else {
        return not_started(Reason::new("suite_missing", "the suite has no command"));
    };
    if process::locate(program.as_ref(), &directory).is_none() {
        return not_started(tool_missing(program));
    }
    let spec = ProcessSpec {
        command: command.iter().map(OsString::from).collect(),
        directory,
        environment,
        timeout: Some(suite.timeout),
        log: log.to_owned(),
        split_stdout,
        input: None,
    };
    if let Some(parent) = log.parent() {
        std::fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
    }
    let id = check_id(suite);
    let end = process::run(&spec, cx.cancel, &mut |line| {
        if !split_stdout {
            let line = &mask_text(line);
            cx.observer.event(&Event::Output { id: &id, line });
        }
        on_line(line);
    })?;
    if end.cancelled {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
    }
    Ok(Launched::Ended(end))
}

/// A lockfile that is kept and contradicts the manifests would be rewritten by any cargo command without `--locked`.
fn lockfile_at_risk(workspace: &Workspace) -> Option<Reason> {
    let stale = matches!(workspace.resolution(), Resolution::Stale(_) | Resolution::Unreadable(_));
    (stale && !workspace_copy::needed(workspace)).then(|| {
        Reason::new(
            "blocked_by",
            "Cargo.lock does not match the manifests, and running the suite could change it (lockfile.fresh)",
        )
        .help("cargo update --workspace")
    })
}

fn tool_missing(program: &str) -> Reason {
    let reason = Reason::new("tool_missing", format!("`{program}` is not installed"));
    match program {
        "cargo-nextest" => reason.help("cargo install --locked cargo-nextest"),
        "cargo-deny" | "cargo-semver-checks" | "cargo-vet" => reason.help(format!("cargo install --locked {program}")),
        "cargo-clippy" | "clippy-driver" => reason.help("rustup component add clippy"),
        "cargo-fmt" | "rustfmt" => reason.help("rustup component add rustfmt"),
        _ => reason.help(format!("install `{program}`, or put its directory on PATH")),
    }
}

/// A finding that blocks from the stage of the suite on where the suite is required, and is advice otherwise.
fn finding(suite: &SuitePolicy, message: impl Into<String>) -> Finding {
    let finding = if suite.required {
        Finding::blocking(suite.stage, message)
    } else {
        Finding::advice(message)
    };
    finding.because(suite.location.clone())
}

/// What a command did, before its output is counted.
fn suite_result(command: &[String], end: &ProcessEnd) -> SuiteResult {
    SuiteResult {
        command: command.to_vec(),
        exit_code: end.exit_code,
        signal: end.signal,
        timed_out: end.timed_out,
        passed: 0,
        failed: 0,
        skipped: 0,
        tests: Vec::new(),
        measurements: Vec::new(),
        duration_ms: u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
        tool_version: None,
    }
}

=======
>>>>>>> main
#[cfg(test)]
mod tests;
