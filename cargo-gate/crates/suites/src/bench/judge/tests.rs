use super::super::table::Series;
use super::*;
use gate_base::stage::Stage;
use gate_base::stats::SplitMix64;
use gate_policy::BenchReference;
use gate_report::Location;
use gate_report::testing::findings_text;

fn policy() -> BenchPolicy {
    BenchPolicy {
        reference: BenchReference::Command(vec!["measure".into()]),
        rounds: 3,
        max_pairs: 60,
        build: None,
        process: Vec::new(),
        json: Vec::new(),
        mode: BenchMode::Pr,
        time: 1.1,
        size: 1.2,
        memory: 1.05,
        count: 1.01,
        expect: Vec::new(),
        added: Added::Refuse,
        metrics: Vec::new(),
        calibrate: false,
    }
}

fn alone() -> BenchPolicy {
    BenchPolicy {
        reference: BenchReference::None,
        ..policy()
    }
}

fn metric(name: &str) -> MetricPolicy {
    MetricPolicy {
        name: name.into(),
        reference: None,
        max_ratio: None,
        min_ratio: None,
        at_most: None,
        at_least: None,
        blocks_at: None,
        location: Location::line("gate.toml", 9),
    }
}

/// Twenty samples around a value, of which the middle half deviates by `spread` of it at most.
fn around(value: f64, spread: f64) -> Vec<f64> {
    (0..20)
        .map(|n| value * (1.0 + spread * (f64::from(n % 5) - 2.0)))
        .collect()
}

fn readings(of: &[(&str, &str, Vec<f64>)]) -> Readings {
    let mut readings = Readings::default();
    for (name, unit, samples) in of {
        readings.add((*name).to_owned(), unit, samples.clone());
    }
    readings
}

/// Benchmarks of one side: name, unit, value, and how far processes lie from it by chance.
type Side<'a> = &'a [(&'a str, &'a str, f64, f64)];

/// Processes of one side.
fn side(of: Side<'_>, pairs: usize, seed: u64) -> Vec<Readings> {
    let mut random = SplitMix64::new(seed);
    (0..pairs)
        .map(|_| {
            let mut chance = |spread: f64| 1.0 + spread * (random.unit() + random.unit() - 1.0);
            let all: Vec<_> = of
                .iter()
                .map(|(name, unit, value, spread)| {
                    // What is the same each time has one sample.
                    let value = value * chance(*spread);
                    let samples = if *spread == 0.0 {
                        vec![value]
                    } else {
                        around(value, spread / 10.0)
                    };
                    (*name, *unit, samples)
                })
                .collect();
            readings(&all)
        })
        .collect()
}

fn pairs(measured: Side<'_>, reference: Side<'_>, pairs: usize) -> Series {
    Series {
        measured: side(measured, pairs, 1),
        reference: Some(side(reference, pairs, 2)),
    }
}

fn suite() -> SuitePolicy {
    super::super::super::tests::suite(&["measure"])
}

fn shown(suite: &SuitePolicy, policy: &BenchPolicy, series: &Series) -> String {
    confirmed(suite, policy, series, None)
}

fn confirmed(suite: &SuitePolicy, policy: &BenchPolicy, series: &Series, before: Option<&Confirmation>) -> String {
    let mut looks = Looks::default();
    if series.reference.is_some() && !hopeless(series) {
        looks.look(policy, series);
    }
    let judgement = judge(suite, policy, series, &looks, before, 7);
    let mut text = findings_text(&judgement.findings).replace(
        "  help: measure again with `cargo gate suite unit`, and find what got slower or larger\n",
        "",
    );
    if !text.is_empty() {
        text.push('\n');
    }
    for message in judgement.undecided {
        text.push_str(&format!("undecided: {message}\n"));
    }
    for message in judgement.vacuous {
        text.push_str(&format!("vacuous: {message}\n"));
    }
    for measured in judgement.measurements {
        text.push_str(&format!("{}: {:?}\n", measured.name, measured.standing));
    }
    text
}

