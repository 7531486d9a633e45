//! Validation of the parsed file against its schema: types, unknown and missing keys, words, ranges and formats, all in
//! one pass and each with its place. Only the keywords that the types of the sections produce are understood.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::known::Known;
use super::problem::{Oddity, Problem, shown};
use super::scalar::{self, Number};
use super::suggest::similar;
use super::{format, pattern, rule};

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    /// Missing keys; follow-on noise where the file has syntax errors.
    pub(super) missing: Vec<Problem>,
    pub(super) oddities: Vec<Oddity>,
}

/// Validates the whole file.
pub(super) fn walk(schema: &Value, file: &Spanned<DeTable<'_>>, known: &Known<'_>) -> Findings {
    let mut walker = Walker {
        root: schema,
        known,
        found: Findings::default(),
    };
    let start = Place::default();
    walker.table(&walker.views(schema), file.get_ref(), file.span(), &start);
    walker.found
}

/// Where the walk is, for messages.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Keys from the top, joined with `.`.
    path: String,
    /// The last key alone.
    key: String,
    /// Whether the value is an element of the array `path`.
    element: bool,
}

impl Place {
    fn child(&self, key: &str) -> Self {
        let quoted = toml_key(key);
        Self {
            path: if self.path.is_empty() {
                quoted.clone()
            } else {
                format!("{}.{quoted}", self.path)
            },
            key: quoted,
            element: false,
        }
    }

    fn item(&self) -> Self {
        Self {
            element: true,
            ..self.clone()
        }
    }

    /// The value as the subject of a message.
    fn subject(&self) -> String {
        if self.element {
            format!("an element of `{}`", self.key)
        } else {
            format!("`{}`", self.key)
        }
    }

    /// Where a key of the value stands.
    fn within(&self) -> String {
        let place = if self.path.is_empty() { "at" } else { "in" };
        format!("{place} {}", self.table())
    }

    /// The value as a table.
    fn table(&self) -> String {
        match (self.path.as_str(), self.element) {
            ("", _) => "the top level".into(),
            (path, true) => format!("`[[{path}]]`"),
            (path, false) => format!("`[{path}]`"),
        }
    }
}

struct Walker<'a> {
    root: &'a Value,
    known: &'a Known<'a>,
    found: Findings,
}

/// A schema with everything it refers to: the keywords of the first object that has them count.
type Views<'a> = Vec<&'a Map<String, Value>>;

fn keyword<'a>(views: &Views<'a>, name: &str) -> Option<&'a Value> {
    views.iter().find_map(|view| view.get(name))
}

