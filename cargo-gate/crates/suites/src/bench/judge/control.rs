//! What the judge says of a side compared with itself, and of the same made slower: on the noise of this run, by the rule of this run.
//!
//! Two processes of one side that follow each other are a pair without a difference; a coin says which of them is the first. Such pairs
//! must not fail. The same pairs made worse by three times what is allowed must not pass. This proves the rule, its direction and its
//! pairing on the noise that was recorded, and nothing about what the commands measure.

use gate_base::stats::SplitMix64;
use gate_base::stats::sequential::{Allowed, Comparison, Decision};

use super::super::table::Compared;

/// Fewest pairs that the rule looks at.
const FEWEST: usize = 10;
/// How much worse the known-bad side is, in limits.
const WORSE: f64 = 3.0;

/// What the controls showed.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Lines for the log.
    pub(super) lines: Vec<String>,
    /// Controls that misbehaved, as sentences.
    pub(super) misbehaved: Vec<String>,
}

/// Runs both controls over what was compared with another side.
pub(super) fn run(all: &[(&str, Compared)], seed: u64) -> Report {
    let mut random = SplitMix64::new(seed);
    let alike: Vec<(&str, Vec<f64>, &Compared)> = all
        .iter()
        .filter(|(_, compared)| compared.other_side && !compared.exact)
        .filter(|(_, compared)| compared.allowed.harmless < compared.allowed.limit)
        .map(|(name, compared)| (*name, beside_itself(compared, &mut random), compared))
        .filter(|(_, differences, _)| differences.len() >= FEWEST)
        .collect();
    if alike.is_empty() {
        return Report::default();
    }
    let slower: Vec<(Vec<f64>, Allowed)> = alike
        .iter()
        .map(|(_, differences, compared)| {
            let by = compared.allowed.harmless + WORSE * (compared.allowed.limit - compared.allowed.harmless);
            (
                differences.iter().map(|difference| difference + by).collect(),
                compared.allowed,
            )
        })
        .collect();
    let alike_decisions = decisions(
        alike
            .iter()
            .map(|(_, differences, compared)| (differences.as_slice(), compared.allowed)),
    );
    let slower_decisions = decisions(
        slower
            .iter()
            .map(|(differences, allowed)| (differences.as_slice(), *allowed)),
    );
    let mut report = Report::default();
    for (((name, ..), good), bad) in alike.iter().zip(&alike_decisions).zip(&slower_decisions) {
        if *good == Decision::Worse {
            let problem = format!("the control fails `{name}` compared with itself, so the suite judges nothing");
            report.misbehaved.push(problem);
        }
        if *bad == Decision::Within {
            let problem = format!("the control passes `{name}` made worse on purpose, so the suite judges nothing");
            report.misbehaved.push(problem);
        }
    }
    let count = |decisions: &[Decision], of: Decision| decisions.iter().filter(|decision| **decision == of).count();
    report.lines.push(format!(
        "control: {} of {} benchmarks fail compared with themselves, {} pass when they are made worse by {WORSE} times their limit",
        count(&alike_decisions, Decision::Worse),
        alike.len(),
        count(&slower_decisions, Decision::Within),
    ));
    report
}

fn decisions<'a>(metrics: impl Iterator<Item = (&'a [f64], Allowed)>) -> Vec<Decision> {
    let metrics: Vec<(&[f64], Allowed)> = metrics.collect();
    let looks = Comparison::default().look(&metrics).unwrap_or_default();
    looks.iter().map(|look| look.decision).collect()
}

/// Differences between processes of one side that follow each other.
fn beside_itself(compared: &Compared, random: &mut SplitMix64) -> Vec<f64> {
    let sides = [&compared.own, &compared.other];
    let pairs = sides.into_iter().flat_map(|side| side.chunks_exact(2));
    pairs
        .map(|two| {
            if random.coin() {
                two[0] - two[1]
            } else {
                two[1] - two[0]
            }
        })
        .collect()
}