#[test]
fn a_slower_benchmark_breaks_the_budget_of_its_mode() {
    let old: Side<'_> = &[("parse", "us", 10.0, 0.02), ("print", "us", 10.0, 0.02)];
    let new: Side<'_> = &[("parse", "us", 10.8, 0.02), ("print", "us", 12.0, 0.02)];
    let series = pairs(new, old, 14);
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    `print` is 1.20 times its reference (1.19 to 1.21 in 14 pairs); at most 1.10 is allowed [pilot]
      because: gate.toml:3
    parse: Within
    print: Beyond
    ");
    let nightly = BenchPolicy {
        time: 1.05,
        mode: BenchMode::Nightly,
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &nightly, &series), @"
    `parse` is 1.09 times its reference (1.08 to 1.10 in 14 pairs); at most 1.05 is allowed [pilot]
      because: gate.toml:3
    `print` is 1.20 times its reference (1.19 to 1.21 in 14 pairs); at most 1.05 is allowed [pilot]
      because: gate.toml:3
    parse: Beyond
    print: Beyond
    ");
    let soft = BenchPolicy {
        mode: BenchMode::Soft,
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &soft, &series), @"
    `print` is 1.20 times its reference (1.19 to 1.21 in 14 pairs); at most 1.10 is allowed [advice]
      because: gate.toml:3
    parse: Within
    print: Beyond
    ");
}

/// Three times slower, and so noisy that the old rule only warned.
#[test]
fn what_is_slow_and_noisy_fails() {
    let series = pairs(&[("parse", "us", 33.5, 0.6)], &[("parse", "us", 10.0, 0.6)], 14);
    let said = shown(&suite(), &policy(), &series);
    assert!(
        said.contains("at most 1.10 is allowed [pilot]") && said.ends_with("parse: Beyond\n"),
        "{said}"
    );
}

#[test]
fn a_machine_that_changes_between_pairs_changes_nothing() {
    let mut series = pairs(&[("parse", "us", 10.0, 0.02)], &[("parse", "us", 10.0, 0.02)], 14);
    let slow = pairs(&[("parse", "us", 16.0, 0.02)], &[("parse", "us", 16.0, 0.02)], 14);
    for at in 5..14 {
        series.measured[at] = slow.measured[at].clone();
        if let (Some(reference), Some(slow)) = (&mut series.reference, &slow.reference) {
            // In one pair, between its two processes.
            if at > 5 {
                reference[at] = slow[at].clone();
            }
        }
    }
    assert_eq!(shown(&suite(), &policy(), &series), "parse: Within\n");
}

