//! JSON lines: an object in each. Numbers keep their characters, so that decimals are exact.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::output::{Rows, Value};

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

pub(super) fn read(bytes: &[u8]) -> Result<Rows, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        format!("line {line}: not UTF-8")
    })?;
    let mut rows = Rows::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |error: &dyn fmt::Display| format!("line {}: {error}", at + 1);
        let object: Object<'_> = serde_json::from_str(line).map_err(|error| wrong(&error))?;
        let mut row = vec![Value::Absent; rows.columns.len()];
        for (key, raw) in object.0 {
            let value = value(raw.get()).map_err(|error| wrong(&error))?;
            match places.get(&key) {
                Some(place) => row[*place] = value,
                None => {
                    places.insert(key.clone(), rows.columns.len());
                    rows.columns.push(key);
                    row.push(value);
                }
            }
        }
        rows.rows.push(row);
    }
    // Keys that came later are absent from the rows before.
    for row in &mut rows.rows {
        row.resize(rows.columns.len(), Value::Absent);
    }
    Ok(rows)
}

/// An object, in which no key occurs twice.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut found: Vec<(String, &'de RawValue)> = Vec::new();
                let mut seen = std::collections::HashSet::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format_args!("the key `{key}` occurs twice")));
                    }
                    found.push((key, value));
                }
                Ok(Object(found))
            }
        }

        from.deserialize_map(Keys)
    }
}

fn value(raw: &str) -> Result<Value, String> {
    Ok(match raw.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => Value::Text(serde_json::from_str(raw).map_err(|error| error.to_string())?),
        Some(b'[' | b'{') => {
            let mut text = String::new();
            canonical(raw, 0, &mut text)?;
            Value::Nested(text)
        }
        _ => Value::Number(raw.to_owned()),
    })
}

/// Nested values without blanks and with sorted keys.
fn canonical(raw: &str, depth: usize, text: &mut String) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("nested deeper than {DEEPEST}"));
    }
    match raw.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                canonical(item.get(), depth + 1, text)?;
            }
            text.push(']');
        }
        Some(b'{') => {
            let object: Object<'_> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
            let sorted: BTreeMap<String, &RawValue> = object.0.into_iter().collect();
            text.push('{');
            for (at, (key, item)) in sorted.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(item.get(), depth + 1, text)?;
            }
            text.push('}');
        }
        Some(b'"') => {
            let plain: String = serde_json::from_str(raw).map_err(|error| error.to_string())?;
            text.push_str(&serde_json::Value::from(plain).to_string());
        }
        _ => text.push_str(raw),
    }
    Ok(())
}
