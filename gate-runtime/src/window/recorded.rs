//! Recorded windows: one JSON object per line.
//!
//! ```json
//! {"window":1,"calls":64,"native":64,"errors":0,"checked":1,"mismatches":0,"pressured":0,"pressure_events":0,"samples":64,"p95_ns":90000,"work":4194304,"busy_ns":5100000,"phase":"native"}
//! ```
//!
//! `window` numbers the windows from 1: a line that is missing, or there twice, is found. `phase` is the phase the window ran in; a
//! replay compares it with its own. `"rearmed":true` says that an operator re-armed the rails before the window. These two may be
//! absent, all other fields may not.

use core::fmt;
use std::error::Error;

use serde_json::{Map, Value};

use super::Window;
use crate::control::phase::Phase;

/// A window as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The line it stands in, from 1.
    pub line: usize,
    /// Its number, from 1.
    pub number: u64,
    /// The window.
    pub window: Window,
    /// The phase it ran in, where that was recorded.
    pub phase: Option<Phase>,
    /// Whether an operator re-armed the rails before it.
    pub rearmed: bool,
}

/// A line that is no recorded window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for RecordedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Error for RecordedError {}

const FIELDS: [&str; 11] = [
    "calls",
    "native",
    "errors",
    "checked",
    "mismatches",
    "pressured",
    "pressure_events",
    "samples",
    "p95_ns",
    "work",
    "busy_ns",
];

/// The fields around those of the window.
const OTHERS: [&str; 3] = ["window", "phase", "rearmed"];

impl Window {
    /// The window as one line of JSON without its end. `number` is its place among the windows of its rails, from 1.
    #[must_use]
    pub fn to_json(&self, number: u64, phase: Option<Phase>, rearmed: bool) -> String {
        let mut line = format!("{{\"window\":{number}");
        for (name, number) in FIELDS.into_iter().zip(self.numbers()) {
            line.push_str(&format!(",\"{name}\":{number}"));
        }
        if let Some(phase) = phase {
            line.push_str(&format!(",\"phase\":\"{phase}\""));
        }
        if rearmed {
            line.push_str(",\"rearmed\":true");
        }
        line.push('}');
        line
    }

    fn numbers(&self) -> [u64; 11] {
        let Window {
            calls,
            native,
            errors,
            checked,
            mismatches,
            pressured,
            pressure_events,
            samples,
            p95_ns,
            work,
            busy_ns,
        } = *self;
        [
            calls,
            native,
            errors,
            checked,
            mismatches,
            pressured,
            pressure_events,
            samples,
            p95_ns,
            work,
            busy_ns,
        ]
    }
}

/// Reads recorded windows. Empty lines are skipped, and a line may end in CR LF.
///
/// # Errors
///
/// The first line that is not a JSON object with exactly the fields of a window, each a whole number from 0 to 2⁶⁴−1,
/// whose numbers contradict each other, or which does not follow the window before.
pub fn read_jsonl(text: &str) -> Result<Vec<Recorded>, RecordedError> {
    let mut windows: Vec<Recorded> = Vec::new();
    for (index, text) in text.lines().enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let line = index + 1;
        let error = |message| RecordedError { line, message };
        let recorded = parse(text, line).map_err(error)?;
        if let Some(before) = windows.last()
            && Some(recorded.number) != before.number.checked_add(1)
        {
            return Err(error(format!(
                "`window` is {} after {}: lines are missing or repeated",
                recorded.number, before.number
            )));
        }
        windows.push(recorded);
    }
    Ok(windows)
}

fn parse(text: &str, line: usize) -> Result<Recorded, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(object) = value else {
        return Err("not a JSON object".to_owned());
    };
    if let Some(unknown) = object
        .keys()
        .find(|key| !OTHERS.contains(&key.as_str()) && !FIELDS.contains(&key.as_str()))
    {
        return Err(format!(
            "unknown field `{unknown}`, expected `{}`, `{}`",
            OTHERS.join("`, `"),
            FIELDS.join("`, `")
        ));
    }
    let phase = match object.get("phase") {
        None => None,
        Some(word) => Some(
            word.as_str()
                .and_then(Phase::from_code)
                .ok_or_else(|| format!("`phase` is {word}, not \"native\", \"probe\" or \"safe\""))?,
        ),
    };
    let rearmed = match object.get("rearmed") {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(other) => return Err(format!("`rearmed` is {other}, not true or false")),
    };
    let number = |name: &str| number(&object, name);
    let place = number("window")?;
    if place == 0 {
        return Err("`window` is 0, but windows are numbered from 1".to_owned());
    }
    let window = Window {
        calls: number("calls")?,
        native: number("native")?,
        errors: number("errors")?,
        checked: number("checked")?,
        mismatches: number("mismatches")?,
        pressured: number("pressured")?,
        pressure_events: number("pressure_events")?,
        samples: number("samples")?,
        p95_ns: number("p95_ns")?,
        work: number("work")?,
        busy_ns: number("busy_ns")?,
    };
    // More may be checked than was called in a window: comparisons are made beside the calls, and end later.
    for (name, part, whole, of) in [
        ("native", window.native, window.calls, "calls"),
        ("errors", window.errors, window.native, "native"),
        ("mismatches", window.mismatches, window.checked, "checked"),
        ("pressured", window.pressured, window.calls, "calls"),
        ("samples", window.samples, window.native, "native"),
    ] {
        if part > whole {
            return Err(format!("`{name}` is {part}, more than `{of}` ({whole})"));
        }
    }
    if window.samples == 0 && window.p95_ns != 0 {
        return Err(format!("`p95_ns` is {} without samples", window.p95_ns));
    }
    Ok(Recorded {
        line,
        number: place,
        window,
        phase,
        rearmed,
    })
}

