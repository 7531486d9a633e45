//! The looks at a growing series, and what keeps a series from showing anything.

use gate_base::stats::sequential::{Allowed, Comparison, Decision, LOOKS, Look};
use gate_base::stats::{median, quantile};
use gate_policy::BenchPolicy;

use super::super::read::{Reading, Readings};
use super::super::table::{Benchmark, Compared, QUARTER, Series, constant};
use super::super::unit::Unit;

/// How far a series of pairs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum State {
    /// More pairs could change what is said.
    Open,
    /// Nothing is left open.
    Settled,
    /// A benchmark is worse than allowed, by chance or not.
    Worse,
    /// The same, and nothing was left to chance.
    WorseForSure,
}

/// The looks at a growing series.
#[derive(Debug, Default)]
pub(in super::super) struct Looks {
    comparison: Comparison,
    /// By benchmark and ratio, in the order of [`compared`].
    pub(super) last: Vec<Look>,
}

/// What is compared, in the order of the names.
pub(super) fn compared<'a>(policy: &'a BenchPolicy, series: &'a Series, part: f64) -> Vec<(&'a str, Compared)> {
    let all = Benchmark::all(policy, series).into_iter();
    all.filter(|(_, benchmark)| benchmark.incomparable().is_none() && vacuous(benchmark).is_none())
        .flat_map(|(name, benchmark)| {
            benchmark
                .compared(policy, part)
                .into_iter()
                .map(move |compared| (name, compared))
        })
        .collect()
}

impl Looks {
    /// Looks at the pairs so far.
    pub(in super::super) fn look(&mut self, policy: &BenchPolicy, series: &Series) -> State {
        let compared = compared(policy, series, QUARTER);
        let metrics: Vec<(&[f64], Allowed)> = compared
            .iter()
            .map(|(_, compared)| (compared.differences.as_slice(), compared.allowed))
            .collect();
        self.last = self.comparison.look(&metrics).unwrap_or_default();
        for (look, (_, compared)) in self.last.iter_mut().zip(&compared) {
            settle(look, compared);
        }
        let any = |decision: Decision, exact: bool| {
            let all = self.last.iter().zip(&compared);
            all.into_iter()
                .any(|(look, (_, compared))| look.decision == decision && (!exact || compared.exact))
        };
        match (
            any(Decision::Worse, true),
            any(Decision::Worse, false),
            any(Decision::Open, false),
        ) {
            (true, ..) => State::WorseForSure,
            (false, true, _) => State::Worse,
            (false, false, true) => State::Open,
            (false, false, false) => State::Settled,
        }
    }

    /// Names of what is worse than allowed.
    pub(in super::super) fn worse<'a>(&self, policy: &'a BenchPolicy, series: &'a Series) -> Vec<&'a str> {
        let compared = compared(policy, series, QUARTER);
        let worse = compared.iter().zip(&self.last);
        worse
            .filter(|(_, look)| look.decision == Decision::Worse)
            .map(|((name, _), _)| *name)
            .collect()
    }
}

/// What is the same each time needs no test.
fn settle(look: &mut Look, compared: &Compared) {
    let Some(first) = compared.differences.first().filter(|_| compared.exact) else {
        return;
    };
    // What is exactly at its limit keeps it, whatever the logarithm rounds to.
    let decision = if *first > compared.allowed.limit + 1e-12 {
        Decision::Worse
    } else {
        Decision::Within
    };
    *look = Look {
        estimate: *first,
        bounds: (*first, *first),
        decision,
        decidable: *first,
    };
}

/// Whether nothing in the series is left to chance, so that a second pair cannot differ from the first.
pub(in super::super) fn exact(policy: &BenchPolicy, series: &Series) -> bool {
    let all = Benchmark::all(policy, series);
    !all.is_empty()
        && all.values().all(|benchmark| {
            let beside = benchmark.beside.as_deref().unwrap_or_default();
            constant(&benchmark.measured) && (beside.is_empty() || constant(beside))
        })
}

/// Why the series shows nothing as a whole, so that no more pairs are measured.
pub(in super::super) fn hopeless(series: &Series) -> bool {
    let sides = [Some(&series.measured), series.reference.as_ref()];
    let bad = |side: &Readings| side.benchmarks.is_empty() || !side.problems.is_empty();
    sides.into_iter().flatten().any(|side| side.iter().any(bad))
}

/// As many equal times are no accident, even where they are rounded to nanoseconds.
const CONSTANT: usize = 5;

/// Why samples cannot have been measured, or have no ratio: what takes no time is not infinitely fast, and no clock gives the
/// same time again and again.
pub(super) fn vacuous(benchmark: &Benchmark<'_>) -> Option<String> {
    let compared = benchmark.beside.is_some();
    let part = benchmark.part();
    let of = |readings: &[&Reading]| {
        let whole = unmeasured(benchmark.unit, &Benchmark::samples(readings), compared);
        let zero = |reading: &&Reading| quantile(&reading.samples, part).is_some_and(|value| value <= 0.0);
        whole.or_else(|| (compared && readings.iter().any(zero)).then_some("is measured as zero in some processes"))
    };
    if let Some(why) = of(&benchmark.measured) {
        return Some(why.to_owned());
    }
    let why = benchmark.beside.as_deref().and_then(of)?;
    Some(format!("has a reference that {why}"))
}

fn unmeasured(unit: &Unit, samples: &[f64], compared: bool) -> Option<&'static str> {
    let timed = *unit == Unit::Time;
    let Some((first, rest)) = samples.split_first() else {
        return Some("has no samples");
    };
    if (timed || compared) && median(samples)? <= 0.0 {
        Some("is measured as zero")
    } else if timed && rest.len() + 1 >= CONSTANT && rest.iter().all(|sample| sample == first) {
        Some("has the same time in every sample, so it was not measured")
    } else {
        None
    }
}

/// Whether a number of pairs is one after which the comparison looks.
pub(in super::super) fn looks_after(pairs: usize) -> bool {
    LOOKS.contains(&pairs)
}
