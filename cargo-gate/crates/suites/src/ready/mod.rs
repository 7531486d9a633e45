//! `suite.ready`: the directory of a training run, judged from its bytes with the workspace that ships its model.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use gate_base::error::Result;
use gate_evidence::EvidenceResult;
use gate_policy::{ReadyPolicy, SuitePolicy};
use gate_ready::{Options, Report, Status};
use gate_report::{Finding, Reason, SuiteResult};

use super::build::{BuildReads, changed, now};
use super::suite::{NO_PROCESS, without_proof};
use super::{SuiteContext, SuiteRun, finding, suite_result};

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("ready.md");

/// How much older than the beginning the times of files must be to prove that nothing was written since: file systems count in ticks.
/// Waiting for that long keeps what was written just before the suite from looking like a change under it.
const SETTLING: Duration = Duration::from_millis(60);

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let run = |result, suite, reads| SuiteRun {
        result,
        suite,
        log: cx.log.clone(),
        reads,
    };
    let Some(policy) = suite.ready.as_deref() else {
        let reason = Reason::new("suite_missing", "the suite declares no training run");
        return Ok(run(EvidenceResult::NotRun(reason), None, BuildReads::default()));
    };
    thread::sleep(SETTLING);
    let began = now();
    let at = |path: &String| cx.workspace.root().join(path);
    let link = at(&policy.run);
    // Where a link leads is decided once, so that no half of another run is judged.
    let Some(directory) = link.canonicalize().ok() else {
        let reason = Reason::new("no_run", format!("`{}` is not the directory of a run", policy.run));
        let help = "train the model, or correct `run` of the suite in gate.toml";
        return Ok(run(
            EvidenceResult::NotRun(reason.help(help)),
            None,
            BuildReads::default(),
        ));
    };
    let keys: Vec<PathBuf> = policy.model_keys.iter().map(at).collect();
    let model_keys = match gate_ready::keys(&keys) {
        Ok(keys) => keys,
        Err(error) => {
            let mut reason = Reason::new("unreadable_key", error.message);
            reason.help = error.help;
            return Ok(run(without_proof(suite, reason), None, BuildReads::default()));
        }
    };
    let options = Options {
        run_id: policy.run_id.clone(),
        project: Some(project(cx)),
        train: policy.train.iter().map(at).collect(),
        eval: policy.eval.iter().map(at).collect(),
        baseline: policy.baseline.as_ref().map(|baseline| {
            let is_model = baseline.starts_with("models:/");
            if is_model { baseline.into() } else { at(baseline) }
        }),
        model_keys,
        parts: Vec::new(),
    };
    let judged = match gate_ready::judge(&directory, &options) {
        Ok(judged) => judged,
        Err(error) => {
            let mut reason = Reason::new("unreadable_run", error.message);
            reason.help = error.help;
            return Ok(run(without_proof(suite, reason), None, BuildReads::default()));
        }
    };
    // What was judged is where the link leads; that it leads there is part of it.
    let mut seen = judged.seen;
    seen.retain(|path| *path != directory);
    seen.push(link.clone());
    seen.extend(keys);
    let turned = link.canonicalize().ok().as_ref() != Some(&directory);
    let changed = turned.then(|| link.clone()).or_else(|| changed(&seen, began));
    if let Some(path) = changed {
        let path = gate_base::paths::relative(cx.workspace.root(), &path);
        let message = format!("`{path}` changed while it was judged, or is one of too many files to tell");
        let reason = Reason::new("changed_while_running", message).help("run it again when nothing writes there");
        return Ok(run(without_proof(suite, reason), None, BuildReads::default()));
    }
    let result = result(suite, policy, &judged.report);
    let reads = BuildReads::of(&seen, began);
    Ok(run(result, Some(counted(&judged.report)), reads))
}

/// Where paths of the configuration may also start: the top of the repository.
fn project(cx: &SuiteContext<'_>) -> PathBuf {
    let git = cx.workspace.git();
    git.map_or_else(|| cx.workspace.root().to_path_buf(), |git| git.top.clone())
}

/// What the checks of the run say, as findings of the suite.
fn result(suite: &SuitePolicy, policy: &ReadyPolicy, report: &Report) -> EvidenceResult {
    let with = |status| report.checks.iter().filter(move |check| check.status == status);
    let failed = with(Status::Fail).next().is_some();
    if let Some(check) = with(Status::Error).next().filter(|_| !failed) {
        let reason = Reason::new(
            "check_failed",
            format!("`{}` of the run: {}", check.name, check.message),
        );
        return without_proof(suite, reason);
    }
    let of_store = policy.run_id.as_ref().map(|id| format!(" --run-id {id}"));
    let help = format!("cargo gate ready --run {}{}", policy.run, of_store.unwrap_or_default());
    let found = report.checks.iter().filter_map(|check| {
        let said = format!("`{}` of the run: {}", check.name, check.message);
        Some(match check.status {
            Status::Pass => return None,
            Status::Warn => Finding::advice(said).because(suite.location.clone()).help(&help),
            // What a suite must show and does not is no warning.
            Status::Skipped => finding(suite, format!("{said} (skipped)")).help(&help),
            Status::Fail | Status::Error => finding(suite, said).help(&help),
        })
    });
    EvidenceResult::Findings(found.collect())
}

/// The seven checks, counted.
fn counted(report: &Report) -> SuiteResult {
    let count = |wanted: &[Status]| {
        let checks = report.checks.iter().filter(|check| wanted.contains(&check.status));
        checks.count() as u64
    };
    SuiteResult {
        passed: count(&[Status::Pass, Status::Warn]),
        failed: count(&[Status::Fail, Status::Error]),
        skipped: count(&[Status::Skipped]),
        ..suite_result(&[], &NO_PROCESS)
    }
}
