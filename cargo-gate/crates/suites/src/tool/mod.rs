//! `suite.tool`: adapters over tools whose output is parsed into findings.

mod adapter;
mod clippy;
mod deny;
mod packages;
mod rustfmt;
mod semver;
mod vet;

use std::path::Path;

use gate_base::error::Result;
use gate_base::process::{self, ProcessEnd, ProcessSpec};
use gate_evidence::EvidenceResult;
use gate_evidence::event::Silent;
use gate_policy::SuitePolicy;
use gate_report::Reason;
use gate_surveys::stability::Release;
use gate_world::Workspace;

use super::build::BuildReads;
use super::shared::Call;
use super::{
    Launched, SuiteContext, SuiteRun, environment, finding, launch, suite_result, tool_missing, workspace_copy,
};
use adapter::{Adapter, Reads, Reported, report_path};

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("tool.md");

/// The program behind the tool of a suite or behind the subcommand of cargo that it calls, `cargo-nextest` for one, where it is no
/// part of the toolchain or of cargo.
pub fn program(suite: &SuitePolicy) -> Option<String> {
    let Some(tool) = suite.tool.as_deref() else {
        return subcommand(&suite.command);
    };
    let adapters = [&deny::ADAPTER, &semver::ADAPTER, &vet::ADAPTER];
    let mut programs = adapters.iter().map(|adapter| adapter.program);
    programs.find(|program| *program == tool).map(str::to_owned)
}

fn subcommand(command: &[String]) -> Option<String> {
    /// Commands of cargo itself that suites call, and components of the toolchain.
    const KNOWN: &str = "b bench build c check clean clippy d doc fmt miri package r run rustc rustdoc t test tree";
    let mut words = command.iter().filter(|word| !word.starts_with('+'));
    let calls_cargo = words.next().is_some_and(|program| program == "cargo");
    let name = words.next().filter(|name| calls_cargo && !name.starts_with('-'))?;
    (!KNOWN.split(' ').any(|known| known == name)).then(|| format!("cargo-{name}"))
}

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let root = if workspace_copy::needed(cx.workspace) {
        cx.workspace.gate_dir().join("tree")
    } else {
        cx.workspace.root().to_owned()
    };
    let (adapter, mut reader): (&Adapter, Box<dyn Reads>) = match suite.tool.as_deref() {
        Some("clippy") => (&clippy::ADAPTER, Box::new(clippy::Reader::new(suite, &root))),
        Some("rustfmt") => (&rustfmt::ADAPTER, Box::new(rustfmt::Reader::new(suite, &root))),
        Some("cargo-deny") => (&deny::ADAPTER, Box::new(deny::Reader::new(suite, cx.workspace))),
        Some("cargo-semver-checks") => (
            &semver::ADAPTER,
            Box::new(
                semver::Reader::new(suite, &root, &cx.workspace.cargo().members, cx.workspace.manifests())
                    .within(place_in_repository(cx.workspace)),
            ),
        ),
        Some("cargo-vet") => (&vet::ADAPTER, Box::new(vet::Reader::new(suite, cx.workspace))),
        other => {
            let tool = other.unwrap_or_default();
            let reason = Reason::new("tool_unknown", format!("there is no adapter for the tool `{tool}`"))
                .help("set `tool` of the suite in gate.toml to one that `cargo gate explain suite.tool` lists");
            return Ok(not_run(reason, cx));
        }
    };
    let Some(version) = version(adapter, cx)? else {
        return Ok(not_run(tool_missing(adapter.program), cx));
    };
    let command = match command(suite, adapter, cx) {
        Ok(command) => command,
        Err(reason) => return Ok(not_run(reason, cx)),
    };
    // What is for this tool is not shown to people.
    let quiet = SuiteContext {
        observer: &Silent,
        ..cx.clone()
    };
    let mut not_started = None;
    let mut make = |suite: &SuitePolicy, on_line: &mut dyn FnMut(&str)| -> Result<Option<ProcessEnd>> {
        Ok(match launch(suite, &quiet, &command, !adapter.on_stderr, on_line)? {
            Launched::NotStarted(reason) => {
                not_started = Some(reason);
                None
            }
            Launched::Ended(end) => Some(end),
        })
    };
    let end = if suite.part.is_none() {
        make(suite, &mut |line| reader.line(line))?
    } else {
        let mut own = false;
        let call = cx.shared.call(&command, || {
            own = true;
            let mut lines = Vec::new();
            let end = make(suite, &mut |line| lines.push(line.to_owned()))?;
            Ok(end.map(|end| Call::new(lines, end, cx.shared, &cx.log)))
        })?;
        if let Some(call) = &call {
            call.lines.iter().for_each(|line| reader.line(line));
            if !own {
                call.write_log(cx.shared, &cx.log)?;
            }
        }
        call.map(|call| call.end.clone())
    };
    let Some(end) = end else {
        let reason = not_started.unwrap_or_else(|| tool_missing(adapter.program));
        return Ok(not_run(reason, cx));
    };
    let mut result = suite_result(&command, &end);
    result.tool_version = Some(version);
    let reported = reader.finish();
    let result_of = |reason: Reason| EvidenceResult::NotRun(reason);
    let log = "read the end of the suite's log in the run directory";
    let evidence = if end.timed_out {
        let seconds = suite.timeout.as_secs();
        result_of(Reason::new("timed_out", format!("the tool timed out after {seconds} s")).help(log))
    } else if let Some(reason) = reported.refused {
        result_of(reason)
    } else if let Some(broken) = reported.broken {
        result_of(Reason::new("output_not_understood", broken).help(log))
    } else if reported.findings.is_empty() && end.exit_code != Some(0) && !reported.explained {
        let how = end.exit_code.map_or("was killed by a signal".to_owned(), |code| {
            format!("exited with code {code}")
        });
        let message = format!("`{}` {how} without reporting anything", command.join(" "));
        EvidenceResult::Findings(vec![finding(suite, message).help(log)])
    } else {
        EvidenceResult::Findings(reported.findings)
    };
    Ok(SuiteRun {
        result: evidence,
        suite: Some(result),
        log: cx.log.clone(),
        reads: BuildReads::default(),
    })
}

