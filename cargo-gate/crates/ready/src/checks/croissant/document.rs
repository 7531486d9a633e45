//! The description as a document: its version, what the specification requires of every data set, and its dates.

use serde_json::Value;

use crate::croissant::{NAMESPACE, bare, id, list, term};
use crate::verdict::{Problem, fail, warn};

/// What the specification requires, and the reference implementation too.
const REQUIRED: &[&str] = &["name", "description", "license", "url"];
/// What the specification requires, and nothing that is checked rests on.
const EXPECTED: &[&str] = &["creator", "datePublished"];
const DATES: &[&str] = &["dateCreated", "datePublished", "dateModified"];

pub(super) fn check(path: &str, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |what: String| problems.push(fail(format!("Invalid {path}: {what}")));
    if !value.is_object() {
        wrong("it is not an object".into());
        return problems;
    }
    match value.get("@context") {
        None | Some(Value::Null) => wrong("missing @context".into()),
        Some(context) if !mentions(context) => {
            wrong("its @context does not have the namespace http://mlcommons.org/croissant/".into());
        }
        Some(context) => {
            if let Some(name) = undefined(context, value) {
                wrong(format!(
                    "its @context does not define `{name}`, which would be a term of schema.org"
                ));
            }
        }
    }
    let types = value.get("@type").map(list).unwrap_or_default();
    if !types.iter().any(|one| one.as_str().map(bare) == Some("Dataset")) {
        wrong("its @type is not sc:Dataset".into());
    }
    if let Some(why) = version(value) {
        wrong(why);
    }
    if let Some(twice) = twice(value) {
        wrong(twice);
    }
    for name in REQUIRED {
        match term(value, name) {
            None => wrong(format!("missing {name}")),
            Some(said) if !says(said) => wrong(format!("{name} has no text")),
            Some(_) => {}
        }
    }
    for name in DATES {
        let date = term(value, name).and_then(Value::as_str);
        if term(value, name).is_some() && !date.is_some_and(is_date) {
            wrong(format!("{name} is not a date such as 2026-07-12"));
        }
    }
    let date = |name| {
        term(value, name)
            .and_then(Value::as_str)
            .and_then(|date| date.get(..10))
    };
    if let (Some(created), Some(modified)) = (date("dateCreated"), date("dateModified"))
        && modified < created
    {
        wrong("dateModified is before dateCreated".into());
    }
    for name in EXPECTED {
        if !term(value, name).is_some_and(says) {
            problems.push(warn(format!("{path} has no {name}, which the specification requires")));
        }
    }
    problems
}

/// Whether a context has the namespace of Croissant, under whatever prefix.
fn mentions(context: &Value) -> bool {
    match context {
        Value::String(text) => text.contains(NAMESPACE),
        Value::Array(items) => items.iter().any(mentions),
        Value::Object(object) => object.values().any(mentions),
        _ => false,
    }
}

/// A term of Croissant that is used without a prefix and that the context does not define: it then means nothing.
fn undefined<'v>(context: &Value, value: &'v Value) -> Option<&'v str> {
    const TERMS: &[&str] = &[
        "recordSet",
        "field",
        "source",
        "dataType",
        "fileObject",
        "fileSet",
        "includes",
        "extract",
        "references",
        "subField",
        "md5",
    ];
    let contexts = list(context);
    let vocabulary = |one: &Value| {
        one.get("@vocab")
            .and_then(Value::as_str)
            .is_some_and(|text| text.contains(NAMESPACE))
    };
    // What is at an address cannot be read here.
    if contexts.iter().any(|one| one.is_string() || vocabulary(one)) {
        return None;
    }
    let is_open = |key: &str| TERMS.contains(&key) && contexts.iter().all(|one| one.get(key).is_none());
    match value {
        Value::Object(object) => object.iter().find_map(|(key, value)| match key.as_str() {
            key if is_open(key) => Some(key),
            key if is_foreign(key) => None,
            _ => undefined(context, value),
        }),
        Value::Array(items) => items.iter().find_map(|one| undefined(context, one)),
        _ => None,
    }
}

/// Names of a context are those of its author, and records those of the data.
fn is_foreign(key: &str) -> bool {
    key == "@context" || matches!(bare(key), "data" | "examples" | "value")
}

/// Why the version of the format is not one that is read.
fn version(value: &Value) -> Option<String> {
    let Some(named) = term(value, "conformsTo") else {
        return Some("missing conformsTo, such as http://mlcommons.org/croissant/1.0".into());
    };
    let versions: Vec<&str> = list(named)
        .iter()
        .filter_map(|one| id(one)?.split_once(NAMESPACE).map(|(_, version)| version))
        // Extensions such as `RAI/1.0` have names of their own.
        .filter(|version| !version.contains('/'))
        .collect();
    match versions.as_slice() {
        ["1.0" | "1.1"] => None,
        [] => Some(format!("conformsTo is {named}, which is not a version of Croissant")),
        [other] => Some(format!("unknown version {other} of Croissant")),
        [..] => Some("conformsTo has several versions of Croissant".into()),
    }
}

/// One property under two spellings of its name means two things.
fn twice(value: &Value) -> Option<String> {
    match value {
        Value::Object(object) => {
            let mut names: Vec<(&str, &str)> = object.keys().map(|key| (bare(key), key.as_str())).collect();
            names.sort_unstable();
            let pair = names.windows(2).find(|pair| pair[0].0 == pair[1].0);
            let told = pair.map(|pair| format!("{} and {} are one property", pair[0].1, pair[1].1));
            let mut own = object.iter().filter(|(key, _)| !is_foreign(key));
            told.or_else(|| own.find_map(|(_, value)| twice(value)))
        }
        Value::Array(items) => items.iter().find_map(twice),
        _ => None,
    }
}

/// Whether a value says something: no blank, and no word that stands for nothing.
fn says(value: &Value) -> bool {
    const NOTHING: &[&str] = &["", "none", "null", "n/a", "unknown", "tbd", "todo"];
    match value {
        Value::String(text) => !NOTHING.contains(&text.trim().to_ascii_lowercase().as_str()),
        Value::Array(items) => items.iter().any(says),
        Value::Object(object) => object.iter().any(|(key, value)| key != "@type" && says(value)),
        _ => false,
    }
}

/// A date or a time of ISO 8601; the year alone is one.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', ' ']).next().unwrap_or_default();
    let mut parts = date.split('-');
    let mut part = |digits: usize| match parts.next() {
        None => Some(None),
        Some(part) if part.len() == digits => part.parse::<u32>().ok().map(Some),
        Some(_) => None,
    };
    let (Some(Some(_)), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
        return false;
    };
    parts.next().is_none()
        && month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_iso_8601() {
        for text in [
            "2026",
            "2026-07",
            "2026-07-12",
            "2025-10-19T01:06:58Z",
            "2025-10-19 01:06",
        ] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "",
            "12.7.2026",
            "2026-13-01",
            "2026-07-32",
            "2026-7-1",
            "soon",
            "2026-07-12-1",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