impl<'a> Walker<'a> {
    fn views(&self, schema: &'a Value) -> Views<'a> {
        let mut views = Vec::new();
        let mut open = vec![schema];
        while let Some(Value::Object(object)) = open.pop() {
            views.push(object);
            let target = object.get("$ref").and_then(Value::as_str);
            open.extend(target.and_then(|target| self.root.pointer(target.trim_start_matches('#'))));
            open.extend(object.get("allOf").and_then(Value::as_array).into_iter().flatten());
        }
        views
    }

    fn problem(&mut self, problem: Problem) {
        self.found.problems.push(problem);
    }

    /// The JSON types that the schema admits.
    fn kinds(&self, views: &Views<'a>) -> Vec<&'a str> {
        let mut kinds = Vec::new();
        if let Some(kind) = keyword(views, "type").and_then(Value::as_str) {
            kinds.push(kind);
        } else {
            for branch in branches(views) {
                kinds.extend(self.kinds(&self.views(branch)));
            }
        }
        kinds.dedup();
        kinds
    }

    fn accepts(&self, views: &Views<'a>, value: &DeValue<'_>) -> bool {
        let kind = match value {
            DeValue::Datetime(_) if keyword(views, "format").is_some_and(|format| format == "date") => "string",
            other => json_kind(other),
        };
        let kinds = self.kinds(views);
        // A whole number is a number.
        kinds.contains(&kind) || kind == "integer" && kinds.contains(&"number")
    }

    fn value(&mut self, views: &Views<'a>, value: &Spanned<DeValue<'_>>, place: &Place) {
        if !self.accepts(views, value.get_ref()) {
            return self.wrong_type(views, value, place);
        }
        // A choice of words is one kind of value; a choice of kinds is decided by the kind.
        if words(views).is_none() {
            let branch = branches(views)
                .map(|branch| self.views(branch))
                .find(|branch| self.accepts(branch, value.get_ref()));
            if let Some(branch) = branch {
                return self.value(&branch, value, place);
            }
        }
        match value.get_ref() {
            DeValue::Table(table) => self.table(views, table, value.span(), place),
            DeValue::Array(items) => {
                let words: Option<Vec<String>> = items
                    .iter()
                    .map(|item| item.get_ref().as_str().map(str::to_owned))
                    .collect();
                let command = keyword(views, "x-format").is_some_and(|format| format == "command");
                if items.is_empty() && keyword(views, "minItems").is_some() {
                    let problem =
                        Problem::new(value.span(), format!("{} is empty", place.subject())).rule(&rule::EMPTY_LIST);
                    self.problem(problem.help("add at least one element"));
                } else if let (true, Some(words)) = (command, words)
                    && let Err(error) = format::command_words(&words)
                {
                    self.malformed("command", &error, value.span(), place);
                }
                if let Some(schema) = keyword(views, "items") {
                    let views = self.views(schema);
                    for item in items.iter() {
                        self.value(&views, item, &place.item());
                    }
                }
            }
            DeValue::String(text) => self.string(views, text, value.span(), place),
            DeValue::Integer(number) => self.number(views, &Number::integer(number), value.span(), place),
            DeValue::Float(number) => self.number(views, &Number::float(number), value.span(), place),
            DeValue::Datetime(datetime) => {
                if format::native_date(datetime).is_none() {
                    let problem = Problem::new(value.span(), format!("{} has a time of day", place.subject()))
                        .rule(&rule::MALFORMED_DATE);
                    self.problem(problem.help("write only the date, such as 2030-01-31"));
                }
            }
            DeValue::Boolean(_) => {}
        }
    }

    fn number(&mut self, views: &Views<'a>, number: &Number, span: Range<usize>, place: &Place) {
        if let Err(problem) = scalar::in_range(views, number, span.clone(), &place.subject()) {
            self.problem(problem);
        } else if let Some(oddity) = scalar::odd_number(views, number, span, &place.subject()) {
            self.found.oddities.push(oddity);
        }
    }

    fn string(&mut self, views: &Views<'a>, text: &str, span: Range<usize>, place: &Place) {
        if let Some(words) = words(views) {
            if !words.contains(&text) {
                let mut problem = Problem::new(span, format!("{} cannot be `{}`", place.subject(), shown(text)))
                    .rule(&rule::UNKNOWN_VALUE);
                if let Some(word) = similar(text, words.iter().copied()) {
                    problem = problem.did_you_mean(word);
                }
                self.problem(problem.help(format!("write {}", quoted_choice(&words))));
            }
            return;
        }
        if let Err(problem) = scalar::length(views, text, span.clone(), &place.subject()) {
            return self.problem(problem);
        }
        let Some(name) = keyword(views, "x-format")
            .or_else(|| keyword(views, "format"))
            .and_then(Value::as_str)
        else {
            return;
        };
        if name == "check" {
            self.check_id(text, span, &place.subject());
        } else if name == "check-pattern" {
            self.check_pattern(text, span, &place.subject());
        } else if let Err(mut error) = format::check(name, text) {
            if let Some(help) = keyword(views, "x-help").and_then(Value::as_str) {
                error.help = help.to_owned();
            }
            self.malformed(name, &error, span, place);
        } else if name == "duration" {
            match scalar::duration(views, text, span, &place.subject()) {
                Err(problem) => self.problem(problem),
                Ok(oddity) => self.found.oddities.extend(oddity),
            }
        }
    }

    fn malformed(&mut self, format: &str, error: &format::FormatError, span: Range<usize>, place: &Place) {
        let message = format!("{} {}", place.subject(), shown(&error.message));
        self.problem(
            Problem::new(span, message)
                .rule(rule::of_format(format))
                .help(shown(&error.help)),
        );
    }

    fn check_id(&mut self, id: &str, span: Range<usize>, subject: &str) {
        if self.known.blocks_at(id).is_some() {
            return;
        }
        let mut problem =
            Problem::new(span, format!("unknown check `{}` in {subject}", shown(id))).rule(&rule::UNKNOWN_CHECK);
        if let Some(known) = similar(id, self.known.ids()) {
            problem = problem.did_you_mean(known);
        } else {
            problem = problem.help("`cargo gate status` lists the checks of this workspace");
        }
        self.problem(problem);
    }

    /// A pattern that covers no check asks for nothing.
    fn check_pattern(&mut self, text: &str, span: Range<usize>, subject: &str) {
        if !pattern::is_pattern(text) {
            self.check_id(text, span, subject);
        } else if !self.known.ids().any(|id| pattern::matches(text, id)) {
            let problem = Problem::new(span, format!("{subject} matches no check: `{}`", shown(text)))
                .rule(&rule::PATTERN_WITHOUT_CHECK);
            self.problem(problem.help("`cargo gate status` lists the checks of this workspace"));
        }
    }

    fn table(&mut self, views: &Views<'a>, table: &DeTable<'_>, span: Range<usize>, place: &Place) {
        let properties = keyword(views, "properties").and_then(Value::as_object);
        let mut meant = Vec::new();
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
                self.value(&self.views(schema), value, &place.child(name));
            } else if let Some(schema @ Value::Object(_)) = keyword(views, "additionalProperties") {
                if let Some(names) = keyword(views, "propertyNames")
                    && names["x-format"] == "check"
                {
                    self.check_id(name, key.span(), &place.table());
                }
                self.value(&self.views(schema), value, &place.child(name));
            } else if let Some(help) = keyword(views, "x-refused").and_then(|refused| refused.get(name)?.as_str()) {
                let message = format!("`{}` cannot be set {}", shown(name), place.within());
                self.problem(Problem::new(key.span(), message).rule(&rule::REFUSED_KEY).help(help));
            } else {
                let keys = properties.map(Map::keys).into_iter().flatten().map(String::as_str);
                let mut problem = Problem::new(key.span(), format!("unknown key `{}` {}", shown(name), place.within()))
                    .rule(&rule::UNKNOWN_KEY);
                // A key that is already there is not what was meant.
                let free = keys.clone().filter(|key| !table.contains_key(*key));
                if let Some(known) = similar(name, free) {
                    meant.push(known);
                    problem = problem.did_you_mean(known);
                } else {
                    let keys: Vec<&str> = keys.collect();
                    problem = problem.help(format!("the keys of {} are {}", place.table(), list(&keys)));
                }
                self.problem(problem);
            }
        }
        let required = ["required", "x-required"]
            .into_iter()
            .filter_map(|name| keyword(views, name)?.as_array())
            .flatten();
        for key in required.filter_map(Value::as_str) {
            if table.contains_key(key) || meant.contains(&key) {
                continue;
            }
            let schema = properties.and_then(|properties| properties.get(key));
            let help = schema.and_then(|schema| addition(key, schema));
            let message = format!("missing key `{key}` {}", place.within());
            self.found.missing.push(Problem {
                help,
                ..Problem::new(span.clone(), message).rule(&rule::MISSING_KEY)
            });
        }
    }

