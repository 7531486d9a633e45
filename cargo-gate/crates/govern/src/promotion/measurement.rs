//! A recorded measurement of a kernel beside its baseline, and whether it shows that the kernel is faster.

use gate_base::stats::median;
use serde::{Deserialize, Serialize};

/// Version of the record; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Fewest samples of each side.
pub const LEAST_SAMPLES: usize = 10;

/// Largest probability with which samples this far apart may come from kernels that are equally fast.
pub const SIGNIFICANCE: f64 = 0.01;

/// Samples of one workload in one run, alternating between the kernel and its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Version of this record.
    pub schema_version: u32,
    /// Entry of the kernel.
    pub kernel: String,
    /// The workload, such as `64x1024`.
    pub workload: String,
    /// SHA-256 of the PTX that was measured, hexadecimal.
    pub ptx_sha256: String,
    /// What was measured on: the name of a device or processor.
    pub machine: String,
    /// Unit of the samples; less is better.
    pub unit: Unit,
    /// What it is compared with.
    pub baseline: Samples,
    /// The kernel.
    pub candidate: Samples,
}

/// Unit of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Nanoseconds of a call.
    #[serde(rename = "ns")]
    Nanoseconds,
}

/// Samples of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// What ran.
    pub name: String,
    /// One number for each repetition.
    pub samples: Vec<f64>,
}

/// What a measurement shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Median of the baseline over that of the candidate; above 1 the candidate is faster.
    pub ratio: f64,
    /// Probability of samples this far apart, or farther, from kernels that are equally fast.
    pub p: f64,
}

impl Speed {
    /// Whether the kernel is faster.
    pub fn is_faster(&self) -> bool {
        self.ratio > 1.0 && self.p <= SIGNIFICANCE
    }
}

impl Measurement {
    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without a full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let this: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if this.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "it has schema_version {}, and this cargo-gate knows {SCHEMA_VERSION}",
                this.schema_version
            ));
        }
        for side in [&this.baseline, &this.candidate] {
            if side.samples.len() < LEAST_SAMPLES {
                return Err(format!(
                    "`{}` has {} samples, and {LEAST_SAMPLES} are needed",
                    side.name,
                    side.samples.len()
                ));
            }
            if side.samples.iter().any(|sample| !(sample.is_finite() && *sample > 0.0)) {
                return Err(format!("`{}` has a sample that is no time", side.name));
            }
        }
        Ok(this)
    }

    /// Compares the two sides: the ratio of medians, and the one-sided test of Mann and Whitney (1947) with its normal approximation, corrected
    /// for ties and continuity.
    pub fn speed(&self) -> Speed {
        let (baseline, candidate) = (&self.baseline.samples, &self.candidate.samples);
        Speed {
            ratio: median(baseline)
                .zip(median(candidate))
                .map_or(f64::NAN, |(before, after)| before / after),
            p: rank_sum(candidate, baseline),
        }
    }
}

