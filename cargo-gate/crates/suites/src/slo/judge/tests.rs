use jiff::SignedDuration;

use super::*;
use gate_report::Location;

fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn hours_ago(hours: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_hours(hours)).unwrap()
}

fn terms() -> Terms {
    let hours = SignedDuration::from_hours;
    Terms {
        look_back: [6, 24, 72, 672].map(hours).to_vec(),
        max_gap: hours(36),
        max_idle: hours(6),
        min_history: hours(24),
        alpha: 0.01,
        confidence: 0.95,
    }
}

/// A series whose last hours were like that: bad of all, oldest first.
fn unit(tenant: &str, hours: &[(u64, u64)]) -> Unit {
    let counts = hours.iter().enumerate().map(|(at, (bad, total))| {
        let ago = (hours.len() - at) as i64;
        Count {
            from: Some(hours_ago(ago)),
            to: hours_ago(ago - 1),
            bad: *bad,
            total: *total,
        }
    });
    Unit {
        objective: "ok".to_owned(),
        workload: String::new(),
        tenant: tenant.to_owned(),
        sum_of: 1,
        budget: 0.01,
        burst: None,
        prove: true,
        declared: false,
        former: false,
        counts: counts.collect(),
        location: Location::line("gate.toml", 9),
    }
}

fn told(units: &[Unit]) -> String {
    let judgement = judge(units, &terms(), now());
    let breaches = judgement.breaches.iter().map(|breach| {
        format!(
            "{} {} of {} in {}, p {:.0e}",
            units[breach.unit],
            breach.bad,
            breach.events,
            length(breach.look_back),
            breach.p
        )
    });
    let verdict = match &judgement.verdict {
        Verdict::Inconclusive(why) => format!("Inconclusive {}", why.join("; ")),
        Verdict::Vacuous(why) => format!("Vacuous {}", why.join("; ")),
        other => format!("{other:?}"),
    };
    std::iter::once(verdict).chain(breaches).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_budget_that_is_kept_passes_when_it_is_shown() {
    assert_eq!(told(&[unit("", &[(0, 100); 48])]), "Pass");
    assert_eq!(told(&[unit("", &[(1, 200); 48])]), "Pass");
    insta::assert_snapshot!(told(&[unit("a", &[(0, 2); 48])]), @"Inconclusive 0 of 96 events of `ok` of tenant `a` were bad, and up to 3.07 % cannot be excluded at 95 %, more than the budget of 1 %: 203 more events at this rate are needed; 5 times the budget would not be found with 96 events of `ok` of tenant `a`: 5 more are needed");
    insta::assert_snapshot!(told(&[unit("", &[(1, 100); 48])]), @"Inconclusive 48 of 4800 events of `ok` were bad, and up to 1.27 % cannot be excluded at 95 %, more than the budget of 1 %: at this rate no number of events shows that it is kept");
}

#[test]
fn a_burn_is_found_over_the_shortest_time_that_shows_it() {
    let mut hours = [(0, 100); 672];
    hours[668..].fill((10, 100));
    insta::assert_snapshot!(told(&[unit("", &hours)]), @"
    Fail
    `ok` 40 of 600 in 6 h, p 2e-20
    ");
    // One that lasts is found over the whole time.
    insta::assert_snapshot!(told(&[unit("", &[(3, 200); 672])]), @"
    Fail
    `ok` 2016 of 134400 in 28 d, p 3e-66
    ");
    // One hour, after a month without a single bad event.
    let mut hours = [(0, 100); 672];
    hours[671] = (100, 100);
    insta::assert_snapshot!(told(&[unit("", &hours)]), @"
    Fail
    `ok` 100 of 600 in 6 h, p 8e-87
    ");
}

#[test]
fn what_was_not_measured_is_vacuous() {
    insta::assert_snapshot!(told(&[]), @"Vacuous nothing was measured");
    insta::assert_snapshot!(told(&[unit("", &[(0, 0); 48])]), @"Vacuous `ok` was measured 48 times and had no event: a service that is down has none either");
    let mut down = [(0, 100); 48];
    down[40..].fill((0, 0));
    insta::assert_snapshot!(told(&[unit("", &down)]), @"Vacuous `ok` had no event from 2026-11-21T16:00:00Z until 2026-11-22T00:00:00Z, 8 h, although it was measured; at most 6 h may be without (`max-idle`)");
    let mut stale = unit("", &[(0, 100); 100]);
    stale.counts.truncate(60);
    insta::assert_snapshot!(told(&[stale]), @"Vacuous `ok` was not measured from 2026-11-20T08:00:00Z up to now, 40 h; at most 36 h may be missing (`max-gap`)");
    let mut gone = unit("a", &[(0, 100); 100]);
    gone.counts
        .retain(|count| count.to <= hours_ago(95) || count.to >= hours_ago(30));
    insta::assert_snapshot!(told(&[gone.clone(), unit("b", &[(0, 100); 100])]), @"Vacuous `ok` of tenant `a` was not measured from 2026-11-18T01:00:00Z until 2026-11-20T17:00:00Z, 64 h; at most 36 h may be missing (`max-gap`); `ok` of tenant `a` is missing in 64 of 100 windows in which others were measured");
    gone.former = true;
    assert_eq!(told(&[gone, unit("b", &[(0, 100); 100])]), "Pass");
    insta::assert_snapshot!(told(&[unit("a", &[]), unit("b", &[(0, 100); 48])]), @"Vacuous `ok` of tenant `a` was not measured in the last 28 d");
    insta::assert_snapshot!(told(&[unit("", &[(0, 1000); 5])]), @"Inconclusive the measurements span 5 h, and 1 d are needed (`min-history`)");
}

/// A new tenant needs no past, and a declared one does.
#[test]
fn a_declared_tenant_is_measured_from_the_beginning() {
    let old = unit("a", &[(0, 100); 200]);
    let mut new = unit("b", &[(0, 100); 48]);
    assert_eq!(told(&[old.clone(), new.clone()]), "Pass");
    new.declared = true;
    insta::assert_snapshot!(told(&[old, new]), @"Vacuous `ok` of tenant `b` was not measured from 2026-11-13T17:00:00Z until 2026-11-20T00:00:00Z, 151 h; at most 36 h may be missing (`max-gap`); `ok` of tenant `b` is missing in 152 of 200 windows in which others were measured");
}

#[test]
fn bursts_count_as_bursts() {
    // Five at a time, 20 of 24 hours without any: within a budget of 1 % only if they are one event each.
    let hours: Vec<_> = (0..672)
        .map(|at| if at % 12 == 0 { (6, 60) } else { (0, 60) })
        .collect();
    let (mut alone, burst) = (unit("", &hours), unit("", &hours));
    alone.burst = Some(1.0);
    let units = [alone, burst];
    let judged = |unit: &Unit| judge(std::slice::from_ref(unit), &terms(), now());
    let dispersion = |unit: &Unit| judged(unit).levels[0].dispersion;
    assert_eq!(dispersion(&units[0]), 1.0);
    assert!((5.0..6.5).contains(&dispersion(&units[1])), "{}", dispersion(&units[1]));
    assert!(judged(&units[1]).levels[0].excluded > judged(&units[0]).levels[0].excluded);
}

#[test]
fn several_tests_share_one_alpha() {
    // Eight of 240 in a day at 1 %: p = .003, enough alone, and not beside forty others.
    let burning = |name: &str| {
        let mut hours = [(0, 10); 24];
        hours[3] = (8, 10);
        let mut unit = unit(name, &hours);
        unit.burst = Some(1.0);
        unit
    };
    assert!(told(&[burning("a")]).starts_with("Fail"), "{}", told(&[burning("a")]));
    let mut units: Vec<Unit> = (0..40).map(|at| unit(&format!("t{at}"), &[(0, 10); 24])).collect();
    units.push(burning("a"));
    assert!(!told(&units).starts_with("Fail"), "{}", told(&units));
}

#[test]
fn a_unit_in_which_no_burn_would_be_found_is_no_evidence() {
    let mut few = unit("", &[(0, 13); 24]);
    few.budget = 0.2;
    // Enough for the bound, at a budget of a fifth; and five times the budget is everything.
    assert_eq!(told(&[few]), "Pass");
    let mut strict = terms();
    strict.alpha = 1e-6;
    strict.confidence = 0.5;
    let units = [unit("", &[(0, 3); 24])];
    let Verdict::Inconclusive(missing) = judge(&units, &strict, now()).verdict else {
        panic!("{:?}", judge(&units, &strict, now()).verdict);
    };
    insta::assert_snapshot!(missing.join("\n"), @"5 times the budget would not be found with 72 events of `ok`: 230 more are needed");
}

#[test]
fn numbers_read_as_numbers() {
    assert_eq!(
        ["0.001", "0.0005", "0.95", "1", "0", "0.00012345"].map(|share| percent(share.parse().unwrap())),
        ["0.1 %", "0.05 %", "95 %", "100 %", "0 %", "0.0123 %"]
    );
    let seconds = [30, 90, 3600, 5400, 86_400 * 28, 100_000, 400_000];
    let lengths = seconds.map(|seconds| length(SignedDuration::from_secs(seconds)));
    assert_eq!(lengths, ["30 s", "90 s", "1 h", "90 min", "28 d", "27.8 h", "4.6 d"]);
}
