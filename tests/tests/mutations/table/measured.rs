//! Benchmarks and service levels: what they printed, and what was recorded.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};
use super::workspace;

const OLD: &str = "{\"name\": \"old\", \"unit\": \"ns\", \"samples\": [100, 101, 102, 99, 98]}";

/// A benchmark that prints these lines.
fn bench(what: &str, stage: &'static str, lines: &[&str]) -> Row {
    let script: String = lines.iter().map(|line| format!("echo '{line}'\n")).collect();
    row(format!("measure {what}"), stage, "suite.bench.steps", move |gate| {
        gate.write("bench.sh", &script);
    })
}

/// These samples of the metric that is compared.
fn samples(what: &str, stage: &'static str, samples: &str) -> Row {
    let new = format!("{{\"name\": \"new\", \"unit\": \"ns\", \"samples\": [{samples}]}}");
    bench(what, stage, &[OLD, &new])
}

/// A file of what a service did.
fn load(what: &str, stage: &'static str, text: &'static str) -> Row {
    row(format!("record {what}"), stage, "suite.slo.service", move |gate| {
        gate.write("load.jsonl", text);
    })
}

/// What a service did in the last windows of twelve hours.
fn windows(what: &str, stage: &'static str, windows: &'static [(u64, u64)]) -> Row {
    row(format!("record {what}"), stage, "suite.slo.service", move |gate| {
        gate.write("load.jsonl", workspace::load(windows));
    })
}

/// Twelve good windows, and a bad one.
const BAD_AT_LAST: [(u64, u64); 13] = {
    let mut windows = [(10_000, 10_000); 13];
    windows[12] = (9_000, 10_000);
    windows
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        samples("a ratio over the budget", PILOT, "120, 121, 122, 119, 118"),
        samples(
            "a ratio far over the budget",
            CONTROLLED,
            "1200, 1210, 1220, 1190, 1180",
        ),
        samples("nothing but zeros", BROAD, "0, 0, 0, 0, 0"),
        samples("negative times", PILOT, "-100, -101, -102, -99, -98"),
        samples("a constant", PILOT, "50, 50, 50, 50, 50"),
        samples("no sample", CONTROLLED, ""),
        samples("a number that is too large", BROAD, "1e400, 1e400"),
        samples("no number", PILOT, "null, null, null"),
        samples("words", PILOT, "\"100\", \"101\""),
        samples("noise", PILOT, "1, 100, 1000, 10, 10000"),
        bench("nothing", PILOT, &[]),
        bench("only the reference", CONTROLLED, &[OLD]),
        bench(
            "only the metric",
            BROAD,
            &["{\"name\": \"new\", \"unit\": \"ns\", \"samples\": [100, 101, 102]}"],
        ),
        bench(
            "in another unit",
            PILOT,
            &[
                OLD,
                "{\"name\": \"new\", \"unit\": \"MB\", \"samples\": [100, 101, 102, 99, 98]}",
            ],
        ),
        bench(
            "half a line",
            PILOT,
            &[OLD, "{\"name\": \"new\", \"unit\": \"ns\", \"samples\": [100, 101"],
        ),
        bench(
            "a reference of zero",
            PILOT,
            &[
                "{\"name\": \"old\", \"unit\": \"ns\", \"samples\": [0, 0, 0, 0, 0]}",
                "{\"name\": \"new\", \"unit\": \"ns\", \"samples\": [100, 101, 102, 99, 98]}",
            ],
        ),
        row("measure, and end with status 1", PILOT, "suite.bench.steps", |gate| {
            gate.append("bench.sh", "exit 1\n");
        }),
        row(
            "measure, and be ended by a signal",
            PILOT,
            "suite.bench.steps",
            |gate| gate.append("bench.sh", "kill -9 $$\n"),
        ),
        row("delete the benchmark", PILOT, "suite.bench.steps", |gate| {
            gate.remove("bench.sh");
        }),
        row("delete what a service did", PILOT, "suite.slo.service", |gate| {
            gate.remove("load.jsonl");
        }),
        load("nothing", PILOT, ""),
        load(
            "more good events than events",
            CONTROLLED,
            "{\"name\": \"availability\", \"good\": 101, \"total\": 100}\n",
        ),
        load(
            "negative events",
            BROAD,
            "{\"name\": \"availability\", \"good\": 100, \"total\": -100}\n",
        ),
        load(
            "fewer good events than promised",
            PILOT,
            "{\"name\": \"availability\", \"good\": 9000, \"total\": 10000}\n",
        ),
        load(
            "events in words",
            PILOT,
            "{\"name\": \"availability\", \"good\": \"all\", \"total\": \"all\"}\n",
        ),
        load(
            "half a line",
            PILOT,
            "{\"name\": \"availability\", \"good\": 10000, \"tot",
        ),
        load(
            "another objective",
            PILOT,
            "{\"name\": \"latency\", \"good\": 10000, \"total\": 10000}\n",
        ),
        load(
            "a bad window behind a good one",
            PILOT,
            "{\"name\": \"availability\", \"good\": 10000, \"total\": 10000}\n{\"name\": \"availability\", \"good\": 5000, \"total\": 10000}\n",
        ),
        windows("no events at all", PILOT, &[(0, 0)]),
        windows("a bad window behind twelve good ones", PILOT, &BAD_AT_LAST),
        windows(
            "a service that is down since the last window",
            CONTROLLED,
            &[(9990, 10_000), (9990, 10_000), (0, 0)],
        ),
        row("record the past in another way", BROAD, "suite.slo.service", |gate| {
            gate.replace("load.jsonl", "\"good\": 9991", "\"good\": 9999");
        }),
        load(
            "a tenant that burns",
            PILOT,
            "{\"name\": \"availability\", \"good\": 10000, \"total\": 10000}\n{\"name\": \"availability\", \"tenant\": \"acme\", \"good\": 100, \"total\": 200}\n",
        ),
        load(
            "tomorrow",
            PILOT,
            "{\"name\": \"availability\", \"to\": \"2100-01-01T00:00:00Z\", \"good\": 10000, \"total\": 10000}\n",
        ),
        load("no JSON", PILOT, "availability: 100 %\n"),
        load("a NUL", PILOT, "\0\0\0\0"),
    ]
}