/// Reads output of a supply-chain tool as its suite does and returns how many findings it holds, or why it judges
/// nothing. For tests of the parsers with any text; `None` for a tool without such an adapter.
pub fn read_output(tool: &str, output: &str) -> Option<std::result::Result<usize, String>> {
    let suite = SuitePolicy::tool(tool);
    let packages = packages::PackageLines::parse(b"");
    let mut reader: Box<dyn Reads> = match tool {
        "cargo-deny" => Box::new(deny::Reader::with(&suite, packages, Vec::new())),
        "cargo-semver-checks" => Box::new(semver::Reader::new(&suite, Path::new("/"), &[], &[])),
        "cargo-vet" => Box::new(vet::Reader::with(&suite, packages)),
        _ => return None,
    };
    output.lines().for_each(|line| reader.line(line));
    let reported = reader.finish();
    let refused = reported.refused.map(|reason| reason.message);
    Some(match reported.broken.or(refused) {
        Some(why) => Err(why),
        None => Ok(reported.findings.len()),
    })
}

fn not_run(reason: Reason, cx: &SuiteContext<'_>) -> SuiteRun {
    SuiteRun {
        result: EvidenceResult::NotRun(reason),
        suite: None,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    }
}

/// The command of a suite.
///
/// # Errors
/// Why there is no release to compare with.
fn command(suite: &SuitePolicy, adapter: &Adapter, cx: &SuiteContext<'_>) -> std::result::Result<Vec<String>, Reason> {
    if !suite.command.is_empty() {
        return Ok(suite.command.clone());
    }
    let mut command = vec!["cargo".to_owned()];
    command.extend(adapter.command.iter().map(|word| (*word).to_owned()));
    if adapter.locks && !workspace_copy::needed(cx.workspace) {
        command.push("--locked".to_owned());
    }
    if let Some(stability) = &suite.stability {
        let (_, release) = Release::of(cx.workspace, &stability.reference)?;
        command.extend(["--baseline-rev".to_owned(), release.commit]);
    }
    Ok(command)
}

/// Where the workspace lies in its repository; empty at the top, and outside of one.
fn place_in_repository(workspace: &Workspace) -> &Path {
    let top = workspace.git().map_or(workspace.root(), |git| &git.top);
    workspace.root().strip_prefix(top).unwrap_or(Path::new(""))
}

/// What the tool says its version is; `None` when it is not installed.
fn version(adapter: &Adapter, cx: &SuiteContext<'_>) -> Result<Option<String>> {
    if process::locate("cargo".as_ref(), cx.workspace.root()).is_none() {
        return Ok(None);
    }
    let mut first = None;
    let spec = ProcessSpec {
        command: adapter.version.iter().map(Into::into).collect(),
        directory: cx.workspace.root().to_owned(),
        environment: environment::changes(cx.workspace),
        timeout: Some(std::time::Duration::from_secs(60)),
        split_stdout: true,
        input: None,
    };
    // stderr only ever holds the complaint of rustup about a component that is not there.
    let end = process::run(&spec, &mut std::io::sink(), cx.cancel, &mut |line| {
        first.get_or_insert_with(|| line.to_owned());
    })?;
    if end.cancelled {
        return Err(gate_base::error::Error::new(
            gate_base::error::ErrorKind::Interrupted,
            "interrupted",
        ));
    }
    Ok(first.filter(|_| end.exit_code == Some(0)))
}

#[cfg(test)]
mod tests;
