//! The rules of the rails, and the properties that hold for every sequence of windows.

use gate_runtime::rails::{
    Action, Baseline, Controller, FIELDS, Mode, Rail, Rails, Settings, ShadowReason, State, Step, Unjudged, Value,
    Verdict, replay,
};
use gate_runtime::window::Window;
use proptest::prelude::*;

const BASELINE: Baseline = Baseline {
    p95_ns: 1_000,
    throughput: 100.0,
};

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

fn failing() -> Window {
    Window {
        errors: 1,
        samples: 63,
        ..clean()
    }
}

/// A window that breaches the rails whose bit is set, in the order of precedence.
fn breaching(bits: u32) -> Window {
    let mut window = clean();
    if bits & 1 != 0 {
        window.errors = 1;
    }
    if bits & 2 != 0 {
        window.pressure_events = 1;
    }
    if bits & 4 != 0 {
        window.p95_ns = 1_081;
    }
    if bits & 8 != 0 {
        window.work = 6_079;
    }
    window
}

fn controller(settings: Settings) -> Controller {
    Controller::with_baseline(Rails::new(settings).unwrap(), BASELINE)
}

fn modes(controller: &mut Controller, windows: &[Window]) -> Vec<Mode> {
    windows.iter().map(|window| controller.step(window).mode).collect()
}

#[test]
fn one_breach_is_not_sustained() {
    let mut rails = controller(Settings::default());
    assert_eq!(modes(&mut rails, &[failing(), clean(), failing()]), [Mode::Native; 3]);
    assert_eq!(rails.state().rollback_count, 0);
    let step = rails.step(&failing());
    assert_eq!(
        (step.mode, step.action),
        (Mode::Safe, Action::RolledBack(Rail::RuntimeError))
    );
    assert_eq!(rails.state().rollback_reason.map(Rail::code), Some("runtime_error"));
}

#[test]
fn breaches_of_different_rails_do_not_add_up() {
    let mut rails = controller(Settings::default());
    assert_eq!(
        modes(&mut rails, &[breaching(4), breaching(1), breaching(2), breaching(8)]),
        [Mode::Native; 4]
    );
}

#[test]
fn a_window_that_cannot_be_judged_is_neither_breach_nor_clean() {
    let mut rails = controller(Settings::default());
    let few = Window { samples: 31, ..clean() };
    let slow = breaching(4);
    let steps: Vec<Step> = [slow, few, slow].iter().map(|window| rails.step(window)).collect();
    assert_eq!(
        steps[1].judgement.latency,
        Verdict::Unjudged(Unjudged::InsufficientSamples)
    );
    assert_eq!(steps[2].action, Action::RolledBack(Rail::Latency));
}

#[test]
fn a_p95_without_enough_samples_is_no_breach() {
    let mut rails = controller(Settings::default());
    let slow_but_few = Window {
        samples: 31,
        p95_ns: u64::MAX,
        ..clean()
    };
    for _ in 0..100 {
        let step = rails.step(&slow_but_few);
        assert_eq!(step.judgement.latency, Verdict::Unjudged(Unjudged::InsufficientSamples));
        assert_eq!(step.mode, Mode::Native);
    }
}

#[test]
fn the_limit_itself_is_allowed() {
    let mut rails = controller(Settings {
        consecutive: 1,
        ..Settings::default()
    });
    let at_limit = Window {
        p95_ns: 1_080,
        work: 6_080,
        calls: 100,
        pressured: 19,
        ..clean()
    };
    assert_eq!(rails.step(&at_limit).judgement.first_breach(), None);
    let pressed = Window {
        pressured: 20,
        ..at_limit
    };
    assert_eq!(rails.step(&pressed).judgement.first_breach(), Some(Rail::Pressure));
}

#[test]
fn precedence_over_all_combinations_of_breaches() {
    for bits in 0..16_u32 {
        let mut rails = controller(Settings {
            consecutive: 1,
            ..Settings::default()
        });
        let step = rails.step(&breaching(bits));
        let expected = Rail::ALL
            .into_iter()
            .enumerate()
            .find(|(bit, _)| bits & (1 << bit) != 0)
            .map(|(_, rail)| rail);
        assert_eq!(step.judgement.first_breach(), expected, "{bits:04b}");
        match expected {
            Some(rail) => {
                assert_eq!(step.action, Action::RolledBack(rail), "{bits:04b}");
                assert_eq!(step.shadow.reason, ShadowReason::Breach(rail));
                assert_eq!(step.shadow.mode, Mode::Safe);
            }
            None => assert_eq!(
                (step.action, step.shadow.reason),
                (Action::Kept, ShadowReason::WithinLimits)
            ),
        }
    }
}