fn number(object: &Map<String, Value>, name: &str) -> Result<u64, String> {
    match object.get(name) {
        None => Err(format!("`{name}` is missing")),
        Some(value) => value
            .as_u64()
            .ok_or_else(|| format!("`{name}` is {value}, not a non-negative integer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"{"window":7,"calls":64,"native":60,"errors":1,"checked":1,"mismatches":0,"pressured":2,"pressure_events":0,"samples":59,"p95_ns":90,"work":7,"busy_ns":8,"phase":"probe"}"#;

    #[test]
    fn a_line_is_read_with_its_number() {
        let read = read_jsonl(&format!("\r\n{GOOD}\r\n\n{}", GOOD.replace(":7,\"calls", ":8,\"calls"))).unwrap();
        assert_eq!(read.iter().map(|recorded| recorded.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(read[0].phase, Some(Phase::Probe));
        assert_eq!(read[0].window.native, 60);
        assert_eq!(read[0].window.to_json(7, read[0].phase, false), GOOD);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_line() {
        let cases = [
            ("[]", "line 1: not a JSON object"),
            (&GOOD.replace("\"work\":7,", ""), "line 1: `work` is missing"),
            (
                &GOOD.replace(":64", ":6.5"),
                "line 1: `calls` is 6.5, not a non-negative integer",
            ),
            (
                &GOOD.replace(":64", ":-1"),
                "line 1: `calls` is -1, not a non-negative integer",
            ),
            (
                &GOOD.replace(":64", ":59"),
                "line 1: `native` is 60, more than `calls` (59)",
            ),
            (
                &GOOD.replace("probe", "fast"),
                "line 1: `phase` is \"fast\", not \"native\", \"probe\" or \"safe\"",
            ),
            (&GOOD.replace(":59", ":0"), "line 1: `p95_ns` is 90 without samples"),
            (
                &GOOD.replace(":7,\"calls", ":0,\"calls"),
                "line 1: `window` is 0, but windows are numbered from 1",
            ),
            (&GOOD.replace("\"window\":7,", ""), "line 1: `window` is missing"),
            (
                &format!("{GOOD}\n{}", GOOD.replace(":7,\"calls", ":9,\"calls")),
                "line 2: `window` is 9 after 7: lines are missing or repeated",
            ),
            (
                &format!("{GOOD}\n{GOOD}"),
                "line 2: `window` is 7 after 7: lines are missing or repeated",
            ),
        ];
        for (line, message) in cases {
            assert_eq!(read_jsonl(line).unwrap_err().to_string(), message);
        }
        let unknown = read_jsonl(&GOOD.replace("work", "wrok")).unwrap_err().to_string();
        assert!(
            unknown.starts_with("line 1: unknown field `wrok`, expected"),
            "{unknown}"
        );
        let truncated = read_jsonl(&GOOD[..40]).unwrap_err().to_string();
        assert!(truncated.starts_with("line 1: not JSON: "), "{truncated}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(calls in 0_u64..1000, errors in 0_u64..1000, p95_ns: u64, work: u64) {
            let window = Window {
                calls, native: calls, errors: errors.min(calls), samples: calls,
                p95_ns: if calls == 0 { 0 } else { p95_ns }, work, ..Window::default()
            };
            for (phase, rearmed) in [(None, false), (Some(Phase::Native), false), (Some(Phase::Probe), true)] {
                let read = read_jsonl(&window.to_json(3, phase, rearmed)).unwrap();
                prop_assert_eq!(read, vec![Recorded { line: 1, number: 3, window, phase, rearmed }]);
            }
        }

        #[test]
        fn foreign_text_ends_in_a_value(text in "\\PC{0,80}") {
            let _ = read_jsonl(&text);
        }
    }
}
