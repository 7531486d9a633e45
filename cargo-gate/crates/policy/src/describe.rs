//! What the keys of gate.toml mean, for those who write one: the schema as an editor asks for it.

use serde_json::{Map, Value};

use super::{limits, schema};

/// A key of gate.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// What it means, in Markdown.
    pub description: String,
    /// What is written behind it.
    pub kind: Kind,
    /// Whether the table that holds it is incomplete without it.
    pub required: bool,
    /// What it is where it is not written, as TOML.
    pub default: Option<String>,
    /// How it may be written, as TOML.
    pub examples: Vec<String>,
}

/// What is written behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `[key]`.
    Table,
    /// `[[key]]`.
    Tables,
    /// A value.
    Value(Values),
}

/// What a value may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// In words: `a string`, `an array of strings`.
    pub shape: String,
    /// The strings that it may be, each with what it means; empty where it may be any.
    pub words: Vec<(String, String)>,
    /// Whether `true` and `false` are among them.
    pub boolean: bool,
    /// Whether it is, or holds, ids of checks.
    pub checks: bool,
    /// Whether it is an array and nothing else.
    pub array: bool,
}

/// The keys of the table at `path`, in the order of the documentation; empty where gate.toml has no such table, or one whose keys are names
/// of one's own. Elements of arrays have the path of their array.
pub fn keys(path: &[String]) -> Vec<Key> {
    let Some(views) = at(path) else {
        return Vec::new();
    };
    let views = element(views);
    let mut required = names(&views, "required");
    required.extend(names(&views, "x-required"));
    let mut keys = Vec::new();
    for view in &views {
        for (name, schema) in view.get("properties").and_then(Value::as_object).into_iter().flatten() {
            keys.push(describe(name, schema, required.contains(&name.as_str())));
        }
    }
    keys
}

/// The key at the end of `path`; `None` where gate.toml has no such key.
pub fn key(path: &[String]) -> Option<Key> {
    let (name, parents) = path.split_last()?;
    if let Some(key) = keys(parents).into_iter().find(|key| key.name == *name) {
        return Some(key);
    }
    let views = element(at(parents)?);
    let schema = views
        .iter()
        .find_map(|view| view.get("additionalProperties").filter(|schema| schema.is_object()))?;
    let mut key = describe(name, schema, false);
    if key.description.is_empty() {
        key.description = self::key(parents)?.description;
    }
    Some(key)
}

/// Whether the keys of the table at `path` are ids of checks.
pub fn keys_are_checks(path: &[String]) -> bool {
    at(path).is_some_and(|views| {
        views.iter().any(|view| {
            view.get("propertyNames")
                .is_some_and(|names| names["x-format"] == "check")
        })
    })
}

/// A schema with everything it refers to and all its alternatives.
type Views = Vec<&'static Map<String, Value>>;

fn views(schema: &'static Value) -> Views {
    let root = schema::shared();
    let mut views = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        let Value::Object(object) = schema else { continue };
        views.push(object);
        let list = |name: &str| object.get(name).and_then(Value::as_array).into_iter().flatten();
        let below: Vec<&Value> = list("allOf").chain(list("anyOf")).chain(list("oneOf")).collect();
        open.extend(below.into_iter().rev());
        let target = object.get("$ref").and_then(Value::as_str);
        open.extend(target.and_then(|target| root.pointer(target.trim_start_matches('#'))));
    }
    views
}

/// The views of an array's elements beside those of what is no array.
fn element(all: Views) -> Views {
    let items: Vec<&'static Value> = all.iter().filter_map(|view| view.get("items")).collect();
    if items.is_empty() {
        return all;
    }
    all.into_iter().chain(items.into_iter().flat_map(views)).collect()
}

/// The schema at a path.
fn at(path: &[String]) -> Option<Views> {
    let mut here = views(schema::shared());
    for name in path {
        here = element(here);
        let schema = here
            .iter()
            .find_map(|view| view.get("properties")?.get(name))
            .or_else(|| {
                here.iter()
                    .find_map(|view| view.get("additionalProperties").filter(|schema| schema.is_object()))
            })?;
        here = views(schema);
    }
    Some(here)
}

fn names<'a>(views: &'a Views, keyword: &str) -> Vec<&'a str> {
    let lists = views.iter().filter_map(|view| view.get(keyword)?.as_array());
    lists.flatten().filter_map(Value::as_str).collect()
}

fn describe(name: &str, schema: &'static Value, required: bool) -> Key {
    let views = views(schema);
    let text = |view: &Map<String, Value>| view.get("description").and_then(Value::as_str).map(str::to_owned);
    let examples = views.iter().filter_map(|view| view.get("examples")?.as_array());
    let default = views.iter().find_map(|view| view.get("default"));
    let description = views.first().and_then(|view| text(view)).unwrap_or_default();
    let threshold = views.iter().find_map(|view| limits::of(name, view));
    let bounds = threshold.map_or_else(String::new, |threshold| format!("\n\n{}", threshold.sentence()));
    Key {
        name: name.to_owned(),
        description: description + &bounds,
        kind: kind(&views),
        required,
        default: default.and_then(toml_text).filter(|text| text != "[]"),
        examples: examples.flatten().filter_map(toml_text).collect(),
    }
}

