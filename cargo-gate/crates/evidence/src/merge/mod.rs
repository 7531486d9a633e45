//! One claim from runs on several machines. They must be whole, speak of one tree, policy, catalogue and version of the
//! tool, and the worst answer to each check is the answer.

mod contradiction;
mod document;
mod part;
mod platform;
mod run;
mod shards;

use document::worst;
use gate_base::stage::Stage;
use gate_report::{Bound, Decision};

use crate::record::DecidedCheck;

pub use contradiction::{Contradiction, Expected, Why};
pub use document::{Cell, Merged, MergedCheck, SCHEMA_VERSION, parse, sign, signed_text, verify};
pub use part::Part;
pub use run::MergedRun;

/// What one machine answers: a run, or all shards of one.
struct Answer {
    machine: String,
    checks: Vec<DecidedCheck>,
    bounds: Vec<Bound>,
}

/// What all shards of a run add up to.
#[derive(Debug, Clone)]
pub struct United {
    /// Every check with its outcome, in the order of the catalogue.
    pub checks: Vec<DecidedCheck>,
    /// Surfaces outside the claim.
    pub bounds: Vec<Bound>,
}

/// Puts runs together. Those that do not verify count for nothing, and block. `unite` makes one answer of the shards of a run, or
/// says why it cannot.
pub fn merge(
    parts: &[Part],
    expected: &Expected,
    unite: &dyn Fn(&[&Part]) -> std::result::Result<United, String>,
) -> Merged {
    let whole: Vec<&Part> = parts.iter().filter(|part| part.problems.is_empty()).collect();
    let names = part::machines(&whole);
    let runs: Vec<(&str, &Part)> = names.iter().map(String::as_str).zip(whole.iter().copied()).collect();
    let mut contradictions = contradiction::unverified(parts);
    contradictions.extend(contradiction::between(&runs));
    contradictions.extend(contradiction::with_expected(&runs, expected));
    let merged_runs: Vec<MergedRun> = runs.iter().map(|(machine, part)| run(machine, part)).collect();
    let found = shards::contradictions(&merged_runs, &runs);
    let answers = answers(
        &runs,
        &merged_runs,
        found.is_empty() && contradictions.is_empty(),
        unite,
    );
    contradictions.extend(found);
    let answers = answers.unwrap_or_else(|why| {
        contradictions.push(contradiction::contradiction(Why::Shard, why));
        Vec::new()
    });
    let checks = checks(&answers);
    let bounds = bounds(&answers);
    let first = runs.first().map(|(_, part)| *part);
    let subject = first.and_then(|part| part.manifest.subject.as_ref());
    let mut merged = Merged {
        schema_version: SCHEMA_VERSION,
        tool_version: first.map(|part| part.manifest.tool.version.clone()).unwrap_or_default(),
        stage: first.map_or(Stage::Pilot, |part| part.decision.stage),
        decision: Decision::NotReady,
        commit: subject.and_then(|subject| subject.commit.clone()),
        directory: subject.map(|subject| subject.directory.clone()).unwrap_or_default(),
        packages: subject.map(|subject| subject.selected.clone()).unwrap_or_default(),
        policy_sha256: first.and_then(|part| part.manifest.policy_sha256.clone()),
        catalogue_sha256: first
            .map(|part| part.decision.catalogue_sha256.clone())
            .unwrap_or_default(),
        runs: merged_runs,
        checks,
        bounds,
        contradictions,
    };
    merged.decision = merged.decided();
    merged
}

/// What is kept of a run.
fn run(machine: &str, part: &Part) -> MergedRun {
    MergedRun {
        machine: machine.to_owned(),
        host: part.environment.rustc.as_ref().map(|rustc| rustc.host.clone()),
        run_id: part.manifest.run_id.clone(),
        started: part.manifest.started.clone(),
        partition: part.decision.partition,
        decision: part.decision.decision,
        content: part.decision.content.clone(),
        chain: part.chain.clone(),
        signed_by: part.signature.signed_by(),
    }
}

/// One answer for each run that is whole, and one for all shards of a run where each is there once and nothing else keeps the runs apart.
fn answers(
    runs: &[(&str, &Part)],
    merged: &[MergedRun],
    are_one_claim: bool,
    unite: &dyn Fn(&[&Part]) -> std::result::Result<United, String>,
) -> std::result::Result<Vec<Answer>, String> {
    let mut answers = Vec::new();
    let mut united: Vec<(&str, Option<&str>)> = Vec::new();
    for ((machine, part), run) in runs.iter().zip(merged) {
        let (checks, bounds) = (part.decision.checks.clone(), part.decision.bounds.clone());
        if !run.is_shard() || !are_one_claim {
            let machine = (*machine).to_owned();
            answers.push(Answer {
                machine,
                checks,
                bounds,
            });
            continue;
        }
        let of_run = |run: &MergedRun| (platform::platform(&run.machine).to_owned(), run.host.clone());
        let platform = (platform::platform(&run.machine), run.host.as_deref());
        if united.contains(&platform) {
            continue;
        }
        united.push(platform);
        let all = runs
            .iter()
            .zip(merged)
            .filter(|(_, other)| other.is_shard() && of_run(other) == of_run(run));
        let all: Vec<&Part> = all.map(|((_, part), _)| *part).collect();
        let United { checks, bounds } = unite(&all)?;
        let machine = platform.0.to_owned();
        answers.push(Answer {
            machine,
            checks,
            bounds,
        });
    }
    Ok(answers)
}

/// Every check of any answer, in the order of the catalogue as the answers have it.
fn checks(answers: &[Answer]) -> Vec<MergedCheck> {
    let mut checks: Vec<MergedCheck> = Vec::new();
    for answer in answers {
        let mut after = 0;
        for decided in &answer.checks {
            let place = checks
                .iter()
                .position(|check| check.id == decided.id)
                .unwrap_or_else(|| {
                    checks.insert(after, MergedCheck::of(&decided.id));
                    after
                });
            after = place + 1;
            let cell = Cell {
                outcome: decided.outcome,
                reason: decided.reason.clone(),
            };
            checks[place].cells.insert(answer.machine.clone(), cell);
        }
    }
    for check in &mut checks {
        check.outcome = worst(&check.cells);
    }
    checks
}

/// What is outside the claim on any machine, each once.
fn bounds(answers: &[Answer]) -> Vec<Bound> {
    let mut bounds: Vec<Bound> = Vec::new();
    for bound in answers.iter().flat_map(|answer| &answer.bounds) {
        if !bounds.contains(bound) {
            bounds.push(bound.clone());
        }
    }
    bounds
}
