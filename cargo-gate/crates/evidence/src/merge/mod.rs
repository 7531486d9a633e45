//! One claim from runs on several machines. They must be whole, speak of one tree, policy, catalogue and version of the
//! tool, and the worst answer to each check is the answer.

mod contradiction;
mod document;
mod part;
mod platform;
mod shards;

use document::worst;
use gate_base::stage::Stage;
use gate_report::{Bound, Decision};

use crate::signature::Signature;

pub use contradiction::{Contradiction, Expected, Why};
pub use document::{Cell, Merged, MergedCheck, MergedRun, SCHEMA_VERSION, parse, sign, signed_text, verify};
pub use part::Part;

/// Puts runs together. Those that do not verify count for nothing, and block.
pub fn merge(parts: &[Part], expected: &Expected) -> Merged {
    let whole: Vec<&Part> = parts.iter().filter(|part| part.problems.is_empty()).collect();
    let names = part::machines(&whole);
    let runs: Vec<(&str, &Part)> = names.iter().map(String::as_str).zip(whole.iter().copied()).collect();
    let mut contradictions = contradiction::unverified(parts);
    contradictions.extend(contradiction::between(&runs));
    contradictions.extend(contradiction::with_expected(&runs, expected));
    let bounds = bounds(&runs);
    let checks = checks(&runs, &bounds);
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
        runs: runs.iter().map(|(machine, part)| run(machine, part)).collect(),
        checks,
        bounds,
        contradictions,
    };
    let of_shards = shards::contradictions(&merged.runs, &merged.checks);
    merged.contradictions.extend(of_shards);
    merged.decision = merged.decided();
    merged
}

/// What is kept of a run.
fn run(machine: &str, part: &Part) -> MergedRun {
    let signed_by = match &part.signature {
        Signature::Valid { key, authority } => Some(authority.clone().unwrap_or_else(|| key.clone())),
        Signature::Absent | Signature::Invalid { .. } => None,
    };
    MergedRun {
        machine: machine.to_owned(),
        host: part.environment.rustc.as_ref().map(|rustc| rustc.host.clone()),
        run_id: part.manifest.run_id.clone(),
        started: part.manifest.started.clone(),
        partition: part.decision.partition,
        decision: part.decision.decision,
        content: part.decision.content.clone(),
        chain: part.chain.clone(),
        signed_by,
    }
}

/// Every check of any run, in the order of the catalogue as the runs have it.
fn checks(runs: &[(&str, &Part)], bounds: &[Bound]) -> Vec<MergedCheck> {
    let mut checks: Vec<MergedCheck> = Vec::new();
    for (machine, part) in runs {
        let mut after = 0;
        for decided in &part.decision.checks {
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
                part: part
                    .decision
                    .evidence
                    .iter()
                    .find(|evidence| evidence.check == decided.id)
                    .and_then(|evidence| evidence.part),
            };
            checks[place].cells.insert((*machine).to_owned(), cell);
        }
    }
    // What the machine that has it cannot show is outside the claim, as in a run that is not shared.
    checks.retain(|check| {
        let outside = format!("what `{}` shows", check.id);
        !check.cells.values().all(Cell::is_elsewhere) || !bounds.iter().any(|bound| bound.surface == outside)
    });
    for check in &mut checks {
        check.outcome = worst(&check.cells);
    }
    checks
}

/// What is outside the claim on any machine, each once.
fn bounds(runs: &[(&str, &Part)]) -> Vec<Bound> {
    let mut bounds: Vec<Bound> = Vec::new();
    for bound in runs.iter().flat_map(|(_, part)| &part.decision.bounds) {
        if !bounds.contains(bound) {
            bounds.push(bound.clone());
        }
    }
    bounds
}
