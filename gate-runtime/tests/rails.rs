//! The rules of the rails, and the properties that hold for every sequence of windows.

use gate_runtime::RailReason;
use gate_runtime::rails::{
    Action, Baseline, Controller, Phase, Rail, Rails, Settings, State, Step, Unjudged, Verdict, replay,
};
use gate_runtime::window::Window;

const BASELINE: Baseline = Baseline {
    p95_ns: 1_000,
    throughput: 100.0,
    p95_spread: 0.0,
    throughput_spread: 0.0,
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

/// A window that breaches the rails whose bit is set, in the order of precedence; time as far as one window can.
fn breaching(bits: u32) -> Window {
    let mut window = clean();
    if bits & 1 != 0 {
        window.errors = 1;
    }
    if bits & 2 != 0 {
        window.pressure_events = 1;
    }
    if bits & 4 != 0 {
        window.p95_ns = 2_000;
    }
    if bits & 8 != 0 {
        window.work = 3_200;
    }
    window
}

fn controller(settings: Settings) -> Controller {
    Controller::with_baseline(Rails::new(settings).expect("settings in range"), BASELINE)
}

fn phases(controller: &mut Controller, windows: &[Window]) -> Vec<Phase> {
    windows.iter().map(|window| controller.step(window).phase).collect()
}

#[test]
fn one_breach_is_not_sustained() {
    let mut rails = controller(Settings::default());
    assert_eq!(phases(&mut rails, &[failing(), clean(), failing()]), [Phase::Native; 3]);
    assert_eq!(rails.state().rollback_count, 0);
    let step = rails.step(&failing());
    assert_eq!(
        (step.phase, step.action),
        (Phase::Safe, Action::RolledBack(Rail::RuntimeError))
    );
    assert_eq!(
        rails.state().rollback_reason.map(|rail| rail.to_string()).as_deref(),
        Some("RUNTIME_ERROR")
    );
}

#[test]
fn breaches_of_different_rails_do_not_add_up() {
    let mut rails = controller(Settings::default());
    assert_eq!(
        phases(&mut rails, &[breaching(4), breaching(1), breaching(2), breaching(8)]),
        [Phase::Native; 4]
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
        assert_eq!(step.phase, Phase::Native);
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
                assert_eq!(step.shadow.reason, RailReason::from(rail));
                assert_eq!(step.shadow.phase, Phase::Safe);
            }
            None => assert_eq!((step.action, step.shadow.reason), (Action::Kept, RailReason::None)),
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
        Action::Switched(RailReason::from(Rail::Pressure))
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
    phases(&mut rails, &[clean(), breaching(15), breaching(15)]);
    let expected = State {
        phase: Phase::Safe,
        steps: 0,
        cooldown: 7,
        evidence: [0.0; 4],
        rest: 4,
        backoff: 1,
        served: 0,
        was_slow: false,
        rearmed: false,
        rollback_count: 1,
        rollback_reason: Some(Rail::RuntimeError),
        baseline: Some(BASELINE),
        suspect: false,
        probed: 0,
        uncompared: 0,
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
        let waited = (1..).find(|_| rails.step(&idle).phase == Phase::Probe).unwrap();
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
        "the recommendation is the phase in force"
    );
}

#[test]
fn the_way_back_leads_over_enough_probes_that_agree() {
    let mut rails = controller(Settings {
        dwell: 2,
        probe_calls: 100,
        ..Settings::default()
    });
    phases(&mut rails, &[failing(), failing()]);
    let idle = Window {
        calls: 64,
        ..Window::default()
    };
    let probed = Window { checked: 64, ..clean() };
    // The cooldown of two windows ends, then dwell has long been reached.
    assert_eq!(
        phases(&mut rails, &[idle, idle, idle]),
        [Phase::Safe, Phase::Safe, Phase::Probe]
    );
    assert_eq!(rails.step(&probed).shadow.reason, RailReason::ProbeRunning);
    let passed = rails.step(&probed);
    assert_eq!(
        (passed.shadow.phase, passed.shadow.reason),
        (Phase::Native, RailReason::ProbePassed)
    );
    assert_eq!(rails.step(&probed).action, Action::Switched(RailReason::ProbePassed));
    assert_eq!(rails.state().phase, Phase::Native);
    assert_eq!(rails.state().rollback_count, 1);
}

#[test]
fn one_failed_probe_is_enough() {
    let mut rails = controller(Settings {
        dwell: 1,
        cooldown: 0,
        ..Settings::default()
    });
    phases(
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
    assert_eq!(rails.state().phase, Phase::Probe);
    let step = rails.step(&failing());
    assert_eq!((step.phase, step.rollback_count), (Phase::Safe, 2));
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
        phases(&mut rails, &[mismatch, clean(), agreed, clean(), mismatch]),
        [Phase::Native; 5]
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
        assert_eq!(step.phase, Phase::Native);
        if count >= 2 {
            assert_eq!(
                (step.shadow.phase, step.shadow.reason),
                (Phase::Safe, RailReason::from(Rail::Latency))
            );
        }
    }
}

#[test]
fn strict_forbids_only_what_depends_on_time() {
    for (bits, phase) in [
        (1, Phase::Safe),
        (2, Phase::Safe),
        (4, Phase::Native),
        (8, Phase::Native),
    ] {
        for hard_rollback in [true, false] {
            let mut rails = controller(Settings {
                strict: true,
                hard_rollback,
                ..Settings::default()
            });
            let last = phases(&mut rails, &[breaching(bits); 8])[7];
            assert_eq!(last, phase, "{bits:04b}, hard_rollback {hard_rollback}");
        }
    }
}

#[test]
fn the_baseline_is_learned_once_from_clean_windows_and_without_their_outliers() {
    let mut rails = Controller::new(
        Rails::new(Settings {
            baseline_windows: 8,
            ..Settings::default()
        })
        .expect("settings in range"),
    );
    let few = Window {
        samples: 31,
        p95_ns: 9,
        ..clean()
    };
    for window in [failing(), few] {
        rails.step(&window);
        assert_eq!(rails.state().baseline, None);
    }
    // The first call of a process may take as long as it likes.
    for p95_ns in [900_000, 2_000, 2_000, 2_000, 1_900, 2_100, 2_000] {
        let step = rails.step(&Window { p95_ns, ..clean() });
        assert_eq!(step.judgement.latency, Verdict::Unjudged(Unjudged::NoBaseline));
    }
    rails.step(&Window { p95_ns: 1, ..clean() });
    let baseline = rails.state().baseline.expect("eight windows are enough");
    assert!(baseline.p95_ns.abs_diff(2_000) <= 1, "{baseline:?}");
    assert_eq!((baseline.throughput, baseline.throughput_spread), (100.0, 0.0));
    assert!((0.02..0.08).contains(&baseline.p95_spread), "{baseline:?}");
    rails.step(&Window { p95_ns: 1, ..clean() });
    assert_eq!(rails.state().baseline, Some(baseline), "it is learned once");
}

#[test]
fn an_outlier_is_not_a_breach_and_a_slow_kernel_is() {
    let mut rails = controller(Settings::default());
    let outlier = Window {
        p95_ns: u64::MAX,
        ..clean()
    };
    for _ in 0..50 {
        assert_eq!(rails.step(&outlier).phase, Phase::Native, "one window is no pattern");
        assert_eq!(phases(&mut rails, &[clean()]), [Phase::Native]);
    }
    let slow = Window {
        p95_ns: 1_250,
        ..clean()
    };
    let found = (1..=10).find(|_| rails.step(&slow).action == Action::RolledBack(Rail::Latency));
    assert!(found.is_some(), "{:?}", rails.state());
}

#[test]
fn each_return_that_fails_doubles_the_rest_and_time_in_native_takes_it_back() {
    let settings = Settings {
        dwell: 1,
        cooldown: 0,
        backoff: 3,
        ..Settings::default()
    };
    let mut rails = controller(settings);
    let idle = Window {
        calls: 64,
        ..Window::default()
    };
    let probed = Window {
        calls: 64,
        native: 64,
        checked: 64,
        ..Window::default()
    };
    let mut rests = Vec::new();
    phases(&mut rails, &[breaching(4); 2]);
    for _ in 0..5 {
        assert_eq!(rails.state().phase, Phase::Safe);
        rests.push((1..).find(|_| rails.step(&idle).phase == Phase::Probe).unwrap());
        assert_eq!(rails.step(&probed).phase, Phase::Native);
        // Half of the evidence is there already: it was slow, and is on a shorter leash.
        assert_eq!(rails.step(&breaching(4)).action, Action::RolledBack(Rail::Latency));
    }
    assert_eq!(rests, [1, 2, 4, 8, 8]);
    phases(&mut rails, &[idle; 8]);
    assert_eq!(rails.step(&probed).phase, Phase::Native);
    phases(&mut rails, &[clean(); 64]);
    assert_eq!(rails.state().backoff, 2);
    phases(&mut rails, &[clean(); 1_000]);
    assert_eq!((rails.state().backoff, rails.state().phase), (0, Phase::Native));
}

#[test]
fn an_operator_ends_a_rest_and_nothing_else() {
    let settings = Settings {
        dwell: 100,
        auto_switch: false,
        ..Settings::default()
    };
    let mut rails = controller(settings);
    assert!(!rails.rearm());
    phases(&mut rails, &[failing(), failing()]);
    assert!(rails.rearm());
    assert_eq!(rails.state().phase, Phase::Probe);
    let step = rails.step(&failing());
    assert_eq!(
        (step.phase, step.action),
        (Phase::Safe, Action::RolledBack(Rail::RuntimeError))
    );
    assert!(!rails.state().rearmed, "once is not for ever");
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
        let step = live.step(&window);
        recorded.push_str(&format!("{}\n", step.record(&window)));
        expected.push_str(&format!("{step}\n"));
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
        "window 1: native kept, shadow native NONE, rollbacks 0, cooldown 0\n\
         window 2: native kept, shadow native BREACH_NOT_SUSTAINED, RUNTIME_ERROR breached, rollbacks 0, cooldown 0\n\
         window 3: native rolled back to safe by RUNTIME_ERROR, shadow safe RUNTIME_ERROR, RUNTIME_ERROR breached, \
         PRESSURE breached, LATENCY breached, THROUGHPUT breached, rollbacks 1, cooldown 0\n\
         window 4: safe switched to probe by PROBE_DUE, shadow probe PROBE_DUE, RUNTIME_ERROR no_native_calls, \
         LATENCY no_native_calls, THROUGHPUT no_native_calls, rollbacks 1, cooldown 0\n\
         window 5: probe switched to native by PROBE_PASSED, shadow native PROBE_PASSED, rollbacks 1, cooldown 0\n\
         window 6: native kept, shadow native NONE, rollbacks 1, cooldown 0\n"
    );

    let missing = |skip: usize| {
        let rest: Vec<&str> = (0..)
            .zip(recorded.lines())
            .filter(|(at, _)| *at != skip)
            .map(|(_, line)| line)
            .collect();
        let error = replay(&mut controller(settings), &rest.join("\n"), &mut Vec::new());
        error.expect_err("a window is missing").to_string()
    };
    assert_eq!(
        missing(0),
        "line 1: `window` is 2, but window 1 is next; replay all windows from the start"
    );
    assert_eq!(
        missing(3),
        "line 4: `window` is 5 after 3: lines are missing or repeated"
    );

    let other = replay(&mut controller(Settings::default()), &recorded, &mut Vec::new()).unwrap_err();
    assert!(
        other
            .to_string()
            .starts_with("line 5: the window was recorded in phase probe, but these rails are in phase safe")
    );
}

#[test]
fn a_replay_re_arms_where_the_operator_did() {
    let settings = Settings {
        auto_switch: false,
        ..Settings::default()
    };
    let mut live = controller(settings);
    let (mut recorded, mut expected) = (String::new(), String::new());
    for window in [failing(), failing(), clean()] {
        let rearmed = live.rearm();
        let mut step = live.step(&window);
        step.rearmed = rearmed;
        recorded.push_str(&format!("{}\n", step.record(&window)));
        expected.push_str(&format!("{step}\n"));
    }
    assert!(
        recorded.ends_with("\"phase\":\"probe\",\"rearmed\":true}\n"),
        "{recorded}"
    );
    let mut trace = Vec::new();
    replay(&mut controller(settings), &recorded, &mut trace).unwrap();
    assert_eq!(String::from_utf8(trace).unwrap(), expected);
    assert!(expected.contains("window 3: re-armed, probe kept"), "{expected}");
}
