//! `cargo gate kernels rollback`.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::open::Opened;
use crate::cli::progress::Progress;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_engine::evaluate::Request;
use gate_engine::plan::SuiteMode;
use gate_engine::verdict;
use gate_evidence::event::Tee;
use gate_evidence::history::History;
use gate_evidence::lock::{self, Lock};
use gate_gpu::kernels::locked_crates;
use gate_gpu::kernels::sets::{self, KernelSet, Present, Restored, restore};
use gate_policy::SuitePolicy;
use gate_policy::authority::Approvers;
use gate_report::{Outcome, Report};
use gate_surveys::Surveys;
use gate_world::{Options, Workspace};

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// Fingerprint of a kernel set or a prefix of it, or `last` for the newest different set [default: list the sets]
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) to: Option<String>,
    /// Rehearse in a copy and run the conformance suites there, without changing the work tree
    #[arg(long, requires = "to")]
    pub(crate) drill: bool,
    /// Time limit of the rollback in seconds, without suites
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) within: u64,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What was done, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    fingerprint: &'a str,
    run_id: &'a str,
    drill: bool,
    /// Whether the files were written, the locks hold, and in a drill all suites passed in time.
    ok: bool,
    /// Milliseconds from the first file to locks that hold.
    duration_ms: u64,
    #[serde(flatten)]
    restored: &'a Restored,
    /// What went wrong.
    problems: &'a [String],
}

