//! A decision log that was damaged: what is wrong is named by its line, and any byte may be another.

use gate_runtime::Outcome;
use gate_runtime::decision_log::read;
use proptest::prelude::{any, prop_assert, proptest};
use support::{call, device};

#[test]
fn damage_is_named_by_line_and_field() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    let _ = call(&device.axpy);
    let log = device.log.clone();
    drop((device.runtime, device.axpy));
    let text = log.text();
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let without_line = |skip: usize| {
        let lines = text.lines().enumerate().filter(|(number, _)| *number != skip);
        lines.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    for (damaged, message) in [
        (String::new(), "line 1: the log is empty"),
        (
            without_line(0),
            "line 1: `event` is neither `open` nor `rotated` in the first line",
        ),
        (
            without_line(1),
            "line 2: `seq` is 2 after 0: lines are missing or repeated",
        ),
        (
            text.trim_end().to_owned(),
            "line 4: does not end in a line feed: the line is truncated or too long",
        ),
        (format!("{text}{{}}\n"), "line 5: `schema_version` is missing"),
        (edit("\"kernel\":\"axpy_f32\",", ""), "line 2: `kernel` is missing"),
        (
            edit("\"schema_version\":2", "\"schema_version\":1"),
            "line 1: `schema_version` is 1, but this reader supports 2",
        ),
        (
            edit("\"compilability\":1,", "\"compilability\":null,"),
            "line 2: `compilability` is not a non-negative number",
        ),
        (
            edit("\"status\":\"OK\"", "\"status\":\"RUNTIME_FAILED\""),
            "line 2: `status` is \"RUNTIME_FAILED\", but the outcome requires OK",
        ),
        (
            edit("\"outcome\":\"native\"", "\"outcome\":\"fallback\""),
            "line 2: `backend_reason` does not begin with a fallback reason",
        ),
        (
            edit("\"outputs\":\"complete\"", "\"outputs\":\"undefined\""),
            "line 2: `outputs` contradicts `outcome`: outputs are complete unless there was an error",
        ),
        (
            edit("\"fallback\":0", "\"fallback\":4"),
            "line 2: `fallback` is 4, but the lines before add up to 0",
        ),
        (
            edit("\"fp\":\"", "\"fp\":\"x"),
            "line 2: `fp` is not sixteen hexadecimal digits, at least one of them not zero",
        ),
        (
            edit("\"mode\":\"native\"", "\"mode\":\"fast\""),
            "line 2: `mode` is \"fast\", which is not a mode",
        ),
        (
            edit("\"graph_breaks\":0", "\"graph_breaks\":1"),
            "line 2: `graph_breaks` is not the sum of `break_counts`",
        ),
        (
            edit("\"fp\":", "\"spec_plans\":0,\"fp\":"),
            "line 2: `spec_plans` is not allowed in this version",
        ),
        (
            edit("{\"schema", "[\"schema"),
            "line 1: is not JSON: expected `,` or `]` at line 1 column 18",
        ),
    ] {
        let error = read::read(damaged.as_bytes()).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
    let crlf = text.replace('\n', "\r\n");
    assert_eq!(
        read::read(crlf.as_bytes()).map(|lines| lines.len()),
        Ok(4),
        "Windows tools may rewrite line ends"
    );
    let outcomes = log
        .decisions()
        .iter()
        .map(|decision| decision.outcome == Outcome::Native)
        .collect::<Vec<_>>();
    assert_eq!(outcomes, [true, true]);
}

proptest! {
    #[test]
    fn any_damage_is_read_without_a_panic(at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        static TEXT: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let text = TEXT.get_or_init(|| {
            let device = device().expect("the device opens");
            let _ = (call(&device.axpy), device.axpy.launch(&mut []));
            device.runtime.flush().expect("memory can be written");
            device.log.text().into_bytes()
        });
        let mut damaged = text.clone();
        let at = at.index(damaged.len());
        if cut {
            damaged.truncate(at);
            prop_assert!(read::read_open(&damaged[..]).is_err() || damaged.ends_with(b"\n"));
        } else {
            damaged[at] = byte;
            let read = read::read_open(&damaged[..]);
            prop_assert!(read.is_err() || damaged == *text, "a changed byte is found");
            if let Err(error) = read {
                prop_assert!((1..=4).contains(&error.line), "{error}");
            }
        }
    }
}
