//! The Prometheus text format (version 0.0.4) and OpenMetrics 1.0: one scrape, or a dump of many.
//!
//! The two differ in their timestamps: milliseconds in the first, seconds in the second, which ends with `# EOF`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::cell::{Counter, Reading};

/// Suffixes of the series of a family.
const SUFFIXES: [&str; 5] = ["_total", "_bucket", "_count", "_sum", "_created"];

/// Reads every series. Whether one is a counter matters once an objective selects it: then [`Reading::counters`] holds only
/// what may count, and what may not is a problem with its line.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let seconds = text.lines().any(|line| line.trim_end() == "# EOF");
    let mut ended = false;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if ended {
            reading.problem(number, "is behind `# EOF`");
            break;
        }
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some("EOF"), None, None) => ended = true,
                (Some("TYPE"), Some(name), Some(kind)) => drop(types.insert(name.to_owned(), kind.to_owned())),
                (Some("TYPE"), ..) => reading.problem(number, "declares the type of no metric"),
                _ => {}
            }
            continue;
        }
        match sample(line, seconds) {
            Ok((name, labels, value, at)) => {
                let counter = Counter {
                    name,
                    labels,
                    value,
                    at,
                    from_zero: false,
                    line: number,
                };
                if seen.insert((counter.key(), at)) {
                    reading.counters.push(counter);
                } else {
                    reading.problem(number, format!("repeats `{}` for the same time", counter.name));
                }
            }
            Err(why) => reading.problem(number, why),
        }
    }
    // Gauges are in every scrape. They are dropped here, so that only one that is selected is missed, by name.
    reading
        .counters
        .retain(|counter| !matches!(kind(&types, &counter.name), Some("gauge" | "info" | "stateset")));
    reading
}

/// The declared type of a series.
fn kind<'t>(types: &'t BTreeMap<String, String>, name: &str) -> Option<&'t str> {
    let family = |suffix: &&str| types.get(name.strip_suffix(*suffix)?);
    types
        .get(name)
        .or_else(|| SUFFIXES.iter().find_map(family))
        .map(String::as_str)
}

type Sample = (String, Vec<(String, String)>, f64, Option<Timestamp>);

fn sample(line: &str, seconds: bool) -> Result<Sample, String> {
    let (mut name, mut labels, mut rest) = (String::new(), Vec::new(), line);
    let end = line
        .find(|letter: char| letter == '{' || letter.is_whitespace())
        .unwrap_or(line.len());
    name.push_str(&line[..end]);
    rest = rest[end..].trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        loop {
            if let Some(behind) = rest.strip_prefix('}') {
                rest = behind;
                break;
            }
            if rest.starts_with('"') {
                // A quoted name without a value is that of the metric.
                let (text, behind) = quoted(rest)?;
                let behind = behind.trim_start();
                if let Some(value) = behind.strip_prefix('=') {
                    let (value, behind) = quoted(value.trim_start())?;
                    labels.push((text, value));
                    rest = behind;
                } else {
                    name = text;
                    rest = behind;
                }
            } else {
                let (label, value) = rest.split_once('=').ok_or("has a label without a value")?;
                let (value, behind) = quoted(value.trim_start())?;
                labels.push((label.trim().to_owned(), value));
                rest = behind;
            }
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
    }
    if name.is_empty() || name.starts_with(|first: char| !first.is_alphabetic() && first != '_' && first != ':') {
        return Err("does not begin with the name of a metric".to_owned());
    }
    labels.sort();
    if let Some(twice) = labels.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("has the label `{}` twice", twice[0].0));
    }
    // What follows a `#` is an exemplar.
    let rest = rest.split_once('#').map_or(rest, |(sample, _)| sample);
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("has no value")?;
    let value: f64 = value
        .parse()
        .map_err(|_| format!("has `{value}` instead of a number"))?;
    let at = words.next().map(|at| time(at, seconds)).transpose()?;
    match words.next() {
        Some(word) => Err(format!("has `{word}` behind its timestamp")),
        None => Ok((name, labels, value, at)),
    }
}