pub(super) fn run(arguments: &RollbackArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let gate_dir = lock::prepare(workspace.target_dir())?;
    let _lock = Lock::acquire(&gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let (sets, damaged) = sets::all(&gate_dir);
    for name in damaged {
        let message = format!("ignored damaged kernel set `{name}`");
        conversation.printer.warning(&message, None);
    }
    let present = Present::read(&workspace).map_err(|error| Error::io("read", workspace.root(), &error))?;
    let present = present.unwrap_or_default();
    let now = present.fingerprint();
    let Some(wanted) = &arguments.to else {
        let text = match arguments.message_format {
            DataFormat::Json => crate::cli::json(&crate::cli::named("sets", &sets))?,
            DataFormat::Human => list(&sets, &now),
        };
        conversation.printer.data(&text)?;
        return Ok(exit::READY);
    };
    let history = History::load(&gate_dir);
    let set = choose(&sets, wanted, &now)?;
    trusted_run(set, &history, &workspace)?;
    let contents = set.contents(&gate_dir)?;
    let changed: Vec<&str> = contents
        .files
        .iter()
        .chain(&present.files)
        .map(|(file, _)| file.path.as_str())
        .collect();
    let dirty = workspace.git().into_iter().flat_map(|git| &git.dirty);
    let unsaved = dirty
        .map(|dirty| dirty.path.as_str())
        .find(|path| changed.contains(path));
    if let Some(path) = unsaved.filter(|_| !arguments.drill) {
        return Err(Error::usage(format!("`{path}` has uncommitted changes"))
            .with_help("commit or stash them, then roll back again; nothing was written"));
    }

    let mut problems = Vec::new();
    let began;
    let restored;
    let duration;
    if arguments.drill {
        // Outside of the repository: git, which lists the files, would see nothing below an ignored directory.
        let temporary = tempfile::Builder::new().prefix("gate-rollback-").tempdir();
        let temporary = temporary.map_err(|error| Error::io("create", std::env::temp_dir(), &error))?;
        let tree = temporary.path().join("tree");
        copy_workspace(&workspace, &tree)?;
        began = Instant::now();
        restored = restore(&contents, &present, &tree)?;
        let copy = Workspace::open(Options {
            cwd: tree.clone(),
            manifest_path: None,
            target_dir: Some(gate_dir.join("rollback")),
            offline: conversation.global.offline || conversation.global.frozen,
            environment: conversation.environment.clone(),
        })?;
        problems.extend(problems_after(&copy, set));
        duration = began.elapsed();
        if problems.is_empty() {
            problems.extend(outputs(copy.into(), &workspace, conversation)?);
        }
    } else {
        began = Instant::now();
        restored = restore(&contents, &present, workspace.root())?;
        problems.extend(problems_after(&conversation.workspace()?.workspace, set));
        duration = began.elapsed();
    }
    if duration > Duration::from_secs(arguments.within) {
        problems.push(format!(
            "it took {:.1} s, and the limit is {} s",
            duration.as_secs_f64(),
            arguments.within
        ));
    }
    let answer = Answer {
        fingerprint: &set.fingerprint,
        run_id: &set.run_id,
        drill: arguments.drill,
        ok: problems.is_empty(),
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        restored: &restored,
        problems: &problems,
    };
    match arguments.message_format {
        DataFormat::Json => conversation.printer.data(&crate::cli::json(&answer)?)?,
        DataFormat::Human => print_answer(&answer, conversation),
    }
    Ok(if problems.is_empty() {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

fn print_answer(answer: &Answer<'_>, conversation: &Conversation<'_>) {
    let Restored { written, removed } = answer.restored;
    for problem in answer.problems {
        conversation.printer.warning(problem, None);
    }
    let verb = match (answer.ok, answer.drill) {
        (true, true) => "Rehearsed",
        (true, false) => "Restored",
        (false, _) => "Failed",
    };
    let message = format!(
        "kernel set {} of run {}: {} written, {} removed, {} ms",
        &answer.fingerprint[..12],
        answer.run_id,
        written.len(),
        removed.len(),
        answer.duration_ms
    );
    conversation.printer.status(verb, &message);
}

fn list(sets: &[KernelSet], now: &str) -> String {
    let line = |set: &KernelSet| {
        let here = if set.fingerprint == now { "  (present)" } else { "" };
        format!("{}  {}  {}{here}\n", &set.fingerprint[..12], set.run_id, set.stage)
    };
    if sets.is_empty() {
        return "no READY run has a kernel lock\n".to_owned();
    }
    sets.iter().rev().map(line).collect()
}

/// The set with this fingerprint or the beginning of it; `last` is the newest that is not the present one.
fn choose<'a>(sets: &'a [KernelSet], wanted: &str, now: &str) -> Result<&'a KernelSet> {
    let help = "`cargo gate kernels rollback` lists the kernel sets";
    if wanted == "last" {
        let last = sets.iter().rev().find(|set| set.fingerprint != now);
        return last.ok_or_else(|| Error::usage("no READY run has kernels other than these").with_help(help));
    }
    let mut found = sets.iter().filter(|set| set.fingerprint.starts_with(wanted));
    match (found.next(), found.next()) {
        (Some(set), None) if wanted.len() >= 8 => Ok(set),
        (Some(_), _) => Err(Error::usage(format!("the fingerprint prefix `{wanted}` is too short"))
            .with_help("write at least 8 characters, and enough to make it unique")),
        (None, _) => Err(Error::usage(format!("no READY run has a kernel set `{wanted}`")).with_help(help)),
    }
}

/// The run of a set was ready, is what it was, and was ready with this set.
fn trusted_run(set: &KernelSet, history: &History, workspace: &Workspace) -> Result<()> {
    let refused = |what: String| {
        Error::usage(format!(
            "kernel set {} cannot be trusted: {what}",
            &set.fingerprint[..12]
        ))
        .with_help("`cargo gate verify` shows what is wrong")
    };
    let entry = history
        .entries
        .iter()
        .find(|entry| entry.run_id == set.run_id)
        .ok_or_else(|| refused(format!("the history has no run {}", set.run_id)))?;
    history
        .verified_entry(entry, &Approvers::default())
        .map_err(|problem| refused(format!("run {} does not verify: {problem}", entry.run_id)))?;
    if !entry.decision.is_ready() {
        return Err(refused(format!("run {} was not ready", entry.run_id)));
    }
    let path = workspace
        .gate_dir()
        .join("runs")
        .join(&entry.run_id)
        .join("report.json");
    let json = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    let report: Report = serde_json::from_slice(&json)
        .map_err(|error| Error::tool(format!("cannot read the report of run {}: {error}", entry.run_id)))?;
    if report.subject.kernels.as_deref() != Some(set.fingerprint.as_str()) {
        return Err(refused(format!("run {} judged different kernels", entry.run_id)));
    }
    Ok(())
}

/// What is wrong with the kernels of a workspace after a restoration.
fn problems_after(workspace: &Workspace, set: &KernelSet) -> Vec<String> {
    let mut problems: Vec<String> = locked_crates(workspace)
        .iter()
        .flat_map(|found| &found.problems)
        .map(|problem| format!("`{}`: {}", problem.file, problem.message))
        .collect();
    match sets::present_fingerprint(workspace) {
        Some(now) if now == set.fingerprint => {}
        Some(now) => problems.push(format!(
            "the restored kernels are set {}, not the requested one",
            &now[..12]
        )),
        None => problems.push("no kernel lock after the rollback".to_owned()),
    }
    problems
}

/// Copies the files of the workspace.
fn copy_workspace(workspace: &Workspace, tree: &std::path::Path) -> Result<()> {
    for file in workspace.files().iter().filter(|file| file.digest.is_some()) {
        let (from, to) = (workspace.root().join(&file.native), tree.join(&file.native));
        let parent = to.parent().unwrap_or(tree);
        std::fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
        std::fs::copy(&from, &to).map_err(|error| Error::io("copy", &from, &error))?;
    }
    Ok(())
}

/// Runs the suites of the conformance matrix in the copy: their tests are what says whether the outputs are right.
fn outputs(copy: Surveys, workspace: &Surveys, conversation: &Conversation<'_>) -> Result<Vec<String>> {
    let policy = conversation.policy(workspace)?;
    let names: Vec<&str> = policy
        .conformance
        .iter()
        .flat_map(|matrix| &matrix.rows)
        .map(|row| row.suite.as_str())
        .collect();
    let wanted = |suite: &&SuitePolicy| suite.required && names.contains(&suite.name.as_str());
    let suites: Vec<SuitePolicy> = policy.suites.iter().filter(wanted).cloned().collect();
    if suites.is_empty() {
        return Ok(vec![
            "no required suite of a conformance matrix checks the outputs".to_owned(),
        ]);
    }
    let history = History::load(&copy.gate_dir());
    copy.create_gate_dir()?;
    let opened = Opened::new(copy, policy, history);
    let request = Request {
        stage: Stage::Broad,
        strict: false,
        keep_going: true,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: true,
        suites: SuiteMode::WithoutEvidence,
        now: Timestamp::now(),
        began: conversation.began,
        run_id: String::new(),
    };
    let progress = Progress::new(conversation.printer);
    let results = opened
        .surroundings()
        .run_suites(suites, &request, &Tee(&[&progress]), conversation.cancel)?;
    let failed = results.iter().filter_map(|evidence| {
        let outcome = verdict::outcome_at(&evidence.result, Stage::Broad, false);
        let word = match outcome {
            Outcome::Pass | Outcome::Warn => return None,
            Outcome::Fail => "fails",
            _ => "has no result",
        };
        Some(format!("`{}` {word} with the restored kernels", evidence.check))
    });
    Ok(failed.collect())
}
