//! Simulated gates: a dozen benchmarks, two sides, machines that are noisy in several ways. How often does the comparison fail unchanged
//! code, pass it, and find what is 10 % slower? The long form is a measurement, whose numbers are in the book:
//! `cargo test --release -p cargo-gate-base --test gates -- --ignored --nocapture`.

use gate_base::stats::sequential::{Allowed, Comparison, Decision, LOOKS};
use gate_base::stats::{SplitMix64, quantile};

const METRICS: usize = 12;
const SAMPLES: usize = 5;
/// The limit of each benchmark; what is twice as bad must be found.
const LIMIT: f64 = 1.05;
const SLOWER: f64 = 1.1;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Noise {
    Quiet,
    Busy,
    Bimodal,
    Drift,
    Step,
    Bursts,
    WarmUp,
}

const ALL: [Noise; 7] = [
    Noise::Quiet,
    Noise::Busy,
    Noise::Bimodal,
    Noise::Drift,
    Noise::Step,
    Noise::Bursts,
    Noise::WarmUp,
];

/// What a gate said.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    Pass,
    Fail,
    Inconclusive,
}

/// A machine, on which processes run one after another.
struct Machine {
    noise: Noise,
    random: SplitMix64,
    /// Processes so far.
    clock: usize,
    burst: bool,
    /// When a neighbour comes, and how much it takes.
    step: (usize, f64),
    /// What the place of its code in memory does to each benchmark of this build: half a percent, more or less.
    layout: Vec<f64>,
}

impl Machine {
    fn new(noise: Noise, seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let step = (random.below(30), 1.1 + 0.5 * random.unit());
        Self {
            noise,
            random,
            clock: 0,
            burst: false,
            step,
            layout: Vec::new(),
        }
    }

    /// A number of the standard normal distribution (Box and Muller, 1958).
    fn normal(&mut self) -> f64 {
        let (one, other) = (1.0 - self.random.unit(), self.random.unit());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.random.unit() < probability
    }

    /// How fast the machine is for the next process: the same for all its benchmarks.
    fn speed(&mut self) -> f64 {
        let clock = self.clock;
        self.clock += 1;
        match self.noise {
            Noise::Drift => 1.0 + 0.01 * clock as f64 + 0.05 * (clock as f64 / 3.0).sin(),
            Noise::Step if clock >= self.step.0 => self.step.1,
            Noise::Bursts => {
                let stays = if self.burst { 0.7 } else { 0.05 };
                self.burst = self.happens(stays);
                if self.burst {
                    1.2 + 0.4 * self.random.unit()
                } else {
                    1.0
                }
            }
            _ => 1.0,
        }
    }

    /// What speaks for each benchmark of a process that takes `factor` of the time in the first of them.
    fn process(&mut self, factor: f64, measured: bool, cold: bool) -> Vec<f64> {
        let speed = self.speed() * if cold { 1.2 } else { 1.0 };
        let (between, within, disturbed) = match self.noise {
            Noise::Busy => (0.025, 0.05, 0.3),
            _ => (0.01, 0.02, 0.05),
        };
        (0..METRICS)
            .map(|metric| {
                let mode = if self.noise == Noise::Bimodal && self.happens(0.3) {
                    1.08
                } else {
                    1.0
                };
                let layout = if measured { self.layout[metric] } else { 1.0 };
                let own =
                    speed * mode * layout * (between * self.normal()).exp() * if metric == 0 { factor } else { 1.0 };
                let samples: Vec<f64> = (0..SAMPLES)
                    .map(|_| {
                        let disturbance = if self.happens(disturbed) {
                            1.0 - 0.3 * (1.0 - self.random.unit()).ln()
                        } else {
                            1.0
                        };
                        own * (within * self.normal()).exp() * disturbance
                    })
                    .collect();
                quantile(&samples, 0.25).expect("samples").ln()
            })
            .collect()
    }

