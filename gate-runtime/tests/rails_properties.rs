//! What holds for every sequence of windows under all settings.

use gate_runtime::RailReason;
use gate_runtime::rails::{Action, Controller, Phase, Rail, Rails, Settings, Verdict};
use gate_runtime::window::Window;
use proptest::prelude::*;

fn clean() -> Window {
    Window {
        calls: 64,
        native: 64,
        samples: 64,
        p95_ns: 1_000,
        work: 6_400,
        busy_ns: 64,
        ..Window::default()
    }
}

prop_compose! {
    fn any_settings()(
        switches in prop::array::uniform3(any::<bool>()),
        consecutive in 1_u32..5, dwell in 1_u32..6, cooldown in 0_u32..6, error_events in 1_u32..3,
        baseline_windows in 8_u32..12, probe_calls in 1_u32..200,
    ) -> Settings {
        let [auto_switch, hard_rollback, strict] = switches;
        Settings { auto_switch, hard_rollback, strict, consecutive, dwell, cooldown, error_events, baseline_windows,
            probe_calls, ..Settings::default() }
    }
}

prop_compose! {
    fn any_window()(
        native in 0_u64..=64, errors in prop_oneof![3 => Just(0_u64), 1 => 1_u64..4],
        checked in prop_oneof![2 => Just(0_u64), 1 => 1_u64..64], mismatch in prop::bool::weighted(0.2),
        pressured in prop_oneof![3 => Just(0_u64), 1 => 0_u64..64], events in prop_oneof![4 => Just(0_u64), 1 => Just(1_u64)],
        p95_ns in 900_u64..1_200, work in 5_800_u64..6_800,
    ) -> Window {
        let errors = errors.min(native);
        let samples = native - errors;
        Window { calls: 64, native, errors, checked, mismatches: u64::from(mismatch).min(checked), pressured,
            pressure_events: events, samples, p95_ns: if samples == 0 { 0 } else { p95_ns }, work, busy_ns: 64 }
    }
}

proptest! {
    #[test]
    fn the_same_windows_give_the_same_steps(settings in any_settings(), windows in prop::collection::vec(any_window(), 0..80)) {
        let rails = Rails::new(settings).unwrap();
        let (mut first, mut second) = (Controller::new(rails), Controller::new(rails));
        for window in &windows {
            prop_assert_eq!(first.step(window), second.step(window));
        }
        prop_assert_eq!(first.state(), second.state());
    }

    #[test]
    fn no_setting_keeps_sustained_errors_native(settings in any_settings(), windows in prop::collection::vec(any_window(), 0..40)) {
        let mut rails = Controller::new(Rails::new(settings).unwrap());
        for window in &windows {
            rails.step(window);
        }
        let errors = Window { errors: u64::from(settings.error_events), ..clean() };
        for _ in 0..settings.consecutive {
            rails.step(&errors);
        }
        prop_assert_eq!(rails.state().phase, Phase::Safe);
    }

    #[test]
    fn what_happens_obeys_the_rules(settings in any_settings(), windows in prop::collection::vec(any_window(), 0..120)) {
        let mut rails = Controller::new(Rails::new(settings).unwrap());
        for window in &windows {
            let before = rails.state().clone();
            let step = rails.step(window);
            let after = rails.state();
            match step.action {
                Action::Kept => {
                    prop_assert_eq!(after.phase, before.phase);
                    prop_assert_eq!(after.cooldown, before.cooldown.saturating_sub(1));
                    prop_assert_eq!(after.rollback_count, before.rollback_count);
                }
                Action::RolledBack(rail) => {
                    prop_assert!(before.phase != Phase::Safe);
                    prop_assert_eq!(after.phase, Phase::Safe);
                    prop_assert_eq!(after.rollback_count, before.rollback_count + 1);
                    prop_assert_eq!((after.steps, after.cooldown, after.evidence), (0, settings.cooldown, [0.0; 4]));
                    prop_assert_eq!(step.judgement.of(rail), Verdict::Breach);
                    prop_assert!(rail == Rail::RuntimeError || settings.hard_rollback);
                    prop_assert!(!(settings.strict && rail.is_performance()));
                }
                Action::Switched(reason) => {
                    prop_assert!(settings.auto_switch);
                    prop_assert_eq!(before.cooldown, 0);
                    prop_assert!(before.steps + 1 >= settings.dwell);
                    prop_assert!(after.phase != before.phase);
                    prop_assert_eq!(after.rollback_count, before.rollback_count);
                    prop_assert!(!(settings.strict && reason.is_performance()));
                }
            }
            // Nothing leads to native but a probe that passed.
            if step.phase == Phase::Native && step.before != Phase::Native {
                prop_assert_eq!(step.action, Action::Switched(RailReason::ProbePassed));
            }
        }
    }

    #[test]
    fn strict_rails_do_not_look_at_time(settings in any_settings(), windows in prop::collection::vec((any_window(), 1_u64..10_000, 1_u64..10_000), 0..80)) {
        let rails = Rails::new(Settings { strict: true, ..settings }).unwrap();
        let (mut first, mut second) = (Controller::new(rails), Controller::new(rails));
        for (window, p95_ns, busy_ns) in &windows {
            let otherwise_timed = Window { p95_ns: if window.samples == 0 { 0 } else { *p95_ns }, busy_ns: *busy_ns, ..*window };
            let (one, other) = (first.step(window), second.step(&otherwise_timed));
            prop_assert_eq!((one.phase, one.action), (other.phase, other.action));
        }
    }
}