#[test]
fn a_rail_that_may_not_act_does_not_shield_the_next() {
    let strict = Settings {
        consecutive: 1,
        strict: true,
        hard_rollback: false,
        dwell: 1,
        ..Settings::default()
    };
    let mut rails = controller(strict);
    // Latency may not act, pressure may, by a switch.
    assert_eq!(
        rails.step(&breaching(2 | 4)).action,
        Action::Switched(ShadowReason::Breach(Rail::Pressure))
    );
    let mut rails = controller(Settings {
        hard_rollback: false,
        auto_switch: false,
        ..strict
    });
    // Pressure may not act, the error may.
    assert_eq!(
        rails.step(&breaching(1 | 2 | 4)).action,
        Action::RolledBack(Rail::RuntimeError)
    );
}

#[test]
fn a_rollback_resets_everything_but_its_count() {
    let settings = Settings {
        cooldown: 7,
        ..Settings::default()
    };
    let mut rails = controller(settings);
    modes(&mut rails, &[clean(), breaching(15), breaching(15)]);
    let expected = State {
        mode: Mode::Safe,
        steps: 0,
        cooldown: 7,
        breaches: [0; 4],
        rollback_count: 1,
        rollback_reason: Some(Rail::RuntimeError),
        baseline: Some(BASELINE),
        suspect: false,
        probed: 0,
        windows: 3,
    };
    assert_eq!(*rails.state(), expected);
}

#[test]
fn a_switch_needs_cooldown_over_dwell_reached_and_another_recommendation() {
    let idle = Window {
        calls: 64,
        ..Window::default()
    };
    for (dwell, cooldown, first_probe) in [(1, 0, 1), (4, 2, 4), (1, 3, 4), (3, 3, 4), (5, 4, 5)] {
        let mut rails = controller(Settings {
            dwell,
            cooldown,
            consecutive: 1,
            ..Settings::default()
        });
        rails.step(&failing());
        let waited = (1..).find(|_| rails.step(&idle).mode == Mode::Probe).unwrap();
        assert_eq!(waited, first_probe, "dwell {dwell}, cooldown {cooldown}");
    }
    let mut rails = controller(Settings {
        dwell: 1,
        cooldown: 0,
        ..Settings::default()
    });
    assert_eq!(
        rails.step(&clean()).action,
        Action::Kept,
        "the recommendation is the mode in force"
    );
}

#[test]
fn the_way_back_leads_over_enough_probes_that_agree() {
    let mut rails = controller(Settings {
        dwell: 2,
        probe_calls: 100,
        ..Settings::default()
    });
    modes(&mut rails, &[failing(), failing()]);
    let idle = Window {
        calls: 64,
        ..Window::default()
    };
    let probed = Window { checked: 64, ..clean() };
    // The cooldown of two windows ends, then dwell has long been reached.
    assert_eq!(
        modes(&mut rails, &[idle, idle, idle]),
        [Mode::Safe, Mode::Safe, Mode::Probe]
    );
    assert_eq!(rails.step(&probed).shadow.reason, ShadowReason::ProbeRunning);
    let passed = rails.step(&probed);
    assert_eq!(
        (passed.shadow.mode, passed.shadow.reason),
        (Mode::Native, ShadowReason::ProbePassed)
    );
    assert_eq!(rails.step(&probed).action, Action::Switched(ShadowReason::ProbePassed));
    assert_eq!(rails.state().mode, Mode::Native);
    assert_eq!(rails.state().rollback_count, 1);
}

#[test]
fn calls_that_nobody_compared_prove_nothing_while_probing() {
    let mut rails = controller(Settings {
        dwell: 1,
        cooldown: 0,
        consecutive: 1,
        ..Settings::default()
    });
    modes(
        &mut rails,
        &[
            failing(),
            Window {
                calls: 64,
                ..Window::default()
            },
        ],
    );
    assert_eq!(rails.state().mode, Mode::Probe);
    for _ in 0..100 {
        assert_eq!(rails.step(&clean()).mode, Mode::Probe);
    }
}

#[test]
fn one_failed_probe_is_enough() {
    let mut rails = controller(Settings {
        dwell: 1,
        cooldown: 0,
        ..Settings::default()
    });
    modes(
        &mut rails,
        &[
            failing(),
            failing(),
            Window {
                calls: 64,
                ..Window::default()
            },
        ],
    );
    assert_eq!(rails.state().mode, Mode::Probe);
    let step = rails.step(&failing());
    assert_eq!((step.mode, step.rollback_count), (Mode::Safe, 2));
}

#[test]
fn a_mismatch_is_not_forgiven_by_windows_that_compare_nothing() {
    let mut rails = controller(Settings::default());
    let mismatch = Window {
        checked: 1,
        mismatches: 1,
        ..clean()
    };
    rails.step(&mismatch);
    for _ in 0..10 {
        let step = rails.step(&clean());
        assert_eq!(step.judgement.runtime_error, Verdict::Unjudged(Unjudged::NotCompared));
    }
    assert_eq!(rails.step(&mismatch).action, Action::RolledBack(Rail::RuntimeError));

    let mut rails = controller(Settings::default());
    let agreed = Window { checked: 1, ..clean() };
    assert_eq!(
        modes(&mut rails, &[mismatch, clean(), agreed, clean(), mismatch]),
        [Mode::Native; 5]
    );
}