    /// Pairs until nothing is open or something is worse: what each benchmark is, and how many pairs that took.
    fn series(&mut self, factor: f64) -> (Vec<Decision>, usize) {
        self.layout = (0..METRICS).map(|_| (0.0065 * self.normal()).exp()).collect();
        let mut differences = vec![Vec::new(); METRICS];
        let mut comparison = Comparison::default();
        let mut decisions = Vec::new();
        let mut first = false;
        // The pair before the first warms up and does not count.
        for pair in 0..=LOOKS[LOOKS.len() - 1] {
            first = if pair % 2 == 0 { self.random.coin() } else { !first };
            // One side fills a cache that the other has filled: it stays cold for its first three processes.
            let cold = self.noise == Noise::WarmUp && pair < 3;
            let (measured, reference) = if first {
                let measured = self.process(factor, true, cold);
                (measured, self.process(1.0, false, false))
            } else {
                let reference = self.process(1.0, false, false);
                (self.process(factor, true, cold), reference)
            };
            if pair == 0 {
                continue;
            }
            for (metric, all) in differences.iter_mut().enumerate() {
                all.push(measured[metric] - reference[metric]);
            }
            if !LOOKS.contains(&pair) {
                continue;
            }
            let metrics: Vec<_> = differences
                .iter()
                .map(|all| (&all[..], Allowed::regression(LIMIT)))
                .collect();
            let looks = comparison.look(&metrics).expect("numbers");
            decisions = looks.iter().map(|look| look.decision).collect();
            if decisions.contains(&Decision::Worse) || !decisions.contains(&Decision::Open) {
                return (decisions, pair);
            }
        }
        (decisions, LOOKS[LOOKS.len() - 1])
    }
}

/// A gate as the suite runs it: what is worse in one build must be worse in another.
fn gate(noise: Noise, seed: u64, factor: f64) -> (Verdict, usize) {
    let mut machine = Machine::new(noise, seed);
    let (first, pairs) = machine.series(factor);
    let worse = |decisions: &[Decision], metric: usize| decisions[metric] == Decision::Worse;
    let (last, more) = if first.contains(&Decision::Worse) {
        machine.series(factor)
    } else {
        (first.clone(), 0)
    };
    let verdict = if (0..METRICS).any(|metric| worse(&first, metric) && worse(&last, metric)) {
        Verdict::Fail
    } else if last.iter().all(|decision| *decision == Decision::Within) {
        Verdict::Pass
    } else {
        Verdict::Inconclusive
    };
    (verdict, pairs + more)
}

/// What many gates said.
struct Rates {
    pass: f64,
    fail: f64,
    pairs: f64,
}

fn rates(noise: Noise, gates: u64, factor: f64, seed: u64) -> Rates {
    let all: Vec<(Verdict, usize)> = (0..gates)
        .map(|gate_seed| gate(noise, seed ^ gate_seed << 20, factor))
        .collect();
    let part = |of: Verdict| all.iter().filter(|(verdict, _)| *verdict == of).count() as f64 / gates as f64;
    Rates {
        pass: part(Verdict::Pass),
        fail: part(Verdict::Fail),
        pairs: all.iter().map(|(_, pairs)| *pairs as f64).sum::<f64>() / gates as f64,
    }
}

/// The short form: the same seeds each time, so the same numbers.
#[test]
fn unchanged_code_passes_and_slower_code_fails() {
    for noise in [Noise::Quiet, Noise::Step, Noise::WarmUp] {
        let (same, slower) = (rates(noise, 100, 1.0, 1), rates(noise, 50, SLOWER, 2));
        assert!(
            same.fail == 0.0 && same.pass >= 0.95 && same.pairs <= 20.0,
            "{noise:?}: {} {}",
            same.pass,
            same.pairs
        );
        assert!(slower.fail >= 0.95 && slower.pass == 0.0, "{noise:?}: {}", slower.fail);
    }
}

#[test]
#[ignore = "a measurement: 2,000 gates of unchanged code and 1,000 of slower code for each kind of noise"]
fn table() {
    println!("noise      PASS    FAIL    pairs | +10 % FAIL  PASS    pairs");
    for noise in ALL {
        let (same, slower) = (rates(noise, 2000, 1.0, 1), rates(noise, 1000, SLOWER, 2));
        println!(
            "{:9} {:6.2}% {:6.2}% {:6.1}  | {:9.2}% {:6.2}% {:6.1}",
            format!("{noise:?}"),
            same.pass * 100.0,
            same.fail * 100.0,
            same.pairs,
            slower.fail * 100.0,
            slower.pass * 100.0,
            slower.pairs
        );
    }
}