/// A quoted text, and what is behind it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let inside = text.strip_prefix('"').ok_or("has a label whose value is not quoted")?;
    let mut value = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &inside[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, other)) => value.push(other),
                None => break,
            },
            _ => value.push(letter),
        }
    }
    Err("has a label whose quotes are not closed".to_owned())
}

fn time(text: &str, seconds: bool) -> Result<Timestamp, String> {
    let wrong = || {
        let unit = if seconds { "seconds" } else { "milliseconds" };
        format!("has the timestamp `{text}`, which is not a time in {unit} since 1970")
    };
    let number: f64 = text.parse().map_err(|_| wrong())?;
    let milliseconds = if seconds { number * 1e3 } else { number };
    // From 2001 to 2286: a time in the other unit is far outside of it.
    if !(1e12..1e13).contains(&milliseconds) {
        return Err(wrong());
    }
    Timestamp::from_millisecond(milliseconds.round() as i64).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(reading: &Reading) -> String {
        let counters = reading.counters.iter().map(|counter| {
            let at = counter.at.map(|at| format!(" at {at}")).unwrap_or_default();
            format!("{}: {} = {}{at}", counter.line, counter.key(), counter.value)
        });
        let problems = reading
            .problems
            .iter()
            .map(|problem| format!("line {} {}", problem.line, problem.message));
        counters.chain(problems).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn both_formats_are_read() {
        insta::assert_snapshot!(told(&read(concat!(
            "# HELP http_requests_total Requests.\n",
            "# TYPE http_requests_total counter\n",
            "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n",
            "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n",
            "# A comment\n",
            "no_labels 12.47\n",
            "odd{path=\"C:\\\\DIR\\\\\",error=\"a \\\"b\\\"\\n\"} +Inf -3982045\n",
            "# TYPE temperature gauge\n",
            "temperature 21\n",
        ))), @r#"
        3: http_requests_total{code="200",method="post"} = 1027 at 2014-03-17T14:26:03Z
        4: http_requests_total{code="400",method="post"} = 3 at 2014-03-17T14:26:03Z
        6: no_labels{} = 12.47
        line 7 has the timestamp `-3982045`, which is not a time in milliseconds since 1970
        "#);
        insta::assert_snapshot!(told(&read(concat!(
            "# TYPE rpc counter\n",
            "rpc_total{code=\"0\"} 17 1520879607.789 # {trace_id=\"a#b\"} 0.67\n",
            "rpc_created{code=\"0\"} 1520872607.123\n",
            "{\"rpc.total\", \"my.label\"=\"x\"} 4\n",
            "# EOF\n",
        ))), @r#"
        2: rpc_total{code="0"} = 17 at 2018-03-12T18:33:27.789Z
        3: rpc_created{code="0"} = 1520872607.123
        4: rpc.total{my.label="x"} = 4
        "#);
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        insta::assert_snapshot!(told(&read(concat!(
            "a{b=\"c} 1\n", "a{b} 1\n", "a\n", "a one\n", "a 1 2\n", "a 1 1395066363000 7\n", "a{b=\"c\",b=\"d\"} 1\n", "9 1\n",
            "a 1\n", "a 2\n", "# TYPE a\n", "# EOF\n", "a 3\n",
        ))), @"
        9: a{} = 1
        line 1 has a label whose quotes are not closed
        line 2 has a label without a value
        line 3 has no value
        line 4 has `one` instead of a number
        line 5 has the timestamp `2`, which is not a time in seconds since 1970
        line 6 has the timestamp `1395066363000`, which is not a time in seconds since 1970
        line 7 has the label `b` twice
        line 8 does not begin with the name of a metric
        line 10 repeats `a` for the same time
        line 11 declares the type of no metric
        line 13 is behind `# EOF`
        ");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n){0,200}", line in "[a-z{}=\",#\\\\ 0-9.]{0,60}") {
            read(&text);
            read(&line);
        }

        #[test]
        fn labels_survive(value in "\\PC{0,20}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let reading = read(&format!("up{{job=\"{escaped}\"}} 1\n"));
            prop_assert_eq!(reading.counters[0].label("job"), Some(value.as_str()));
        }
    }
}
