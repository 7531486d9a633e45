//! The short form of the experiments of `examples/service_levels`: the same seeds, fewer replays.

use gate_suites::slo::judge::Verdict;

#[path = "../examples/service_levels/passes.rs"]
mod passes;
#[path = "../examples/service_levels/simulation.rs"]
mod simulation;

use simulation::Service;

const HEALTHY: Service = Service {
    spent: 0.5,
    burst: 1,
    burn: None,
    declared: false,
};

fn failed(service: Service, replays: u64) -> u64 {
    let failed = |seed: &u64| service.replay(*seed).0.verdict == Verdict::Fail;
    (0..replays).filter(failed).count() as u64
}

#[test]
fn healthy_tenants_do_not_fail() {
    assert_eq!(failed(HEALTHY, 12), 0);
    assert_eq!(failed(Service { burst: 5, ..HEALTHY }, 12), 0);
    // The rule that compares with the budget fails nearly all of them: the services are not simply far below it.
    let over = (0..12).filter(|seed| HEALTHY.replay(*seed).1).count();
    assert!(over >= 9, "{over}");
}

#[test]
fn a_burning_day_is_found() {
    let burning = Service {
        burn: Some((24, 5.0)),
        ..HEALTHY
    };
    assert_eq!(failed(burning, 12), 12);
}

#[test]
fn what_must_not_pass_does_not() {
    let told = |cases: &[passes::Case]| -> String {
        cases
            .iter()
            .map(|case| format!("{}: {}\n", case.name, case.told()))
            .collect()
    };
    for case in passes::healthy() {
        assert_eq!(case.verdict(), Verdict::Pass, "{}: {}", case.name, case.told());
    }
    insta::assert_snapshot!(told(&passes::unhealthy()));
    for case in passes::unhealthy() {
        assert_ne!(case.verdict(), Verdict::Pass, "{}", case.name);
    }
}
