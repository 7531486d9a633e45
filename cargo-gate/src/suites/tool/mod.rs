//! `suite.tool`: adapters over tools whose output is parsed into findings.

mod clippy;
mod rustfmt;

use std::path::Path;

use crate::engine::process::{self, ProcessSpec};
use crate::error::Result;
use crate::evidence::EvidenceResult;
use crate::policy::SuitePolicy;
use crate::report::{Finding, Reason};

use super::{Launched, SuiteContext, SuiteRun, environment, finding, launch, shadow, suite_result, tool_missing};

/// Markdown documentation of the kind.
pub const DOCS: &str = "\
## What it does

Runs a tool over the workspace and turns what it reports into findings with file, line and column. Each \
`[[suite.tool]]` of `gate.toml` is one check, `suite.tool.<name>`.

- `clippy`: `cargo clippy --workspace --all-targets`, by its JSON messages. Every diagnostic of a workspace member is a \
finding, as with `-D warnings`; which lints speak is configured in the workspace (`[lints]`, `clippy.toml`, attributes).
- `rustfmt`: `cargo fmt --all`, checking only. Every file that it would change is a finding.

A tool that is not installed is `not run`, which is not a pass; so is one that could not finish.

`args` replaces the arguments after `cargo clippy` or `cargo fmt` where the workspace needs others. What the adapter needs \
to read the output is added to them.

## Why it matters

A lint that was clean when someone looked is a status; run over the files of this commit it is evidence.

## How to fix

Follow the finding, or allow the lint where it is wrong, with the reason beside it (`#[expect(…, reason = \"…\")]`).

## Requirements

S1.36, S1.38
";

/// What an adapter knows about its tool.
struct Adapter {
    /// Arguments after `cargo`, without `--locked`.
    command: &'static [&'static str],
    /// Whether `--locked` is among what the tool understands.
    locks: bool,
    /// Command that prints its version.
    version: &'static [&'static str],
    /// Name of the program behind the subcommand.
    program: &'static str,
}

/// What a tool reported.
#[derive(Default)]
struct Reported {
    findings: Vec<Finding>,
    /// Why its report cannot be believed.
    broken: Option<String>,
}

trait Reads {
    fn line(&mut self, line: &str);
    fn finish(self: Box<Self>) -> Reported;
}

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let root = if shadow::needed(cx.workspace) {
        cx.workspace.gate_dir().join("tree")
    } else {
        cx.workspace.root().to_owned()
    };
    let (adapter, mut reader): (&Adapter, Box<dyn Reads>) = match suite.tool.as_deref() {
        Some("clippy") => (&clippy::ADAPTER, Box::new(clippy::Reader::new(suite, &root))),
        Some("rustfmt") => (&rustfmt::ADAPTER, Box::new(rustfmt::Reader::new(suite, &root))),
        other => {
            let tool = other.unwrap_or_default();
            let reason = Reason::new("tool_unknown", format!("there is no adapter for the tool `{tool}`"))
                .help("set `tool` of the suite in gate.toml to clippy or rustfmt");
            return Ok(not_run(reason, cx));
        }
    };
    let command = command(suite, adapter, cx);
    let version = version(adapter, cx)?;
    let Some(version) = version else {
        return Ok(not_run(tool_missing(adapter.program), cx));
    };
    let end = match launch(suite, cx, &command, true, &mut |line| reader.line(line))? {
        Launched::NotStarted(reason) => return Ok(not_run(reason, cx)),
        Launched::Ended(end) => end,
    };
    let mut result = suite_result(&command, &end);
    result.tool_version = Some(version);
    let reported = reader.finish();
    let result_of = |reason: Reason| EvidenceResult::NotRun(reason);
    let log = "read the end of the log of the suite in the run directory";
    let evidence = if end.timed_out {
        let seconds = suite.timeout.as_secs();
        result_of(Reason::new("timed_out", format!("the tool did not end within {seconds} s")).help(log))
    } else if let Some(broken) = reported.broken {
        result_of(Reason::new("output_not_understood", broken).help(log))
    } else if reported.findings.is_empty() && end.exit_code != Some(0) {
        let how = end
            .exit_code
            .map_or("by a signal".to_owned(), |code| format!("with exit code {code}"));
        let message = format!("`{}` ended {how} and reported nothing", command.join(" "));
        EvidenceResult::Findings(vec![finding(suite, message).help(log)])
    } else {
        EvidenceResult::Findings(reported.findings)
    };
    Ok(SuiteRun {
        result: evidence,
        suite: Some(result),
        log: cx.log.clone(),
    })
}

fn not_run(reason: Reason, cx: &SuiteContext<'_>) -> SuiteRun {
    SuiteRun {
        result: EvidenceResult::NotRun(reason),
        suite: None,
        log: cx.log.clone(),
    }
}

fn command(suite: &SuitePolicy, adapter: &Adapter, cx: &SuiteContext<'_>) -> Vec<String> {
    if !suite.command.is_empty() {
        return suite.command.clone();
    }
    let mut command = vec!["cargo".to_owned()];
    command.extend(adapter.command.iter().map(|word| (*word).to_owned()));
    if adapter.locks && !shadow::needed(cx.workspace) {
        command.push("--locked".to_owned());
    }
    command
}

/// What the tool says its version is; `None` when it is not installed.
fn version(adapter: &Adapter, cx: &SuiteContext<'_>) -> Result<Option<String>> {
    if process::locate("cargo".as_ref(), cx.workspace.root()).is_none() {
        return Ok(None);
    }
    let mut first = None;
    let log = cx.log.with_extension("version");
    create_parent(&log)?;
    let spec = ProcessSpec {
        command: adapter.version.iter().map(Into::into).collect(),
        directory: cx.workspace.root().to_owned(),
        environment: environment::changes(cx.workspace),
        timeout: Some(std::time::Duration::from_secs(60)),
        log: log.clone(),
        split_stdout: true,
        input: None,
    };
    let end = process::run(&spec, cx.cancel, &mut |line| {
        first.get_or_insert_with(|| line.to_owned());
    });
    // It only ever holds the complaint of rustup about a component that is not there.
    drop(std::fs::remove_file(&log));
    let end = end?;
    if end.cancelled {
        return Err(crate::error::Error::new(
            crate::error::ErrorKind::Interrupted,
            "interrupted",
        ));
    }
    Ok(first.filter(|_| end.exit_code == Some(0)))
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent).map_err(|error| crate::error::Error::io("create", parent, &error))
}

/// A path of a tool as reports write it: relative to the root where it lies below it, `/` between components.
fn report_path(path: &str, root: &Path) -> String {
    let path = Path::new(path);
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests;
