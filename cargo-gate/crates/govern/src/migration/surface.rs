//! What a file declares, element by element.

use std::collections::BTreeMap;
use std::fmt;

use gate_build::lock::KernelLock;
use serde::Serialize;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

/// Schemas that nest deeper than this refer to themselves.
const DEEPEST: usize = 16;

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An entry of a kernel lock, by its symbol.
    Kernel,
    /// A field of a schema or a key of a file, by its path.
    Field,
    /// A word that a field may hold: the path of the field, `=` and the word.
    State,
}

impl Kind {
    /// Its name in messages and in maps.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Kernel => "kernel",
            Kind::Field => "field",
            Kind::State => "state",
        }
    }
}

/// An element: what it is, and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Element {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind.name(), self.name)
    }
}

/// What a version declares: each element with its shape, by which two of one name are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surface {
    /// The elements.
    pub elements: BTreeMap<Element, String>,
}

/// Why a file declares nothing that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurfaceError {
    /// 1-based line, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl Surface {
    /// What a text declares: a JSON Schema where it is JSON, a kernel lock where it has its form, else a TOML file.
    ///
    /// # Errors
    /// It is none of them, or declares nothing.
    pub fn of(name: &str, text: &str) -> Result<Self, SurfaceError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let surface = if name.ends_with(".lock") {
            Self::of_lock(text)?
        } else if text.trim_start().starts_with('{') {
            Self::of_schema(text)?
        } else {
            Self::of_toml(text)?
        };
        if surface.elements.is_empty() {
            return Err(SurfaceError {
                line: None,
                message: "declares no kernel, field or state".to_owned(),
            });
        }
        Ok(surface)
    }

    fn add(&mut self, kind: Kind, name: String, shape: String) {
        self.elements.insert(Element { kind, name }, shape);
    }

    /// Every entry with the types of its parameters. Entries of one name for several architectures take the same.
    fn of_lock(text: &str) -> Result<Self, SurfaceError> {
        let lock = KernelLock::parse(text).map_err(|error| SurfaceError {
            line: Some(error.line),
            message: error.message,
        })?;
        let mut surface = Self::default();
        for image in lock.units.values().flat_map(|unit| unit.images.values()) {
            for (name, entry) in &image.entries {
                let params: Vec<String> = entry.params.iter().map(ToString::to_string).collect();
                surface.add(Kind::Kernel, name.clone(), format!("({})", params.join(", ")));
            }
        }
        Ok(surface)
    }

    fn of_toml(text: &str) -> Result<Self, SurfaceError> {
        let file = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            SurfaceError {
                line: Some(text.get(..at).unwrap_or_default().matches('\n').count() + 1),
                message: error.message().to_owned(),
            }
        })?;
        let mut surface = Self::default();
        keys(&mut surface, "", file.get_ref());
        Ok(surface)
    }

    fn of_schema(text: &str) -> Result<Self, SurfaceError> {
        let schema: Value = serde_json::from_str(text).map_err(|error| SurfaceError {
            line: Some(error.line()),
            message: error.to_string(),
        })?;
        let mut surface = Self::default();
        fields(&mut surface, &schema, &schema, "", 0);
        Ok(surface)
    }
}

/// The leaves of a TOML table by their paths, with their types; elements of arrays of tables count together.
fn keys(surface: &mut Surface, path: &str, table: &DeTable<'_>) {
    for (key, value) in table.iter() {
        let path = join(path, key.get_ref());
        match value.get_ref() {
            DeValue::Table(table) => keys(surface, &path, table),
            DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                for item in items.iter().filter_map(|item| item.get_ref().as_table()) {
                    keys(surface, &path, item);
                }
            }
            other => surface.add(Kind::Field, path, other.type_str().to_owned()),
        }
    }
}

fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// The fields of a JSON Schema by their paths, and the words that they may hold.
fn fields(surface: &mut Surface, root: &Value, schema: &Value, path: &str, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str)
        && let Some(target) = target.strip_prefix('#').and_then(|target| root.pointer(target))
    {
        fields(surface, root, target, path, depth + 1);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            fields(surface, root, branch, path, depth + 1);
        }
    }
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    for word in words.chain(schema.get("const")).filter_map(Value::as_str) {
        surface.add(Kind::State, format!("{path}={word}"), String::new());
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner @ Value::Object(_)) = schema.get(keyword) {
            fields(surface, root, inner, &format!("{path}[]"), depth + 1);
        }
    }
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = join(path, name);
        let mut kinds = Vec::new();
        types(root, property, &mut kinds, 0);
        kinds.sort_unstable();
        kinds.dedup();
        surface.add(Kind::Field, path.clone(), kinds.join(" or "));
        fields(surface, root, property, &path, depth + 1);
    }
}

/// The JSON types that a schema admits.
fn types<'a>(root: &'a Value, schema: &'a Value, kinds: &mut Vec<&'a str>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match schema.get("type") {
        Some(Value::String(kind)) => kinds.push(kind),
        Some(Value::Array(all)) => kinds.extend(all.iter().filter_map(Value::as_str)),
        _ => {}
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str)
        && let Some(target) = target.strip_prefix('#').and_then(|target| root.pointer(target))
    {
        types(root, target, kinds, depth + 1);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            types(root, branch, kinds, depth + 1);
        }
    }
}
