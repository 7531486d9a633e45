//! How often rails with default settings roll a healthy kernel back, how soon they find a slow one, and how often they try it again:
//! simulated, with a seed, for kernels whose latencies are lognormal. The guide prints the table.
//!
//! ```console
//! cargo test --release --locked --package cargo-gate-runtime --test rails_false_alarms -- --nocapture
//! ```
#![allow(clippy::print_stdout, reason = "the figures of the guide are printed")]

use gate_runtime::rails::{Action, Baseline, Controller, Phase, Rails};
use gate_runtime::window::{Recorder, Sample, Window};

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / 2.0_f64.powi(53)
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (2.0 * std::f64::consts::PI * angle).cos()
    }

    /// A window of calls of about 100 µs; `slow` is what each takes longer by, and `tail` what the slowest tenth does.
    fn window(&mut self, sigma: f64, slow: f64, tail: f64) -> Window {
        let mut recorder = Recorder::new(64);
        let slowest = (1.2816 * sigma).exp();
        let calls = (0..64).map(|_| {
            let factor = (sigma * self.normal()).exp();
            let tail = if factor > slowest { tail } else { 1.0 };
            Sample::native((100_000.0 * factor * slow * tail) as u64, 1)
        });
        calls
            .filter_map(|call| recorder.record(&call))
            .last()
            .expect("a full window")
    }
}

const SIGMAS: [f64; 3] = [0.1, 0.2, 0.3];

/// A controller that has learned its baseline.
fn learned(numbers: &mut Numbers, sigma: f64) -> (Controller, Baseline) {
    let mut controller = Controller::new(Rails::default());
    loop {
        if let Some(baseline) = controller.state().baseline {
            return (controller, baseline);
        }
        controller.step(&numbers.window(sigma, 1.0, 1.0));
    }
}

#[test]
fn of_10_000_healthy_windows_at_most_one_rolls_back() {
    for sigma in SIGMAS {
        let (mut numbers, mut alarms, mut windows) = (Numbers(1), 0, 0_u32);
        for _ in 0..100 {
            let (mut controller, baseline) = learned(&mut numbers, sigma);
            for _ in 0..1_000 {
                windows += 1;
                let step = controller.step(&numbers.window(sigma, 1.0, 1.0));
                if let Action::RolledBack(_) = step.action {
                    alarms += 1;
                    controller = Controller::with_baseline(Rails::default(), baseline);
                }
            }
        }
        println!("sigma {sigma}: {alarms} rollbacks in {windows} healthy windows");
        assert!(alarms <= windows / 10_000, "sigma {sigma}: {alarms} of {windows}");
    }
}

#[test]
fn a_p95_that_rises_by_a_quarter_is_found_within_ten_windows() {
    for (what, slow, tail) in [("every call", 1.25, 1.0), ("the slowest tenth", 1.0, 1.25)] {
        for sigma in SIGMAS {
            let mut numbers = Numbers(2);
            let mut found = Vec::new();
            for _ in 0..1_000 {
                let (mut controller, _) = learned(&mut numbers, sigma);
                let hit = (1..=10_u32).find(|_| {
                    let step = controller.step(&numbers.window(sigma, slow, tail));
                    matches!(step.action, Action::RolledBack(_))
                });
                found.extend(hit);
            }
            found.sort_unstable();
            let median = found.get(found.len() / 2).copied().unwrap_or(0);
            println!(
                "sigma {sigma}, {what} slower by 25 %: {} of 1000 found within 10 windows, half within {median}",
                found.len()
            );
            assert!(found.len() >= 990, "sigma {sigma}, {what}: {} of 1000", found.len());
        }
    }
}

#[test]
fn a_kernel_at_the_limit_does_not_flap() {
    for sigma in SIGMAS {
        let mut numbers = Numbers(3);
        let (mut controller, _) = learned(&mut numbers, sigma);
        let idle = Window {
            calls: 64,
            ..Window::default()
        };
        let probe = Window {
            native: 64,
            checked: 64,
            ..idle
        };
        for _ in 0..10_000 {
            let window = match controller.state().phase {
                Phase::Native => numbers.window(sigma, 1.08, 1.0),
                Phase::Probe => probe,
                Phase::Safe => idle,
            };
            controller.step(&window);
        }
        let count = controller.state().rollback_count;
        println!("sigma {sigma}: {count} rollbacks in 10000 windows of a kernel that is 8 % slower");
        assert!(count <= 20, "sigma {sigma}: {count}");
    }
}
