//! Limits that fit a machine: the command is compared with itself, and each benchmark gets the smallest limit that a first or second
//! look would decide nearly every time.

use gate_base::stats::sequential::{Allowed, Comparison};
use gate_base::stats::{SplitMix64, quantile};
use gate_policy::BenchPolicy;
use gate_report::{BenchmarkResult, Real, Standing};

use super::judge::Judgement;
use super::table::{Benchmark, QUARTER, Series};

/// Pairs of the look that shall decide.
const PAIRS: usize = 14;
/// How often they are drawn from those that were measured.
const RESAMPLES: usize = 500;
/// Part of the draws that decide.
const DECIDED: f64 = 0.99;
/// Limits that are proposed: what lies between two gets the larger.
const STEPS: [f64; 16] = [
    1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.08, 1.10, 1.12, 1.15, 1.20, 1.25, 1.30, 1.50, 1.75, 2.0,
];

/// What each benchmark of a command compared with itself would have decided.
pub(super) fn propose(policy: &BenchPolicy, series: &Series, seed: u64) -> Judgement {
    let mut judgement = Judgement::default();
    for (name, benchmark) in Benchmark::all(policy, series) {
        let Some(compared) = benchmark
            .compared(policy, QUARTER)
            .into_iter()
            .find(|compared| compared.other_side)
        else {
            continue;
        };
        let samples = Benchmark::samples(&benchmark.measured);
        let beside = benchmark.beside.as_deref().map(Benchmark::samples);
        let (Some(middle), Some(least)) = (benchmark.median(), smallest(&compared.differences, seed)) else {
            continue;
        };
        let limit = STEPS.into_iter().find(|step| *step >= least);
        // As of every ratio that must not get smaller.
        let limit = limit.map(|limit| if compared.larger_is_worse { limit } else { 1.0 / limit });
        judgement.measurements.push(BenchmarkResult {
            name: name.to_owned(),
            unit: benchmark.unit.name().to_owned(),
            samples: samples.len() as u64,
            median: Real(middle),
            mad: Real(gate_base::stats::median_absolute_deviation(&samples).unwrap_or_default()),
            reference: beside.and_then(|beside| gate_base::stats::median(&beside)).map(Real),
            ratio: None,
            low: Real(middle),
            high: Real(middle),
            pairs: compared.differences.len() as u64,
            limit: limit.map(Real),
            caught: None,
            why: limit
                .is_none()
                .then(|| format!("a limit of {least:.2} would be needed")),
            standing: Standing::Unlimited,
        });
    }
    judgement
}

/// The smallest limit that nearly all draws of as many pairs as a look has decide.
fn smallest(differences: &[f64], seed: u64) -> Option<f64> {
    let mut random = SplitMix64::new(seed);
    let mut decidable = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let drawn: Vec<f64> = (0..PAIRS)
            .map(|_| differences[random.below(differences.len().max(1))])
            .collect();
        let look = Comparison::default().look(&[(&drawn, Allowed::regression(STEPS[0]))])?;
        decidable.push(look.first()?.decidable);
    }
    Some(quantile(&decidable, DECIDED)?.exp())
}

/// What a calibration proposes, as lines of gate.toml.
pub fn proposal(suite: &str, machine: &str, measurements: &[BenchmarkResult]) -> String {
    let mut text = format!("# `cargo gate suite {suite} --calibrate` on {machine}.\n");
    for measured in measurements {
        let name = toml::Value::from(measured.name.clone());
        match (measured.limit, &measured.why) {
            (Some(limit), _) => {
                let of = if limit.0 < 1.0 {
                    format!("min-ratio = {:.3}", limit.0)
                } else {
                    format!("max-ratio = {:.2}", limit.0)
                };
                text.push_str(&format!("\n[[suite.bench.metric]]\nname = {name}\n{of}\n"));
            }
            (None, why) => {
                let why = why.as_deref().unwrap_or("nothing was measured");
                text.push_str(&format!("\n# {}: {why}; make it quieter.\n", measured.name));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the unit is called: the policy may have said that more is better.
    #[test]
    fn what_must_not_get_smaller_gets_a_smallest_ratio() {
        let rate = BenchmarkResult {
            name: "hits".into(),
            unit: "of 100".into(),
            samples: 26,
            median: Real(90.0),
            mad: Real(1.0),
            reference: None,
            ratio: None,
            low: Real(90.0),
            high: Real(90.0),
            pairs: 26,
            limit: Some(Real(1.0 / 1.25)),
            caught: None,
            why: None,
            standing: Standing::Unlimited,
        };
        assert!(proposal("s", "m", &[rate]).ends_with("name = \"hits\"\nmin-ratio = 0.800\n"));
    }

    #[test]
    fn noise_decides_what_is_proposed() {
        let spread = |by: f64| {
            (0..26)
                .map(|at| by * (f64::from(at) / 12.5 - 1.0))
                .collect::<Vec<f64>>()
        };
        let (quiet, loud) = (smallest(&spread(0.002), 1).unwrap(), smallest(&spread(0.1), 1).unwrap());
        assert!(quiet < 1.01 && loud > 1.03 && loud < 1.15, "{quiet} {loud}");
        assert_eq!(smallest(&[f64::NAN; 3], 1), None);
    }
}
