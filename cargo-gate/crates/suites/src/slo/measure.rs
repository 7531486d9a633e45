//! The measurements of one window: a line of JSON for each.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What one window holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Events by name.
    pub(super) events: BTreeMap<String, Events>,
    /// What was written and cannot be believed, as sentences.
    pub(super) problems: Vec<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Events {
    /// So many of so many were good.
    Counted { good: u64, total: u64 },
    /// One number for each.
    Samples(Vec<f64>),
}

#[derive(Deserialize)]
struct Line {
    name: String,
    good: Option<u64>,
    total: Option<u64>,
    samples: Option<Vec<f64>>,
}

impl Measured {
    /// Reads the lines. What does not start like a measurement is passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let mut this = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with('{')
                && let Err(why) = this.line(line)
            {
                this.problems.push(format!("line {} of the measurements {why}", at + 1));
            }
        }
        this
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let line: Line = serde_json::from_str(line).map_err(|error| format!("is not a measurement: {error}"))?;
        let events = match (line.good, line.total, line.samples) {
            (Some(good), Some(total), None) if good <= total => Events::Counted { good, total },
            (Some(_), Some(_), None) => return Err("has more good events than events".to_owned()),
            (None, None, Some(samples)) if samples.iter().all(|sample| sample.is_finite()) => Events::Samples(samples),
            _ => return Err("has neither `good` and `total` nor `samples`".to_owned()),
        };
        match (self.events.get_mut(&line.name), events) {
            (None, events) => drop(self.events.insert(line.name, events)),
            (Some(Events::Samples(known)), Events::Samples(more)) => known.extend(more),
            (Some(Events::Counted { good, total }), Events::Counted { good: more, total: of }) => {
                *good = good.saturating_add(more);
                *total = total.saturating_add(of);
            }
            _ => return Err(format!("measures `{}` in two ways", line.name)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_and_samples_add_up() {
        let measured = Measured::parse(concat!(
            "warming up\n",
            "{\"name\": \"ok\", \"good\": 9, \"total\": 10}\n",
            "{\"name\": \"ok\", \"good\": 1, \"total\": 2}\r\n",
            "{\"name\": \"ms\", \"unit\": \"ms\", \"samples\": [1, 2.5]}\n",
        ));
        assert_eq!(measured.problems, Vec::<String>::new());
        assert_eq!(measured.events["ok"], Events::Counted { good: 10, total: 12 });
        assert_eq!(measured.events["ms"], Events::Samples(vec![1.0, 2.5]));
    }

    #[test]
    fn what_cannot_be_believed_has_its_line() {
        let measured = Measured::parse(concat!(
            "{\"name\": \"a\", \"good\": 3, \"total\": 2}\n",
            "{\"name\": \"a\", \"good\": 3}\n",
            "{\"name\": \"a\"\n",
            "{\"name\": \"b\", \"samples\": [1]}\n",
            "{\"name\": \"b\", \"good\": 1, \"total\": 1}\n",
        ));
        insta::assert_snapshot!(measured.problems.join("\n"), @"
        line 1 of the measurements has more good events than events
        line 2 of the measurements has neither `good` and `total` nor `samples`
        line 3 of the measurements is not a measurement: EOF while parsing an object at line 1 column 12
        line 5 of the measurements measures `b` in two ways
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            Measured::parse(&text);
        }
    }
}