/// Probability, if both come from one distribution, that `less` is as far below `more` as it is or farther.
fn rank_sum(less: &[f64], more: &[f64]) -> f64 {
    let (n, m) = (less.len() as f64, more.len() as f64);
    let mut all: Vec<(f64, bool)> = less.iter().map(|value| (*value, true)).collect();
    all.extend(more.iter().map(|value| (*value, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut ties, mut before) = (0.0, 0.0, 0.0);
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        let equal = same.len() as f64;
        // Equal samples share the mean of their ranks, which count from 1.
        let rank = before + (equal + 1.0) / 2.0;
        let of_less = same.iter().filter(|(_, is_less)| *is_less).count();
        ranks += rank * of_less as f64;
        ties += equal * equal * equal - equal;
        before += equal;
    }
    let u = ranks - n * (n + 1.0) / 2.0;
    let size = n + m;
    let variance = n * m / 12.0 * ((size + 1.0) - ties / (size * (size - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    normal((u - n * m / 2.0 + 0.5) / variance.sqrt())
}

/// Standard normal distribution function, by the approximation 26.2.17 of Abramowitz and Stegun (absolute error below 7.5e-8).
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let polynomial =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measurement(baseline: &[f64], candidate: &[f64]) -> Measurement {
        let samples = |name: &str, samples: &[f64]| Samples {
            name: name.into(),
            samples: samples.to_vec(),
        };
        Measurement {
            schema_version: SCHEMA_VERSION,
            kernel: "axpy".into(),
            workload: "1M".into(),
            ptx_sha256: "00".into(),
            machine: "test".into(),
            unit: Unit::Nanoseconds,
            baseline: samples("cpu", baseline),
            candidate: samples("cuda", candidate),
        }
    }

    /// Values of the distribution function from tables.
    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (x, p) in [
            (0.0, 0.5),
            (-1.0, 0.158_655),
            (-1.959_964, 0.025),
            (-2.326_348, 0.01),
            (1.644_854, 0.95),
        ] {
            assert!((normal(x) - p).abs() < 1e-6, "{x}");
        }
    }

    /// U = 0 of 10 and 10: mean 50, variance 10·10·21/12 = 175, z = −49.5/√175.
    #[test]
    fn separate_samples_have_the_probability_of_the_formula() {
        let low: Vec<f64> = (1..=10).map(f64::from).collect();
        let high: Vec<f64> = (11..=20).map(f64::from).collect();
        assert!((rank_sum(&low, &high) - 9.13e-5).abs() < 1e-6);
        assert!(rank_sum(&high, &low) > 0.999);
        assert!((rank_sum(&low, &low) - 0.5).abs() < 0.05);
        assert_eq!(rank_sum(&[1.0; 10], &[1.0; 10]), 1.0);
    }

    #[test]
    fn faster_is_faster_by_more_than_noise() {
        let slow: Vec<f64> = (0..12).map(|i| 100.0 + f64::from(i)).collect();
        let fast: Vec<f64> = (0..12).map(|i| 80.0 + f64::from(i)).collect();
        assert!(measurement(&slow, &fast).speed().is_faster());
        assert!(!measurement(&fast, &slow).speed().is_faster());
        assert!(!measurement(&slow, &slow).speed().is_faster());
        // One lucky run is no speed.
        let mut lucky = slow.clone();
        lucky[0] = 1.0;
        assert!(!measurement(&slow, &lucky).speed().is_faster());
        // Nor is a median that is a little better, where the samples lie in each other.
        let shifted: Vec<f64> = slow.iter().map(|sample| sample - 1.0).collect();
        let speed = measurement(&slow, &shifted).speed();
        assert!(speed.ratio > 1.0 && !speed.is_faster(), "{speed:?}");
    }

    #[test]
    fn records_that_show_nothing_are_refused() {
        let good = measurement(&[2.0; 10], &[1.0; 10]);
        let text = |measurement: &Measurement| serde_json::to_string(measurement).expect("a record");
        assert_eq!(Measurement::parse(&text(&good)), Ok(good.clone()));
        let mut few = good.clone();
        few.candidate.samples.pop();
        assert_eq!(
            Measurement::parse(&text(&few)).unwrap_err(),
            "`cuda` has 9 samples, and 10 are needed"
        );
        let mut zero = good.clone();
        zero.baseline.samples[3] = 0.0;
        assert_eq!(
            Measurement::parse(&text(&zero)).unwrap_err(),
            "`cpu` has a sample that is no time"
        );
        let mut later = good;
        later.schema_version = 2;
        assert!(
            Measurement::parse(&text(&later))
                .unwrap_err()
                .contains("schema_version 2")
        );
        assert!(Measurement::parse("{}").is_err());
    }

    proptest! {
        #[test]
        fn any_samples_have_a_probability(
            a in proptest::collection::vec(1e-3..1e9, 10..40),
            b in proptest::collection::vec(1e-3..1e9, 10..40),
        ) {
            let speed = measurement(&a, &b).speed();
            prop_assert!((0.0..=1.0).contains(&speed.p) && speed.ratio > 0.0);
        }

        #[test]
        fn any_text_is_a_record_or_an_error(text in "\\PC{0,200}") {
            let _ = Measurement::parse(&text);
        }
    }
}