#[test]
fn the_recommendation_is_recorded_where_it_is_not_followed() {
    let off = Settings {
        auto_switch: false,
        hard_rollback: false,
        ..Settings::default()
    };
    let mut rails = controller(off);
    for count in 1..=20 {
        let step = rails.step(&breaching(4));
        assert_eq!(step.mode, Mode::Native);
        if count >= 2 {
            assert_eq!(
                (step.shadow.mode, step.shadow.reason),
                (Mode::Safe, ShadowReason::Breach(Rail::Latency))
            );
        }
    }
}

#[test]
fn strict_forbids_only_what_depends_on_time() {
    for (bits, mode) in [(1, Mode::Safe), (2, Mode::Safe), (4, Mode::Native), (8, Mode::Native)] {
        for hard_rollback in [true, false] {
            let mut rails = controller(Settings {
                strict: true,
                hard_rollback,
                ..Settings::default()
            });
            let last = modes(&mut rails, &[breaching(bits); 8])[7];
            assert_eq!(last, mode, "{bits:04b}, hard_rollback {hard_rollback}");
        }
    }
}

#[test]
fn the_baseline_is_the_median_of_the_first_clean_windows() {
    let mut rails = Controller::new(Rails::default());
    let few = Window {
        samples: 31,
        p95_ns: 9,
        ..clean()
    };
    for (window, known) in [(failing(), false), (few, false)] {
        rails.step(&window);
        assert_eq!(rails.state().baseline.is_some(), known);
    }
    for p95_ns in [4_000, 1_000, 2_000] {
        let step = rails.step(&Window { p95_ns, ..clean() });
        assert_eq!(step.judgement.latency, Verdict::Unjudged(Unjudged::NoBaseline));
    }
    rails.step(&Window {
        p95_ns: 3_000,
        ..clean()
    });
    assert_eq!(
        rails.state().baseline,
        Some(Baseline {
            p95_ns: 2_000,
            throughput: 100.0
        })
    );
    rails.step(&Window { p95_ns: 1, ..clean() });
    assert_eq!(rails.state().baseline.unwrap().p95_ns, 2_000, "it is learned once");
}

#[test]
fn defaults_are_those_that_are_documented() {
    let defaults = Settings::default();
    for field in FIELDS {
        assert_eq!(defaults.get(field.name), Some(field.default), "{}", field.name);
    }
    assert!(Rails::new(defaults).is_ok());
    let named = |name: &str| FIELDS.iter().find(|field| field.name == name).unwrap().default;
    assert_eq!(named("auto_switch"), Value::Flag(true));
    assert_eq!(named("hard_rollback"), Value::Flag(true));
    assert_eq!(named("dwell"), Value::Count(4));
    assert_eq!(named("cooldown"), Value::Count(2));
    assert_eq!(named("consecutive"), Value::Count(2));
    assert_eq!(named("latency_rise"), Value::Ratio(0.08));
    assert_eq!(named("throughput_drop"), Value::Ratio(0.05));
    assert_eq!(named("pressure"), Value::Ratio(0.20));
    assert_eq!(named("pressure_events"), Value::Count(1));
}

#[test]
fn a_value_out_of_range_is_refused_with_its_field_and_range() {
    let mut settings = Settings::default();
    for (name, text, message) in [
        ("dwell", "0", "`dwell = 0` is refused: `dwell` takes 1 to 10000"),
        (
            "latency_rise",
            "NaN",
            "`latency_rise = NaN` is refused: `latency_rise` takes above 0.0, up to 100.0",
        ),
        (
            "throughput_drop",
            "1.0",
            "`throughput_drop = 1.0` is refused: `throughput_drop` takes above 0.0, below 1.0",
        ),
        (
            "pressure",
            "-0.2",
            "`pressure = -0.2` is refused: `pressure` takes above 0.0, up to 1.0",
        ),
        (
            "strict",
            "yes",
            "`strict = yes` is refused: `strict` takes true or false",
        ),
        (
            "dwel",
            "4",
            "`dwel = 4` is refused: `dwel` takes a name in `rails::FIELDS`",
        ),
    ] {
        assert_eq!(settings.set(name, text).unwrap_err().to_string(), message);
    }
    assert_eq!(settings, Settings::default(), "nothing was replaced");

    let all = Settings {
        dwell: 0,
        pressure: f64::INFINITY,
        min_samples: 65,
        ..settings
    };
    let refused = Rails::new(all).unwrap_err();
    let fields: Vec<&str> = refused.all().iter().map(|invalid| invalid.field.as_str()).collect();
    assert_eq!(fields, ["min_samples", "dwell", "pressure"]);
}

