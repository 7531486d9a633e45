use std::collections::BTreeSet;

use gate_policy::Better;

use super::*;

/// What is read of a document on standard output, with these keys.
fn read(document: &str, keys: &[(&str, &str)]) -> String {
    let key = |name: &str| {
        keys.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let policy = JsonPolicy {
        file: None,
        pointer: key("pointer"),
        name: key("name"),
        value: key("value"),
        unit: key("unit"),
        better: key("better").map(|better| {
            if better == "higher" {
                Better::Higher
            } else {
                Better::Lower
            }
        }),
    };
    let places = Places {
        target: Path::new("target"),
        output: None,
    };
    let mut readings = Readings::default();
    places.read(&[policy], document, &mut readings);
    let readings = readings.finish(&BTreeSet::new());
    let lines = readings
        .benchmarks
        .iter()
        .map(|(name, reading)| format!("{name}: {:?} {:?}\n", reading.samples, reading.unit));
    lines
        .chain(readings.problems.iter().map(|problem| format!("! {problem}\n")))
        .collect()
}

/// As hyperfine 1.20, Google Benchmark 1.9 and JMH 1.37 write them.
#[test]
fn documents_of_other_tools_are_read() {
    let hyperfine =
        "{\"results\": [{\"command\": \"true\", \"times\": [0.001, 0.002], \"memory_usage_byte\": [4096, 8192]}]}";
    let google = "{\"benchmarks\": [{\"name\": \"BM_Copy/8\", \"cpu_time\": 12.5, \"time_unit\": \"us\"}]}";
    let jmh = "[{\"benchmark\": \"org.Sort.quick\", \"primaryMetric\": {\"scoreUnit\": \"ops/s\", \"rawData\": [[5.0, 6.0], [7.0, 8.0]]}}]";
    let all = [
        read(
            hyperfine,
            &[
                ("pointer", "/results/*"),
                ("name", "/command"),
                ("value", "/times/*"),
                ("unit", "s"),
            ],
        ),
        read(
            google,
            &[
                ("pointer", "/benchmarks/*"),
                ("name", "/name"),
                ("value", "/cpu_time"),
                ("unit", "/time_unit"),
            ],
        ),
        read(
            jmh,
            &[
                ("pointer", "/*"),
                ("name", "/benchmark"),
                ("value", "/primaryMetric/rawData/*/*"),
                ("unit", "/primaryMetric/scoreUnit"),
            ],
        ),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
    true: [1000000.0, 2000000.0] Time
    BM_Copy/8: [12500.0] Time
    org.Sort.quick: [5.0, 6.0, 7.0, 8.0] Rate("ops/s")
    "#);
}

#[test]
fn names_are_keys_where_none_is_written() {
    let all = [
        read(
            "{\"a/b\": {\"p50\": 1, \"p99\": 2}, \"c\": {\"p50\": 3, \"p99\": 4}}",
            &[("pointer", "/*/*")],
        ),
        read(
            "{\"a\": {\"p50\": 1}, \"c\": {\"p50\": 3}}",
            &[("pointer", "/*"), ("value", "/p50")],
        ),
        read("{\"latency\": {\"mean~\": 1}}", &[("value", "/latency/mean~0")]),
        read("{\"latency\": [1, 2]}", &[("value", "/latency/*")]),
        read("{\"latency\": [5, 6]}", &[("value", "/latency/1"), ("name", "/n")]),
        read("[1, 2]", &[("pointer", "/*")]),
        read("7", &[]),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    a/b/p50: [1.0] Other("")
    a/b/p99: [2.0] Other("")
    c/p50: [3.0] Other("")
    c/p99: [4.0] Other("")

    a: [1.0] Other("")
    c: [3.0] Other("")

    mean~: [1.0] Other("")

    latency: [1.0, 2.0] Other("")

    ! standard output has nothing at `/n`: the document is an object with `latency`

    ! standard output has an array at `/*`, whose elements have no names: add `name` to its `[[suite.bench.json]]`

    ! standard output is a number without a name: add `name` to its `[[suite.bench.json]]`
    "#);
}

#[test]
fn a_direction_gives_any_unit_a_budget() {
    let of = |unit: &str, better: &str| read("{\"n\": 5}", &[("value", "/n"), ("unit", unit), ("better", better)]);
    insta::assert_snapshot!([of("hits", "higher"), of("s", "higher"), of("errors/s", "lower"), of("pages", "lower")].concat(), @r#"
    n: [5.0] Rate("hits")
    n: [5000000000.0] Rate("ns")
    n: [5.0] Cost("errors/s")
    n: [5.0] Cost("pages")
    "#);
}

#[test]
fn what_does_not_fit_names_its_place_and_what_is_there() {
    let results = [("pointer", "/results/*"), ("name", "/name"), ("value", "/ms")];
    let all = [
        read("{\"results\": [", &results),
        read("{\"result\": []}", &results),
        read("{\"results\": []}", &results),
        read("{\"results\": 3}", &results),
        read(
            "{\"results\": [{\"name\": \"a\", \"ms\": 1}, {\"name\": \"b\"}]}",
            &results,
        ),
        read("{\"results\": [{\"name\": \"a\", \"ms\": \"1.5 ms\"}]}", &results),
        read("{\"results\": [{\"name\": \"a\", \"ms\": null}]}", &results),
        read("{\"results\": [{\"name\": \"a\", \"ms\": [1]}]}", &results),
        read("{\"results\": [{\"name\": 4, \"ms\": 1}]}", &results),
        read("{\"results\": [{\"name\": \"a\", \"ms\": -1}]}", &results),
        read("[1]", &[("value", "/01")]),
        read("{\"n\": {}}", &[("value", "/n/*")]),
        read(
            "{\"a\": [\"x\", \"y\"], \"n\": 1}",
            &[("name", "/a/*"), ("value", "/n")],
        ),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
    ! standard output is not JSON: EOF while parsing a list at line 1 column 13
    ! standard output has nothing at `/results`: the document is an object with `result`
    ! standard output has nothing at `/results/*`: `/results` is an array of 0
    ! standard output has no array or object at `/results` but the number 3
    a: [1.0] Other("")
    ! standard output has nothing at `/results/1/ms`: `/results/1` is an object with `name`
    ! standard output has no number at `/results/0/ms` but the text `1.5 ms`
    ! standard output has no number at `/results/0/ms` but null
    ! standard output has no number at `/results/0/ms` but an array of 1
    ! standard output has no name at `/results/0/name` but the number 4
    ! `a` has a sample that is not a valid number
    ! standard output has nothing at `/01`: the document is an array of 1
    ! standard output has nothing at `/n/*`: `/n` is an empty object
    ! standard output has 2 values at `/a/*`, where one name is expected
    "#);
}
