//! Words that reports of others end with. Only a word that is known for a success is one: what is not known may mean anything.

use serde_json::Value;

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    /// A success.
    Good,
    /// Neither a success nor a failure.
    Doubtful,
    /// A failure, or a word that is not known.
    Bad,
}

/// A word of a report, with the key that it is under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) key: String,
    pub(crate) word: String,
    pub(crate) said: Said,
}

/// Keys under which a report says how it ended.
pub(crate) const KEYS: &[&str] = &[
    "recommendation",
    "decision",
    "verdict",
    "outcome",
    "status",
    "passed",
    "success",
];

const GOOD: &[&str] = &[
    "SHIP",
    "PASS",
    "PASSED",
    "READY",
    "APPROVE",
    "APPROVED",
    "ACCEPT",
    "ACCEPTED",
    "PROMOTE",
    "PROMOTED",
    "GO",
    "OK",
    "GREEN",
    "SUCCESS",
    "SUCCESSFUL",
    "SUCCEEDED",
    "COMPLETE",
    "COMPLETED",
    "FINISHED",
    "DONE",
    "VERIFIED",
    "VALID",
    "CLEAN",
    "TRUE",
    "YES",
];
const DOUBTFUL: &[&str] = &[
    "WARN",
    "WARNING",
    "WARNINGS",
    "SKIP",
    "SKIPPED",
    "NOT_APPLICABLE",
    "N/A",
    "INFO",
    "NULL",
];

/// What a single word says.
pub(crate) fn word(text: &str) -> Said {
    let plain: String = text
        .trim()
        .chars()
        .map(|letter| match letter {
            ' ' | '-' => '_',
            letter => letter.to_ascii_uppercase(),
        })
        .collect();
    if GOOD.contains(&plain.as_str()) {
        Said::Good
    } else if DOUBTFUL.contains(&plain.as_str()) {
        Said::Doubtful
    } else {
        Said::Bad
    }
}

/// What a value under such a key says: a word, a truth value, or whatever it has inside. Nothing where it is a number or has no word.
pub(crate) fn under(key: &str, value: &Value) -> Vec<Verdict> {
    let mut found = Vec::new();
    take(key, value, &mut found);
    found
}

/// Every word of a report, at any depth.
pub(crate) fn within(value: &Value) -> Vec<Verdict> {
    let mut found = Vec::new();
    walk(value, &mut found);
    found
}

fn take(key: &str, value: &Value, found: &mut Vec<Verdict>) {
    let (word, said) = match value {
        Value::Null => ("null".to_owned(), Said::Doubtful),
        Value::Bool(true) => ("true".to_owned(), Said::Good),
        Value::Bool(false) => ("false".to_owned(), Said::Bad),
        Value::String(text) => (text.clone(), self::word(text)),
        Value::Number(_) => return,
        Value::Array(_) | Value::Object(_) => return walk(value, found),
    };
    found.push(Verdict {
        key: key.to_owned(),
        word,
        said,
    });
}

fn walk(value: &Value, found: &mut Vec<Verdict>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if KEYS.contains(&key.as_str()) {
                    take(key, value, found);
                } else if matches!(key.as_str(), "contaminated" | "leaked") && *value == Value::Bool(true) {
                    take(key, &Value::String("true".into()), found);
                    if let Some(last) = found.last_mut() {
                        last.said = Said::Bad;
                    }
                } else {
                    walk(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_known_words_are_a_success() {
        for text in ["SHIP", "ship", " Passed ", "completed"] {
            assert_eq!(word(text), Said::Good, "{text}");
        }
        for text in ["DO_NOT_SHIP", "HOLD", "crashed", "SHIP?", "", "not ready"] {
            assert_eq!(word(text), Said::Bad, "{text}");
        }
        assert_eq!(word("n/a"), Said::Doubtful);
    }

    #[test]
    fn words_are_found_at_any_depth() {
        let report = json!({"a": [{"status": "PASS"}, {"b": {"passed": false}}], "decision": {"status": "HOLD", "at": 3}, "contaminated": true});
        let mut found: Vec<String> = within(&report)
            .into_iter()
            .map(|one| format!("{} {} {:?}", one.key, one.word, one.said))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "contaminated true Bad",
                "passed false Bad",
                "status HOLD Bad",
                "status PASS Good"
            ]
        );
        assert!(under("status", &json!(1)).is_empty());
    }
}
