use super::*;
use crate::{Catalogue, Policy, validate};

const START: &str = "version = 1\n[stage.pilot]\nscope = \"s\"\n\n[[suite.slo]]\nname = \"service\"\nfile = \"load\"\n";
const METRICS: &str = "format = \"openmetrics\"\n";
const OBJECTIVE: &str = "[[suite.slo.objective]]\nname = \"a\"\ntarget-percent = 99.9\n";

fn read(text: &str) -> Result<Policy, String> {
    validate("gate.toml", &format!("{START}{text}"), &Catalogue::default()).map_err(|errors| errors.render(false))
}

/// The errors without the excerpts.
fn refused(text: &str) -> String {
    let errors = read(text).expect_err("refused");
    let told = errors
        .lines()
        .filter(|line| line.starts_with("error") || line.contains("help:") || line.contains("-->"));
    told.map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_suite_has_its_defaults() {
    let policy = read(&format!("{OBJECTIVE}{METRICS}").replace(METRICS, "")).unwrap();
    let slo = policy.suites[0].slo.as_deref().unwrap();
    assert_eq!(slo.look_back, look_backs());
    assert_eq!((slo.alpha, slo.confidence), (0.01, 0.95));
    assert_eq!(slo.objectives[0].budget(), 0.001);
    let text = format!(
        "look-back = [\"1d\", \"7d\"]\ntenants = [\"a\"]\n{METRICS}{OBJECTIVE}good = \"a{{code!~\\\"5..\\\"}}\"\ntotal = \"a\"\n"
    );
    let policy = read(&text).unwrap();
    let slo = policy.suites[0].slo.as_deref().unwrap();
    assert_eq!(slo.look_back, [hours(24), hours(7 * 24)]);
    assert!(slo.objectives[0].good.is_some());
}

#[test]
fn keys_of_earlier_versions_name_the_new_ones() {
    insta::assert_snapshot!(refused(&format!("within = \"28d\"\nmin-windows = 7\n{OBJECTIVE}")), @r#"
    error[policy::refused-key]: `within` cannot be set in `[[suite.slo]]`
    --> gate.toml:8:1
    = help: write `look-back = ["6h", "1d", "3d", "28d"]`: every objective is judged over each of these times, the last one is the period of the promise
    error[policy::refused-key]: `min-windows` cannot be set in `[[suite.slo]]`
    --> gate.toml:9:1
    = help: write `min-history = "1d"`: a window is a time, not a run
    "#);
}

/// A policy that could never fail is refused, with its line and the reason.
#[test]
fn what_could_never_fail_is_refused() {
    let all = [
        format!("max-gap = \"28d\"\n{OBJECTIVE}"),
        format!("max-idle = \"3d\"\nlook-back = [\"6h\", \"3d\"]\n{OBJECTIVE}"),
        format!("min-history = \"30d\"\n{OBJECTIVE}"),
        format!("look-back = []\n{OBJECTIVE}"),
        format!("look-back = [\"3d\", \"6h\"]\n{OBJECTIVE}"),
        format!("alpha = 0\n{OBJECTIVE}"),
        format!("confidence = 0.1\n{OBJECTIVE}"),
        format!("{METRICS}{OBJECTIVE}good = \"a\"\ntotal = \"a\"\n"),
        "[[suite.slo.objective]]\nname = \"a\"\ntarget-percent = 0\n".to_owned(),
        "[[suite.slo.objective]]\nname = \"a\"\ntarget-percent = 100\n".to_owned(),
        format!("{OBJECTIVE}burst = 1e9\n"),
        "[[suite.slo.fairness]]\nname = \"queue\"\n".to_owned(),
        "[[suite.slo.fairness]]\nname = \"queue\"\nleast-share-percent = 0\n".to_owned(),
        String::new(),
    ];
    insta::assert_snapshot!(all.map(|text| refused(&text)).join("\n--\n"), @"
    error[policy::rule-broken]: `max-gap` could never be exceeded: 28d is not shorter than the longest `look-back`, 28d
    --> gate.toml:8:11
    = help: write a time below 28d
    --
    error[policy::rule-broken]: `max-idle` could never be exceeded: 3d is not shorter than the longest `look-back`, 3d
    --> gate.toml:8:12
    = help: write a time below 3d
    --
    error[policy::rule-broken]: `min-history` could never be reached: 30d is longer than the longest `look-back`, 28d
    --> gate.toml:8:15
    = help: write at most 28d
    --
    error[policy::empty-list]: `look-back` is empty
    --> gate.toml:8:13
    = help: add at least one element
    --
    error[policy::rule-broken]: `look-back` does not ascend
    --> gate.toml:8:20
    = help: write the shortest time first
    --
    error[policy::out-of-range]: `alpha` is out of range: 0
    --> gate.toml:8:9
    = help: write a number from 0.000001 to 0.2: a small probability finds no breach, a large one finds many where there are none
    --
    error[policy::out-of-range]: `confidence` is out of range: 0.1
    --> gate.toml:8:14
    = help: write a number from 0.5 to 0.999999: a pass at low confidence excludes little
    --
    error[policy::rule-broken]: the objective could never be missed: `good` and `total` select the same series
    --> gate.toml:12:8
    = help: select only the good events with `good`
    --
    error[policy::out-of-range]: `target-percent` is out of range: 0
    --> gate.toml:10:18
    = help: write a number from 50 to 99.999999: an objective that half of the events may miss promises nothing, and no number of events shows 100 %
    --
    error[policy::out-of-range]: `target-percent` is out of range: 100
    --> gate.toml:10:18
    = help: write a number from 50 to 99.999999: an objective that half of the events may miss promises nothing, and no number of events shows 100 %
    --
    error[policy::out-of-range]: `burst` is out of range: 1e9
    --> gate.toml:11:9
    = help: write a number from 1 to 1000: events that all come together count as one, which never exceeds a budget
    --
    error[policy::suite-without-limit]: nothing can be unfair: the table has no limit
    --> gate.toml:8:1
    = help: add `least-share-percent`, `max-starved` or `max-wait-ratio`
    --
    error[policy::out-of-range]: `least-share-percent` is out of range: 0
    --> gate.toml:10:23
    = help: write a number from 50 to 99.999999: a tenant that gets half of its share is not served fairly
    --
    error[policy::suite-without-limit]: suite `service` has no objectives
    --> gate.toml:6:8
    = help: add `[[suite.slo.objective]]` with `name` and `target-percent`
    ");
}

#[test]
fn selectors_are_for_time_series() {
    let all = [
        format!("{OBJECTIVE}good = \"a\"\ntotal = \"b\"\n"),
        format!("tenant-label = \"tenant\"\n{OBJECTIVE}"),
        format!("{METRICS}{OBJECTIVE}"),
        format!("{METRICS}{OBJECTIVE}good = \"a\"\nbad = \"b\"\ntotal = \"c\"\n"),
        format!("{METRICS}{OBJECTIVE}good = \"rate(a[5m])\"\ntotal = \"c\"\n"),
        format!("{METRICS}{OBJECTIVE}good = \"a\"\ntotal = \"c\"\nat-most = 5\n"),
    ];
    insta::assert_snapshot!(all.map(|text| refused(&text)).join("\n--\n"), @r#"
    error[policy::excluding-keys]: `good` selects time series, but `format` is not `openmetrics`
    --> gate.toml:11:8
    = help: add `format = "openmetrics"` to the suite, or remove the key
    error[policy::excluding-keys]: `total` selects time series, but `format` is not `openmetrics`
    --> gate.toml:12:9
    = help: add `format = "openmetrics"` to the suite, or remove the key
    --
    error[policy::excluding-keys]: `tenant-label` selects time series, but `format` is not `openmetrics`
    --> gate.toml:8:16
    = help: add `format = "openmetrics"` to the suite, or remove the key
    --
    error[policy::missing-key]: an objective over time series has no selectors
    --> gate.toml:9:1
    = help: add `total = "…"`, and `good = "…"` or `bad = "…"`
    --
    error[policy::excluding-keys]: an objective cannot have both `good` and `bad`
    --> gate.toml:13:7
    = help: keep one of the two
    --
    error[policy::malformed-value]: `good` does not start with the name of a metric
    --> gate.toml:12:8
    = help: write a selector, such as `http_requests_total{code!~"5.."}`
    --
    error[policy::excluding-keys]: `at-most` bounds samples, and time series have none
    --> gate.toml:14:11
    = help: select the bucket of the histogram: `good = "…_bucket{le=\"0.25\"}"`, `total = "…_count"`
    "#);
}