fn kind(views: &Views) -> Kind {
    let is = |view: &Map<String, Value>, kind: &str| view.get("type").is_some_and(|it| it == kind);
    let object = |views: &Views| views.iter().any(|view| is(view, "object"));
    let scalar = |views: &Views| {
        let scalars = ["string", "integer", "number", "boolean"];
        views.iter().any(|view| scalars.iter().any(|kind| is(view, kind)))
    };
    let array = views.iter().any(|view| is(view, "array"));
    let items: Views = views
        .iter()
        .filter_map(|view| view.get("items"))
        .flat_map(self::views)
        .collect();
    if object(views) && !scalar(views) {
        return Kind::Table;
    }
    if array && object(&items) && !scalar(&items) {
        return Kind::Tables;
    }
    let all: Views = views.iter().copied().chain(items.iter().copied()).collect();
    let mut words: Vec<(String, String)> = Vec::new();
    for view in &all {
        let meaning = view.get("description").and_then(Value::as_str).unwrap_or_default();
        if let Some(word) = view.get("const").and_then(Value::as_str) {
            words.push((word.to_owned(), meaning.to_owned()));
        }
        let list = view.get("enum").and_then(Value::as_array).into_iter().flatten();
        words.extend(list.filter_map(|word| Some((word.as_str()?.to_owned(), String::new()))));
    }
    let mut seen = std::collections::BTreeSet::new();
    words.retain(|(word, _)| seen.insert(word.clone()));
    Kind::Value(Values {
        shape: shape(views, &items),
        words,
        boolean: all.iter().any(|view| is(view, "boolean")),
        checks: all.iter().any(|view| {
            view.get("x-format")
                .is_some_and(|format| format == "check" || format == "check-pattern")
        }),
        array: array && !scalar(views) && !object(views),
    })
}

/// The types in words.
fn shape(views: &Views, items: &Views) -> String {
    let mut shapes: Vec<String> = Vec::new();
    for view in views {
        let date = view.get("format").is_some_and(|format| format == "date");
        let format = view.get("x-format").and_then(Value::as_str);
        let one = match view.get("type").and_then(Value::as_str) {
            Some("string") if date => "a day",
            Some("string") => match format {
                Some("duration") => "a duration such as `\"30d\"`",
                Some("glob") => "a glob over paths",
                Some("path") => "a path",
                Some("check") => "the id of a check",
                _ => "a string",
            },
            Some("integer") => "a whole number",
            Some("number") => "a number",
            Some("boolean") => "`true` or `false`",
            Some("array") => {
                let of = match shape_of_items(items) {
                    Some(kind) => format!("an array of {kind}"),
                    None => "an array".to_owned(),
                };
                shapes.push(of);
                continue;
            }
            Some("object") => "a table",
            _ => continue,
        };
        shapes.push(one.to_owned());
    }
    let mut seen = std::collections::BTreeSet::new();
    shapes.retain(|shape| seen.insert(shape.clone()));
    shapes.join(", or ")
}

fn shape_of_items(items: &Views) -> Option<&'static str> {
    let kinds: std::collections::BTreeSet<&str> = items
        .iter()
        .filter_map(|view| view.get("type").and_then(Value::as_str))
        .collect();
    match kinds.into_iter().collect::<Vec<_>>().as_slice() {
        ["string"] => Some("strings"),
        ["integer"] => Some("whole numbers"),
        ["boolean"] => Some("`true` and `false`"),
        _ => None,
    }
}

/// A value of the schema as TOML; `None` for what is a table.
fn toml_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(toml_text).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(_) | Value::Null => return None,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Every table of the schema, by walking from the top.
    fn walk(at: &[String], depth: usize, found: &mut usize) {
        for key in keys(at) {
            let mut path = at.to_vec();
            path.push(key.name.clone());
            assert_eq!(super::key(&path).as_ref(), Some(&key), "{path:?}");
            assert!(!key.description.is_empty(), "{path:?} has no description");
            *found += 1;
            match key.kind {
                Kind::Table | Kind::Tables if depth < 5 => walk(&path, depth + 1, found),
                Kind::Value(values) => assert!(!values.shape.is_empty(), "{path:?} has no shape"),
                _ => {}
            }
        }
    }

    #[test]
    fn every_key_is_found_and_described() {
        let mut found = 0;
        walk(&[], 0, &mut found);
        assert!(found > 120, "{found} keys");
    }

    #[test]
    fn words_kinds_and_names_of_ones_own() {
        let panic = key(&path("profile/release/panic")).unwrap();
        let Kind::Value(values) = &panic.kind else {
            panic!("{panic:?}")
        };
        let words: Vec<&str> = values.words.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["unwind", "abort", "immediate-abort"]);
        assert_eq!(values.shape, "a string, or an array of strings");
        assert_eq!(key(&path("waiver")).unwrap().kind, Kind::Tables);
        assert_eq!(key(&path("tiers")).unwrap().kind, Kind::Table);
        assert!(keys_are_checks(&path("checks")));
        assert!(!keys_are_checks(&path("profile")));
        assert_eq!(key(&path("nothing")), None);
        assert_eq!(key(&path("tiers/default/x")), None);
        let name = key(&path("profile/mine")).unwrap();
        assert_eq!(name.kind, Kind::Table);
        assert!(name.description.starts_with("Requirements on Cargo profiles"));
    }
}