#[test]
fn every_field_can_be_set_and_has_bounds() {
    for field in FIELDS {
        let mut settings = Settings::default();
        let (good, bad) = match field.default {
            Value::Flag(_) => ("false", "0"),
            Value::Count(_) => ("20", "4294967295"),
            Value::Ratio(_) => ("0.5", "1000.0"),
        };
        settings.set(field.name, good).unwrap();
        assert_eq!(settings.get(field.name).unwrap().to_string(), good, "{}", field.name);
        let refused = settings.set(field.name, bad).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.range), (field.name, field.range));
    }
}

#[test]
fn a_replay_prints_the_trace_of_what_was_recorded() {
    let mut live = controller(Settings {
        dwell: 1,
        cooldown: 0,
        probe_calls: 64,
        ..Settings::default()
    });
    let idle = Window {
        calls: 64,
        ..Window::default()
    };
    let probed = Window { checked: 64, ..clean() };
    let (mut recorded, mut expected) = (String::new(), String::new());
    for window in [clean(), failing(), breaching(15), idle, probed, clean()] {
        recorded.push_str(&window.to_json(Some(live.state().mode)));
        recorded.push('\n');
        expected.push_str(&format!("{}\n", live.step(&window)));
    }
    let settings = Settings {
        dwell: 1,
        cooldown: 0,
        probe_calls: 64,
        ..Settings::default()
    };
    let mut trace = Vec::new();
    replay(&mut controller(settings), &recorded, &mut trace).unwrap();
    let trace = String::from_utf8(trace).unwrap();
    assert_eq!(trace, expected);
    assert_eq!(
        trace,
        "window 1: native kept, shadow native within_limits, rollbacks 0, cooldown 0\n\
         window 2: native kept, shadow native breach_not_sustained, runtime_error breached, rollbacks 0, cooldown 0\n\
         window 3: native rolled back to safe by runtime_error, shadow safe runtime_error, runtime_error breached, \
         pressure breached, latency breached, throughput breached, rollbacks 1, cooldown 0\n\
         window 4: safe switched to probe by probe_due, shadow probe probe_due, runtime_error no_native_calls, \
         latency no_native_calls, throughput no_native_calls, rollbacks 1, cooldown 0\n\
         window 5: probe switched to native by probe_passed, shadow native probe_passed, rollbacks 1, cooldown 0\n\
         window 6: native kept, shadow native within_limits, rollbacks 1, cooldown 0\n"
    );

    let other = replay(&mut controller(Settings::default()), &recorded, &mut Vec::new()).unwrap_err();
    assert!(
        other
            .to_string()
            .starts_with("line 5: the window ran in mode probe, these rails would have been in safe")
    );
}

prop_compose! {
    fn any_settings()(
        switches in prop::array::uniform3(any::<bool>()),
        consecutive in 1_u32..5, dwell in 1_u32..6, cooldown in 0_u32..6, error_events in 1_u32..3,
        baseline_windows in 1_u32..4, probe_calls in 1_u32..200,
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
        prop_assert_eq!(rails.state().mode, Mode::Safe);
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
                    prop_assert_eq!(after.mode, before.mode);
                    prop_assert_eq!(after.cooldown, before.cooldown.saturating_sub(1));
                    prop_assert_eq!(after.rollback_count, before.rollback_count);
                }
                Action::RolledBack(rail) => {
                    prop_assert!(before.mode != Mode::Safe);
                    prop_assert_eq!(after.mode, Mode::Safe);
                    prop_assert_eq!(after.rollback_count, before.rollback_count + 1);
                    prop_assert_eq!((after.steps, after.cooldown, after.breaches), (0, settings.cooldown, [0; 4]));
                    prop_assert_eq!(step.judgement.of(rail), Verdict::Breach);
                    prop_assert!(rail == Rail::RuntimeError || settings.hard_rollback);
                    prop_assert!(!(settings.strict && rail.is_performance()));
                }
                Action::Switched(reason) => {
                    prop_assert!(settings.auto_switch);
                    prop_assert_eq!(before.cooldown, 0);
                    prop_assert!(before.steps + 1 >= settings.dwell);
                    prop_assert!(after.mode != before.mode);
                    prop_assert_eq!(after.rollback_count, before.rollback_count);
                    prop_assert!(!(settings.strict && reason.is_performance()));
                }
            }
            // Nothing leads to native but a probe that passed.
            if step.mode == Mode::Native && step.before != Mode::Native {
                prop_assert_eq!(step.action, Action::Switched(ShadowReason::ProbePassed));
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
            prop_assert_eq!((one.mode, one.action), (other.mode, other.action));
        }
    }
}
