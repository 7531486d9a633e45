//! What becomes of a probe whose outputs nobody compares, for example where a program feeds the rails by hand.

use gate_runtime::RailReason;
use gate_runtime::rails::{Action, Baseline, Controller, Phase, Rail, Rails, Settings};
use gate_runtime::window::Window;

/// A window in which the native backend was not called.
const IDLE: Window = Window {
    calls: 64,
    native: 0,
    errors: 0,
    checked: 0,
    mismatches: 0,
    pressured: 0,
    pressure_events: 0,
    samples: 0,
    p95_ns: 0,
    work: 0,
    busy_ns: 0,
};

fn clean() -> Window {
    Window {
        native: 64,
        samples: 64,
        p95_ns: 1_000,
        work: 6_400,
        busy_ns: 64,
        ..IDLE
    }
}

fn failing() -> Window {
    Window {
        errors: 1,
        samples: 63,
        ..clean()
    }
}

fn slow() -> Window {
    Window {
        p95_ns: 2_000,
        ..clean()
    }
}

fn controller(settings: Settings) -> Controller {
    let baseline = Baseline {
        p95_ns: 1_000,
        throughput: 100.0,
        p95_spread: 0.0,
        throughput_spread: 0.0,
    };
    Controller::with_baseline(Rails::new(settings).expect("settings in range"), baseline)
}

fn phases(controller: &mut Controller, windows: &[Window]) -> Vec<Phase> {
    windows.iter().map(|window| controller.step(window).phase).collect()
}

/// Rails of a kernel that was rolled back and is probed now.
fn probing(settings: Settings) -> Controller {
    let mut rails = controller(Settings {
        dwell: 1,
        cooldown: 0,
        consecutive: 1,
        ..settings
    });
    assert_eq!(phases(&mut rails, &[failing(), IDLE]), [Phase::Safe, Phase::Probe]);
    rails
}

#[test]
fn a_probe_that_nobody_compares_ends_and_an_operator_begins_the_next() {
    let mut rails = probing(Settings::default());
    let compared = Window { checked: 1, ..clean() };
    // A window without a comparison between others says nothing.
    assert_eq!(phases(&mut rails, &[clean(), compared, clean()]), [Phase::Probe; 3]);
    let step = rails.step(&clean());
    assert_eq!(
        (step.phase, step.action),
        (Phase::Safe, Action::Switched(RailReason::NotCompared))
    );
    assert_eq!(step.rollback_count, 1, "that is no rollback");
    for _ in 0..1_000 {
        let step = rails.step(&IDLE);
        assert_eq!((step.phase, step.shadow.reason), (Phase::Safe, RailReason::NotCompared));
    }
    assert!(rails.rearm());
    let probed = Window { checked: 64, ..clean() };
    assert_eq!(phases(&mut rails, &[clean(), probed]), [Phase::Probe, Phase::Native]);
}

#[test]
fn a_probe_that_is_not_called_waits() {
    let mut rails = probing(Settings::default());
    assert_eq!(phases(&mut rails, &[IDLE; 100]), [Phase::Probe; 100]);
}

#[test]
fn a_probe_that_fails_before_it_ends_is_tried_again() {
    let mut rails = controller(Settings {
        cooldown: 0,
        consecutive: 1,
        backoff: 0,
        ..Settings::default()
    });
    rails.step(&failing());
    for _ in 0..2 {
        assert_eq!(phases(&mut rails, &[IDLE; 4])[3], Phase::Probe);
        // Nobody compares, but the phase lasts for four windows.
        assert_eq!(phases(&mut rails, &[clean(); 3]), [Phase::Probe; 3]);
        assert_eq!(rails.step(&failing()).action, Action::RolledBack(Rail::RuntimeError));
    }
}

#[test]
fn a_slow_kernel_stays_on_its_leash_when_nobody_compares_its_probe() {
    let mut rails = controller(Settings {
        dwell: 1,
        cooldown: 0,
        ..Settings::default()
    });
    phases(&mut rails, &[slow(); 2]);
    let unseen = phases(&mut rails, &[IDLE, clean(), clean()]);
    assert_eq!(unseen, [Phase::Probe, Phase::Probe, Phase::Safe]);
    assert!(rails.rearm() && rails.state().was_slow);
}