#[test]
fn a_fail_needs_both_builds() {
    let before = |first: &[&str]| Confirmation {
        first: first.iter().map(|name| (*name).to_owned()).collect(),
        pairs: 14,
    };
    let slow = pairs(&[("parse", "us", 12.0, 0.02)], &[("parse", "us", 10.0, 0.02)], 14);
    let same = pairs(&[("parse", "us", 10.0, 0.02)], &[("parse", "us", 10.0, 0.02)], 14);
    insta::assert_snapshot!(confirmed(&suite(), &policy(), &slow, Some(&before(&["parse"]))), @"
    `parse` is 1.20 times its reference (1.19 to 1.21 in 14 pairs, and in 14 before it was rebuilt); at most 1.10 is allowed [pilot]
      because: gate.toml:3
    parse: Beyond
    ");
    insta::assert_snapshot!(confirmed(&suite(), &policy(), &slow, Some(&before(&["print"]))), @"
    undecided: `parse` is 1.20 times its reference (1.19 to 1.21 in 14 pairs); at most 1.10 is allowed: only one of two builds is worse
    parse: Undecided
    ");
    insta::assert_snapshot!(confirmed(&suite(), &policy(), &same, Some(&before(&["parse"]))), @"
    `parse` is 1.00 times its reference (0.994 to 1.01 in 14 pairs, and in 14 before it was rebuilt); at most 1.10 is allowed: the first build was worse, so its speed depends on where the linker puts it [advice]
      because: gate.toml:3
    parse: Within
    ");
}

#[test]
fn what_is_the_same_each_time_needs_one_pair() {
    let old: Side<'_> = &[("binary", "KiB", 100.0, 0.0), ("work", "instructions", 1e6, 0.0)];
    let new: Side<'_> = &[("binary", "KiB", 121.0, 0.0), ("work", "instructions", 1.02e6, 0.0)];
    let series = pairs(new, old, 2);
    assert!(exact(&policy(), &series));
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    `binary` is 1.21 times its reference; at most 1.20 is allowed [pilot]
      because: gate.toml:3
    `work` is 1.02 times its reference; at most 1.01 is allowed [pilot]
      because: gate.toml:3
    binary: Beyond
    work: Beyond
    ");
    let kept: Side<'_> = &[
        ("binary", "bytes", 120.0 * 1024.0, 0.0),
        ("work", "instructions", 1.01e6, 0.0),
    ];
    assert_eq!(
        shown(&suite(), &policy(), &pairs(kept, old, 2)),
        "binary: Within\nwork: Within\n"
    );
    // A clock that gives the same time each time is none.
    assert!(!exact(
        &policy(),
        &pairs(&[("a", "ns", 5.0, 0.0)], &[("a", "ns", 5.0, 0.0)], 2)
    ));
}

/// A rate is the inverse of a time.
#[test]
fn a_rate_is_better_when_it_is_larger() {
    let of = |rate: f64| {
        shown(
            &suite(),
            &policy(),
            &pairs(&[("io", "MB/s", rate, 0.02)], &[("io", "MB/s", 100.0, 0.02)], 14),
        )
    };
    assert_eq!(of(150.0), "io: Within\n");
    insta::assert_snapshot!(of(80.0), @"
    `io` is 0.801 times its reference (0.795 to 0.808 in 14 pairs); at least 0.909 is allowed [pilot]
      because: gate.toml:3
    io: Beyond
    ");
}

#[test]
fn noise_is_no_pass_and_says_what_could_have_been_decided() {
    let series = pairs(&[("parse", "us", 10.0, 0.5)], &[("parse", "us", 10.0, 0.5)], 14);
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    undecided: `parse` is 1.02 times its reference (0.830 to 1.27 in 14 pairs); at most 1.10 is allowed: a limit of 1.12 could have been decided
    parse: Undecided
    ");
    let wide = BenchPolicy {
        metrics: vec![MetricPolicy {
            max_ratio: Some(2.0),
            ..metric("par*")
        }],
        ..policy()
    };
    assert_eq!(shown(&suite(), &wide, &series), "parse: Within\n");
}

#[test]
fn a_tail_alone_is_advice() {
    let of = |slow: bool, seed: u64| {
        let mut processes = side(&[("parse", "us", 10.0, 0.02)], 14, seed);
        for process in &mut processes {
            if slow && let Some(reading) = process.benchmarks.get_mut("parse") {
                reading.samples[17..].iter_mut().for_each(|sample| *sample *= 1.5);
            }
        }
        processes
    };
    let series = Series {
        measured: of(true, 1),
        reference: Some(of(false, 2)),
    };
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    the slowest tenth of `parse` is 1.50 times that of its reference, while the rest keeps its limit [advice]
      because: gate.toml:3
    parse: Within
    ");
}

#[test]
fn nothing_missing_and_changed_are_no_pass() {
    let old: Side<'_> = &[("parse", "us", 10.0, 0.02), ("print", "us", 10.0, 0.02)];
    let new: Side<'_> = &[("parse", "us", 10.0, 0.02), ("fold", "us", 10.0, 0.02)];
    insta::assert_snapshot!(shown(&suite(), &policy(), &pairs(&[], old, 1)), @"vacuous: no benchmark was measured");
    insta::assert_snapshot!(shown(&suite(), &policy(), &pairs(old, &[], 1)), @"
    vacuous: the reference measured no benchmark
    vacuous: `parse` has no counterpart in the reference
    vacuous: `print` has no counterpart in the reference
    parse: Unlimited
    print: Unlimited
    ");
    insta::assert_snapshot!(shown(&suite(), &policy(), &pairs(new, old, 10)), @"
    the reference has a benchmark `print`, which is no longer measured [pilot]
      help: restore it, or use a reference without it
      because: gate.toml:3
    vacuous: `fold` has no counterpart in the reference
    fold: Unlimited
    parse: Within
    ");
    let declared = BenchPolicy {
        added: Added::Warn,
        expect: vec!["par*".into(), "scan/*".into()],
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &declared, &pairs(new, new, 10)), @"
    no benchmark `scan/*` was measured [pilot]
      help: run it in the command, or correct `expect` of the suite in gate.toml
      because: gate.toml:3
    fold: Within
    parse: Within
    ");
    let optional = SuitePolicy {
        required: false,
        ..suite()
    };
    insta::assert_snapshot!(shown(&optional, &policy(), &pairs(&[], &[], 1)), @"
    no benchmark was measured [advice]
      because: gate.toml:3
    ");
    let mut some = pairs(old, old, 10);
    some.measured[3].benchmarks.remove("print");
    insta::assert_snapshot!(shown(&suite(), &policy(), &some), @"
    vacuous: `print` is measured in some processes but not in others
    parse: Within
    ");
    let series = Series {
        measured: side(old, 3, 1),
        reference: None,
    };
    insta::assert_snapshot!(shown(&suite(), &alone(), &series), @"
    vacuous: no benchmark has a limit, so none was judged
    parse: Unlimited
    print: Unlimited
    ");
}

#[test]
fn only_like_is_compared_with_like() {
    let of = |device: &str| {
        let mut readings = Readings::default();
        readings.line(&format!(
            "{{\"name\": \"gemm\", \"unit\": \"us\", \"samples\": [10, 11, 12], \"device\": \"{device}\", \"dtype\": \"f32\"}}"
        ));
        vec![readings.finish(&std::collections::BTreeSet::new()); 10]
    };
    let series = Series {
        measured: of("T4"),
        reference: Some(of("H200")),
    };
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    vacuous: `gemm` is incomparable with its reference: device `T4` next to `H200`
    gemm: Vacuous
    ");
}

#[test]
fn limits_of_single_benchmarks() {
    let measured = readings(&[
        ("full", "ms", around(100.0, 0.01)),
        ("one", "ms", around(20.0, 0.01)),
        ("hits", "", vec![0.85]),
        ("cached", "s", around(31.0, 0.001)),
        ("few", "ms", vec![10.0, 11.0, 12.0]),
        ("rate", "of all", around(50.0, 0.01)),
        ("rate of old", "of all", around(100.0, 0.01)),
    ]);
    let rules = BenchPolicy {
        metrics: vec![
            MetricPolicy {
                reference: Some("full".into()),
                max_ratio: Some(0.1),
                ..metric("one")
            },
            MetricPolicy {
                at_least: Some(0.9),
                blocks_at: Some(Stage::Broad),
                ..metric("hits")
            },
            MetricPolicy {
                at_most: Some(30.0),
                ..metric("cached")
            },
            MetricPolicy {
                at_most: Some(30.0),
                ..metric("few")
            },
            MetricPolicy {
                reference: Some("rate of old".into()),
                min_ratio: Some(0.9),
                ..metric("rate")
            },
        ],
        ..alone()
    };
    let of = |processes: Vec<Readings>| {
        let series = Series {
            measured: processes,
            reference: None,
        };
        shown(&suite(), &rules, &series)
    };
    insta::assert_snapshot!(of(vec![measured]), @"
    `cached` is 31.0 s (31.0 s to 31.0 s); at most 30.0 s is allowed [pilot]
      because: gate.toml:9
    `hits` is 0.850; at least 0.900 is allowed [broad]
      because: gate.toml:9
    `one` is 0.200 times its reference (0.196 to 0.204); at most 0.100 is allowed [pilot]
      because: gate.toml:9
    `rate` is 0.500 times its reference (0.490 to 0.510); at least 0.900 is allowed [pilot]
      because: gate.toml:9
    undecided: `few` has fewer than 5 samples in a process, which bound nothing
    cached: Beyond
    few: Undecided
    full: Unlimited
    hits: Beyond
    one: Beyond
    rate: Beyond
    rate of old: Unlimited
    ");
    insta::assert_snapshot!(of(vec![readings(&[("one", "ms", around(20.0, 0.01))])]), @"
    vacuous: the reference `full` of `one` was not measured
    one: Unlimited
    ");
    let units = readings(&[("one", "ms", around(20.0, 0.01)), ("full", "KiB", vec![3.0])]);
    insta::assert_snapshot!(of(vec![units]), @"
    vacuous: `one` is measured in ns, but its reference in bytes
    full: Unlimited
    one: Vacuous
    ");
    // Processes that disagree decide nothing; five of them count as one each.
    let cached = |value: f64| readings(&[("cached", "s", around(value, 0.001))]);
    insta::assert_snapshot!(of(vec![cached(29.0), cached(31.0)]), @"
    undecided: `cached` is 30.0 s (29.0 s to 31.0 s); at most 30.0 s is allowed: the limit lies within its bounds
    cached: Undecided
    ");
    assert_eq!(
        of([28.0, 29.0, 29.5, 29.9, 28.5].map(cached).to_vec()),
        "cached: Within\n"
    );
}

#[test]
fn a_control_that_misbehaves_spoils_the_run() {
    // Each side gets slower and faster from process to process, by more than chance would.
    let mut series = pairs(&[("parse", "us", 10.0, 0.02)], &[("parse", "us", 10.0, 0.02)], 14);
    let policy = policy();
    let all = compared(&policy, &series, QUARTER);
    let report = control::run(&all, 3);
    assert!(report.misbehaved.is_empty(), "{report:?}");
    insta::assert_snapshot!(report.lines.join("\n"), @"control: 0 of 1 benchmarks fail compared with themselves, 0 pass when they are made worse by 3 times their limit");
    let slowed = |sides: &mut Vec<Readings>, at: usize| {
        if let Some(reading) = sides[at].benchmarks.get_mut("parse") {
            reading.samples.iter_mut().for_each(|sample| *sample *= 2.0);
        }
    };
    // A coin that fits: of each two processes, the one that it puts first is the slow one.
    let mut random = SplitMix64::new(3);
    for side in [0, 1] {
        for two in 0..7 {
            let first = random.coin();
            let at = 2 * two + usize::from(!first);
            match (side, &mut series.reference) {
                (1, Some(reference)) => slowed(reference, at),
                _ => slowed(&mut series.measured, at),
            }
        }
    }
    let all = compared(&policy, &series, QUARTER);
    let report = control::run(&all, 3);
    assert_eq!(
        report.misbehaved,
        ["the control fails `parse` compared with itself, so the suite judges nothing"]
    );
}

/// User time of a short process is zero now and then, which has no ratio: it is left out of no judgement.
#[test]
fn what_is_zero_in_some_processes_is_vacuous() {
    let mut series = pairs(
        &[("user", "s", 1.0, 0.01), ("wall", "s", 2.0, 0.01)],
        &[("user", "s", 1.0, 0.01), ("wall", "s", 2.0, 0.01)],
        14,
    );
    let zero = readings(&[("user", "s", vec![0.0]), ("wall", "s", around(2.0, 0.001))]);
    series.measured[3] = zero.clone();
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    vacuous: `user` is measured as zero in some processes
    user: Vacuous
    wall: Within
    ");
    series.measured.swap_remove(3);
    series.reference.as_mut().unwrap()[3] = zero;
    series.reference.as_mut().unwrap().truncate(13);
    insta::assert_snapshot!(shown(&suite(), &policy(), &series), @"
    vacuous: `user` has a reference that is measured as zero in some processes
    user: Vacuous
    wall: Within
    ");
}