    fn wrong_type(&mut self, views: &Views<'a>, value: &Spanned<DeValue<'_>>, place: &Place) {
        let kinds = self.kinds(views);
        let date = keyword(views, "format").is_some_and(|format| format == "date");
        let names: Vec<&str> = kinds
            .iter()
            .map(|kind| if date { "a date" } else { kind_name(kind) })
            .collect();
        let got = toml_kind(value.get_ref());
        let message = format!("{} takes {}, not {got}", place.subject(), choice(&names));
        let mut problem = Problem::new(value.span(), message)
            .rule(&rule::WRONG_TYPE)
            .label(format!("this is {got}"));
        let tables = keyword(views, "items").is_some_and(|items| {
            let items = self.views(items);
            self.kinds(&items).contains(&"object")
        });
        let help = match (value.get_ref(), kinds.as_slice()) {
            (DeValue::Table(_), ["array"]) if tables => Some(format!("write `[[{}]]`", place.path)),
            (DeValue::Array(_), ["object"]) => Some(format!("write `[{}]`", place.path)),
            _ if place.element => None,
            _ => keyword(views, "examples")
                .and_then(|examples| examples.get(0))
                .map(|example| format!("write `{} = {example}`", place.key)),
        };
        problem.help = help.or_else(|| words(views).map(|words| format!("write {}", quoted_choice(&words))));
        self.problem(problem);
    }
}

/// The alternatives of a schema.
fn branches<'a>(views: &Views<'a>) -> impl Iterator<Item = &'a Value> + use<'a> {
    let list = keyword(views, "anyOf").or_else(|| keyword(views, "oneOf"));
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The words that a schema admits, if it is a choice of words.
fn words<'a>(views: &Views<'a>) -> Option<Vec<&'a str>> {
    if let Some(words) = keyword(views, "enum").and_then(Value::as_array) {
        return words.iter().map(Value::as_str).collect();
    }
    let words: Option<Vec<&str>> = branches(views)
        .map(|branch| branch.get("const").and_then(Value::as_str))
        .collect();
    words.filter(|words| !words.is_empty())
}

/// What to add for a missing key.
fn addition(key: &str, schema: &Value) -> Option<String> {
    if let Some(help) = schema.get("x-missing").and_then(Value::as_str) {
        return Some(help.into());
    }
    let example = schema.get("examples")?.get(0)?;
    let is_date = schema.get("format").is_some_and(|format| format == "date");
    let text = match example.as_str() {
        Some(day) if is_date => day.to_owned(),
        _ => example.to_string().replace("\",\"", "\", \""),
    };
    Some(format!("add `{key} = {text}`"))
}

fn json_kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "datetime",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn toml_kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Float(_) => "a decimal number",
        DeValue::Datetime(_) => "a date",
        other => kind_name(json_kind(other)),
    }
}

fn kind_name(kind: &str) -> &'static str {
    match kind {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "an array",
        _ => "a table",
    }
}

/// `a, b or c`
fn choice(names: &[&str]) -> String {
    match names {
        [] => "nothing".into(),
        [name] => (*name).into(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn quoted_choice(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    choice(&quoted.iter().map(String::as_str).collect::<Vec<_>>())
}

fn list(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}

/// A key as TOML writes it.
fn toml_key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.bytes().all(bare) {
        key.into()
    } else {
        format!("\"{}\"", shown(key))
    }
}
