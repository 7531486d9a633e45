//! Selectors of time series: `http_requests_total{code=~"5..",job!="test"}`, as in the query language of Prometheus, whose regular
//! expressions cover the whole value.

use std::fmt;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A metric name and conditions on labels.
#[derive(Debug, Clone)]
pub struct Selector {
    text: String,
    /// Name of the metric.
    pub name: String,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    label: String,
    value: Value,
    negated: bool,
}

#[derive(Debug, Clone)]
enum Value {
    Exactly(String),
    Matching(Regex),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the selector.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (name, rest) = trimmed.split_at(trimmed.find('{').unwrap_or(trimmed.len()));
        let name = name.trim();
        if !is_name(name, true) {
            return Err("does not start with the name of a metric".to_owned());
        }
        let mut conditions = Vec::new();
        if !rest.is_empty() {
            let mut rest = rest[1..].trim_start();
            loop {
                if let Some(behind) = rest.strip_prefix('}') {
                    if behind.trim().is_empty() {
                        break;
                    }
                    return Err(format!("has `{}` behind its last brace", behind.trim()));
                }
                let (condition, behind) = condition(rest)?;
                conditions.push(condition);
                rest = behind.trim_start();
                rest = match rest.strip_prefix(',') {
                    Some(behind) => behind.trim_start(),
                    None if rest.starts_with('}') => rest,
                    None => return Err("has no `,` or `}` behind a condition".to_owned()),
                };
            }
        }
        Ok(Self {
            text: trimmed.to_owned(),
            name: name.to_owned(),
            conditions,
        })
    }

    /// Whether a series with this name and these labels is selected. A label that is absent is empty.
    pub fn matches<'l>(&self, name: &str, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.name == name
            && self.conditions.iter().all(|condition| {
                let found = label(&condition.label).unwrap_or_default();
                let holds = match &condition.value {
                    Value::Exactly(value) => value == found,
                    Value::Matching(regex) => regex.is_match(found),
                };
                holds != condition.negated
            })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(|why| serde::de::Error::custom(format!("the selector `{text}` {why}")))
    }
}

/// A condition, and what is behind it.
fn condition(text: &str) -> Result<(Condition, &str), String> {
    let end = text
        .find(['=', '!'])
        .ok_or("has a label without `=`, `!=`, `=~` or `!~`")?;
    let label = text[..end].trim();
    if !is_name(label, false) {
        return Err(format!("has `{label}` where a label is expected"));
    }
    let operators = [
        ("=~", true, false),
        ("!~", true, true),
        ("!=", false, true),
        ("=", false, false),
    ];
    let (operator, pattern, negated) = operators
        .into_iter()
        .find(|(operator, ..)| text[end..].starts_with(operator))
        .ok_or("has a label without `=`, `!=`, `=~` or `!~`")?;
    let (value, behind) = quoted(text[end + operator.len()..].trim_start())?;
    let value = if pattern {
        let anchored = Regex::new(&format!("^(?s:{value})$"));
        Value::Matching(anchored.map_err(|_| format!("has the malformed regular expression `{value}`"))?)
    } else {
        Value::Exactly(value)
    };
    let label = label.to_owned();
    Ok((Condition { label, value, negated }, behind))
}

/// A quoted text, and what is behind it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let quote = quote.ok_or("has a value without quotes")?;
    let mut value = String::new();
    let mut letters = text[1..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('\\' | '"' | '\''))) => value.push(escaped),
                // A regular expression keeps its own escapes.
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            _ if letter == quote => return Ok((value, &text[at + 2..])),
            _ => value.push(letter),
        }
    }
    Err("has a value whose quotes are not closed".to_owned())
}

/// Whether it is the name of a metric, or of a label.
fn is_name(text: &str, metric: bool) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || metric && byte == b':';
    text.bytes().next().is_some_and(letter) && text.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let selector = Selector::parse(selector).unwrap();
        selector.matches("up", |name| {
            labels.iter().find(|(label, _)| *label == name).map(|(_, value)| *value)
        })
    }

    #[test]
    fn conditions_hold_together() {
        assert!(selects("up", &[("code", "500")]));
        assert!(!selects("down", &[]));
        assert!(selects(
            "up{code=~\"5..\", job!='test',}",
            &[("code", "500"), ("job", "api")]
        ));
        assert!(
            !selects("up{code=~\"5..\"}", &[("code", "5000")]),
            "the expression covers the whole value"
        );
        assert!(selects("up{code!~\"5..\"}", &[]), "an absent label is empty");
        assert!(selects("up{code=\"\"}", &[]));
        assert!(!selects("up{code!=\"\"}", &[]));
        assert!(selects(r#"up{path="a\"b"}"#, &[("path", "a\"b")]));
        assert!(selects(r#"up{path=~"\d+"}"#, &[("path", "42")]));
    }

    #[test]
    fn what_is_no_selector_is_told() {
        let wrong = |text: &str| Selector::parse(text).unwrap_err();
        insta::assert_snapshot!([
            "", "rate(up[5m])", "up{", "up{a}", "up{a=b}", "up{a=\"b}", "up{a=~\"(\"}", "up{a=\"b\" c=\"d\"}", "up{a=\"b\"} offset 5m", "up[5m]",
        ].map(|text| format!("`{text}` {}", wrong(text))).join("\n"), @r#"
        `` does not start with the name of a metric
        `rate(up[5m])` does not start with the name of a metric
        `up{` has a label without `=`, `!=`, `=~` or `!~`
        `up{a}` has a label without `=`, `!=`, `=~` or `!~`
        `up{a=b}` has a value without quotes
        `up{a="b}` has a value whose quotes are not closed
        `up{a=~"("}` has the malformed regular expression `(`
        `up{a="b" c="d"}` has no `,` or `}` behind a condition
        `up{a="b"} offset 5m` has `offset 5m` behind its last brace
        `up[5m]` does not start with the name of a metric
        "#);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}", labels in "[a-z=~!\"',{}\\\\ ]{0,40}") {
            let _ = Selector::parse(&text);
            let _ = Selector::parse(&format!("up{{{labels}"));
        }
    }
}
