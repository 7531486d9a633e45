//! One run of a suite's command, with what it left of its output.

use super::build::Build;
use super::log::SuiteLog;
use super::requires::unmet;
use super::suite::{SuiteContext, check_id};
use super::{compiler, environment, workspace_copy};
use gate_base::error::{Error, ErrorKind, Result};
use gate_base::process::{self, ProcessEnd, ProcessSpec, usage};
use gate_evidence::event::Event;
use gate_policy::SuitePolicy;
use gate_report::Reason;
use gate_text::secrets::LineMasker;
use gate_world::Workspace;
use gate_world::cargo::Resolution;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// A command of a suite, as far as it came.
pub(super) enum Launched {
    /// It could not be started, and why.
    NotStarted(Reason),
    /// It ended.
    Ended(ProcessEnd),
}

/// A command and where it runs.
pub(super) struct Launch<'a> {
    pub(super) command: &'a [String],
    /// Whether stdout is kept apart from stderr: then the log receives stderr only.
    pub(super) split_stdout: bool,
    /// Files in which it runs; `None` for those of the workspace.
    pub(super) root: Option<&'a Path>,
    /// Variables to set or remove, beside those of every suite.
    pub(super) environment: Vec<(OsString, Option<OsString>)>,
    /// File for a report of what the command used.
    pub(super) usage: Option<&'a Path>,
}

/// Starts a command where the suite belongs and waits for its end.
pub(super) fn launch(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    command: &[String],
    split_stdout: bool,
    on_line: &mut dyn FnMut(&str),
) -> Result<Launched> {
    let launch = Launch {
        command,
        split_stdout,
        root: None,
        environment: Vec::new(),
        usage: None,
    };
    launch_logged(suite, cx, &launch, on_line)
}

/// The same with files and variables of its own.
pub(super) fn launch_logged(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    launch: &Launch<'_>,
    on_line: &mut dyn FnMut(&str),
) -> Result<Launched> {
    let mut log = SuiteLog::create(&cx.log, cx.workspace)?;
    let launched = launch_with(suite, cx, launch, &mut log, on_line);
    if let Ok(Launched::Ended(_)) = launched {
        let taken = log.finish().map_err(|error| Error::io("write", &cx.log, &error))?;
        cx.shared.took(&cx.log, taken);
    } else {
        // There is nothing to read in it. What cannot be removed is removed with the other files of runs that ended early.
        drop(log);
        let _ = std::fs::remove_file(&cx.log);
    }
    launched
}

/// The same with files, variables and a log of its own.
pub(super) fn launch_with(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    launch: &Launch<'_>,
    log: &mut dyn Write,
    on_line: &mut dyn FnMut(&str),
) -> Result<Launched> {
    let spec = match prepared(suite, cx, launch)? {
        Ok(spec) => spec,
        Err(reason) => return Ok(Launched::NotStarted(reason)),
    };
    let spec = match launch.usage {
        Some(report) => usage::measured(spec, report),
        None => spec,
    };
    let id = check_id(suite);
    let mut masker = LineMasker::default();
    ended(process::run(&spec, log, cx.cancel, &mut |line| {
        if !spec.split_stdout {
            let line = &masker.line(line);
            cx.observer.event(&Event::Output { id: &id, line });
        }
        on_line(line);
    })?)
}

/// As [`launch_with`], and keeps the bytes of standard output, at most so many and one more.
pub(super) fn launch_for_bytes(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    launch: &Launch<'_>,
    log: &mut dyn Write,
    most: usize,
) -> Result<(Launched, Vec<u8>)> {
    let mut stdout = Vec::new();
    let spec = match prepared(suite, cx, launch)? {
        Ok(spec) => spec,
        Err(reason) => return Ok((Launched::NotStarted(reason), stdout)),
    };
    let end = process::run_for_bytes(&spec, log, cx.cancel, &mut |bytes| {
        let room = (most + 1).saturating_sub(stdout.len());
        stdout.extend_from_slice(&bytes[..bytes.len().min(room)]);
    })?;
    Ok((ended(end)?, stdout))
}

fn ended(end: ProcessEnd) -> Result<Launched> {
    if end.cancelled {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
    }
    Ok(Launched::Ended(end))
}

/// What to start, after everything that can keep a command from starting. The inner reason says what did.
pub(super) fn prepared(
    suite: &SuitePolicy,
    cx: &SuiteContext<'_>,
    launch: &Launch<'_>,
) -> Result<std::result::Result<ProcessSpec, Reason>> {
    let Launch {
        command, split_stdout, ..
    } = *launch;
    let workspace = cx.workspace;
    let not_started = |reason| Ok(Err(reason));
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
    match compiler::settle(workspace, command, &directory, &mut environment) {
        Ok(None) => {}
        Ok(Some(rustc)) => cx.shared.named_compiler(command, rustc),
        Err(reason) => return not_started(reason),
    }
    let build = Build::of(workspace, &root, &directory, command, &environment);
    build.forget_stale()?;
    cx.shared.built(build);
    Ok(Ok(ProcessSpec {
        command: command.iter().map(OsString::from).collect(),
        directory,
        environment,
        timeout: Some(suite.timeout),
        split_stdout,
        input: None,
    }))
}

/// A lockfile that is kept and contradicts the manifests would be rewritten by any cargo command without `--locked`.
pub(super) fn lockfile_at_risk(workspace: &Workspace) -> Option<Reason> {
    let stale = matches!(workspace.resolution(), Resolution::Stale(_) | Resolution::Unreadable(_));
    (stale && !workspace_copy::needed(workspace)).then(|| {
        Reason::new(
            "blocked_by",
            "Cargo.lock does not match the manifests, and running the suite could change it (lockfile.fresh)",
        )
        .help("cargo update --workspace")
    })
}

pub(super) fn tool_missing(program: &str) -> Reason {
    let reason = Reason::new("tool_missing", format!("`{program}` is not installed"));
    match program {
        "cargo-nextest" => reason.help("cargo install --locked cargo-nextest"),
        "cargo-deny" | "cargo-semver-checks" | "cargo-vet" => reason.help(format!("cargo install --locked {program}")),
        "cargo-clippy" | "clippy-driver" => reason.help("rustup component add clippy"),
        "cargo-fmt" | "rustfmt" => reason.help("rustup component add rustfmt"),
        _ => reason.help(format!("install `{program}`, or put its directory on PATH")),
    }
}
