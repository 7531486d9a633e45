use super::*;
use gate_base::stage::Stage;
use gate_policy::BenchReference;
use gate_report::Location;
use gate_report::testing::findings_text;

fn policy() -> BenchPolicy {
    BenchPolicy {
        reference: BenchReference::None,
        rounds: 3,
        mode: BenchMode::Pr,
        time: 1.25,
        size: 1.2,
        max_mad: 0.1,
        noisy: Noise::Refuse,
        min_samples: 5,
        expect: Vec::new(),
        added: Noise::Refuse,
        metrics: Vec::new(),
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
        max_mad: None,
        noisy: None,
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

fn times(of: &[(&str, f64, f64)]) -> Readings {
    let all: Vec<_> = of
        .iter()
        .map(|(name, value, spread)| (*name, "us", around(*value, *spread)))
        .collect();
    readings(&all)
}

fn suite() -> SuitePolicy {
    super::super::super::tests::suite(&["measure"])
}

fn shown(suite: &SuitePolicy, policy: &BenchPolicy, measured: &Readings, reference: Option<&Readings>) -> String {
    let judgement = judge(suite, policy, measured, reference);
    let mut text = findings_text(&judgement.findings).replace(
        "  help: measure again with `cargo gate suite unit`, and find out what got slower or larger\n",
        "",
    );
    if !text.is_empty() {
        text.push('\n');
    }
    for message in judgement.undecided {
        text.push_str(&format!("undecided: {message}\n"));
    }
    for measured in judgement.measurements {
        text.push_str(&format!("{}: {:?}\n", measured.name, measured.standing));
    }
    text
}

#[test]
fn a_slower_benchmark_breaks_the_budget_of_its_mode() {
    let old = times(&[("parse", 10.0, 0.01), ("print", 10.0, 0.01)]);
    let new = times(&[("parse", 12.0, 0.01), ("print", 14.0, 0.01)]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &new, Some(&old)), @"
    `print` is 1.40 times its reference (1.38 to 1.42), and at most 1.25 is allowed [pilot]
      because: gate.toml:3
    parse: Within
    print: Beyond
    ");
    let nightly = BenchPolicy {
        time: 1.15,
        mode: BenchMode::Nightly,
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &nightly, &new, Some(&old)), @"
    `parse` is 1.20 times its reference (1.18 to 1.22), and at most 1.15 is allowed [pilot]
      because: gate.toml:3
    `print` is 1.40 times its reference (1.38 to 1.42), and at most 1.15 is allowed [pilot]
      because: gate.toml:3
    parse: Beyond
    print: Beyond
    ");
    let soft = BenchPolicy {
        mode: BenchMode::Soft,
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &soft, &new, Some(&old)), @"
    `print` is 1.40 times its reference (1.38 to 1.42), and at most 1.25 is allowed [advice]
      because: gate.toml:3
    parse: Within
    print: Beyond
    ");
}

#[test]
fn sizes_have_a_budget_of_their_own_and_need_one_sample() {
    let old = readings(&[("binary", "KiB", vec![100.0])]);
    let new = readings(&[("binary", "KiB", vec![121.0])]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &new, Some(&old)), @"
    `binary` is 1.21 times its reference, and at most 1.20 is allowed [pilot]
      because: gate.toml:3
    binary: Beyond
    ");
    let same = readings(&[("binary", "bytes", vec![110.0 * 1024.0])]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &same, Some(&old)), @"binary: Within");
}

#[test]
fn noise_is_no_pass_unless_it_was_declared() {
    let old = times(&[("parse", 10.0, 0.01)]);
    let loud = times(&[("parse", 10.0, 0.3)]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &loud, Some(&old)), @"
    undecided: `parse` is noisy: its deviation is 30.0 % of its median, and 10.0 % are allowed
    parse: Undecided
    ");
    let declared = BenchPolicy {
        noisy: Noise::Warn,
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &declared, &loud, Some(&old)), @"
    `parse` is noisy: its deviation is 30.0 % of its median, and 10.0 % are allowed [advice]
      because: gate.toml:3
    parse: Undecided
    ");
    let much_slower = times(&[("parse", 90.0, 0.3)]);
    insta::assert_snapshot!(shown(&suite(), &declared, &much_slower, Some(&old)), @"
    `parse` is noisy: its deviation is 30.0 % of its median, and 10.0 % are allowed [advice]
      because: gate.toml:3
    `parse` is 9.00 times its reference (6.27 to 11.8), and at most 1.25 is allowed [advice]
      because: gate.toml:3
    parse: Undecided
    ");
    let one = BenchPolicy {
        metrics: vec![MetricPolicy {
            max_mad: Some(0.5),
            ..metric("par*")
        }],
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &one, &loud, Some(&old)), @"
    undecided: `parse` is 1.00 times its reference (0.697 to 1.31), and at most 1.25 is allowed: it cannot be distinguished from noise
    parse: Undecided
    ");
}

#[test]
fn an_interval_over_the_budget_is_no_pass() {
    let old = times(&[("parse", 10.0, 0.06)]);
    let new = times(&[("parse", 12.3, 0.06)]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &new, Some(&old)), @"
    undecided: `parse` is 1.23 times its reference (1.12 to 1.35), and at most 1.25 is allowed: it cannot be distinguished from noise
    parse: Undecided
    ");
}

#[test]
fn nothing_missing_and_changed_are_no_pass() {
    let empty = Readings::default();
    let old = times(&[("parse", 10.0, 0.01), ("print", 10.0, 0.01)]);
    let new = times(&[("parse", 10.0, 0.01), ("fold", 10.0, 0.01)]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &empty, Some(&old)), @"undecided: no benchmark was measured");
    insta::assert_snapshot!(shown(&suite(), &policy(), &old, Some(&empty)), @"
    undecided: the reference measured no benchmark
    undecided: no benchmark has a limit, so nothing was judged
    parse: Unlimited
    print: Unlimited
    ");
    insta::assert_snapshot!(shown(&suite(), &policy(), &new, Some(&old)), @"
    the reference has a benchmark `print`, which is no longer measured [pilot]
      help: bring it back, or use a reference without it
      because: gate.toml:3
    undecided: `fold` has no counterpart in the reference
    fold: Unlimited
    parse: Within
    ");
    let declared = BenchPolicy {
        added: Noise::Warn,
        expect: vec!["par*".into(), "scan/*".into()],
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &declared, &new, Some(&new)), @"
    no benchmark `scan/*` was measured [pilot]
      help: make the command run it, or correct `expect` of the suite in gate.toml
      because: gate.toml:3
    fold: Within
    parse: Within
    ");
    let few = readings(&[("parse", "us", vec![10.0; 3])]);
    insta::assert_snapshot!(shown(&suite(), &policy(), &few, Some(&few)), @"
    undecided: `parse` has 3 samples, and 5 are asked for
    parse: Undecided
    ");
    insta::assert_snapshot!(shown(&suite(), &policy(), &old, None), @"
    undecided: no benchmark has a limit, so nothing was judged
    parse: Unlimited
    print: Unlimited
    ");
    let optional = SuitePolicy {
        required: false,
        ..suite()
    };
    insta::assert_snapshot!(shown(&optional, &policy(), &empty, Some(&empty)), @"
    no benchmark was measured [advice]
      because: gate.toml:3
    the reference measured no benchmark [advice]
      because: gate.toml:3
    ");
}

#[test]
fn limits_of_single_benchmarks() {
    let measured = readings(&[
        ("full", "ms", around(100.0, 0.01)),
        ("one", "ms", around(20.0, 0.01)),
        ("hits", "", vec![0.85]),
        ("cached", "s", around(31.0, 0.001)),
        ("rate", "per s", around(50.0, 0.01)),
        ("rate of old", "per s", around(100.0, 0.01)),
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
                reference: Some("rate of old".into()),
                min_ratio: Some(0.9),
                ..metric("rate")
            },
        ],
        ..policy()
    };
    insta::assert_snapshot!(shown(&suite(), &rules, &measured, None), @"
    `cached` is 31.0 s (31.0 s to 31.0 s), and at most 30.0 s is allowed [pilot]
      because: gate.toml:9
    `hits` is 0.850, and at least 0.900 is allowed [broad]
      because: gate.toml:9
    `one` is 0.200 times its reference (0.197 to 0.203), and at most 0.100 is allowed [pilot]
      because: gate.toml:9
    `rate` is 0.500 times its reference (0.493 to 0.508), and at least 0.900 is allowed [pilot]
      because: gate.toml:9
    cached: Beyond
    full: Unlimited
    hits: Beyond
    one: Beyond
    rate: Beyond
    rate of old: Unlimited
    ");
    let gone = readings(&[("one", "ms", around(20.0, 0.01))]);
    insta::assert_snapshot!(shown(&suite(), &rules, &gone, None), @"
    undecided: the reference `full` of `one` was not measured
    undecided: no benchmark has a limit, so nothing was judged
    one: Unlimited
    ");
    let units = readings(&[("one", "ms", around(20.0, 0.01)), ("full", "KiB", vec![3.0])]);
    insta::assert_snapshot!(shown(&suite(), &rules, &units, None), @"
    undecided: `one` is measured in ns, and its reference in bytes
    undecided: no benchmark has a limit, so nothing was judged
    full: Unlimited
    ");
}
