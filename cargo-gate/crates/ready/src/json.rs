//! JSON that means one thing: a key that stands twice, a number that is not finite, and anything behind the value are
//! errors. Python writes `NaN` and `Infinity`, which are not JSON; they are refused by name.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one value. serde_json itself refuses what is nested deeper than 128 levels.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is not finite"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            let value = entries.next_value_seed(Strict)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

struct Document(Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Strict.deserialize(deserializer).map(Document)
    }
}

/// Reads one JSON value.
///
/// # Errors
/// What is wrong, with line and column.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice::<Document>(bytes) {
        Ok(Document(value)) => Ok(value),
        Err(error) => {
            let line = error.line();
            match not_a_number(bytes, line) {
                Some(word) => Err(format!(
                    "`{word}` on line {line} is not JSON: the value is not a finite number"
                )),
                None => Err(error.to_string()),
            }
        }
    }
}

/// The word of Python's `json` for a number that is not finite, on the line of an error.
fn not_a_number(bytes: &[u8], line: usize) -> Option<&'static str> {
    let line = bytes.split(|byte| *byte == b'\n').nth(line.checked_sub(1)?)?;
    ["NaN", "-Infinity", "Infinity"]
        .into_iter()
        .find(|word| memchr::memmem::find(line, word.as_bytes()).is_some())
}

/// The texts that a hash of a JSON document may have been made of: keys sorted, as Python's `json.dumps(…, sort_keys=True)` writes
/// them, with its usual separators and without white space, each with non-ASCII characters escaped and as they are.
pub(crate) fn canonical(value: &Value) -> [String; 4] {
    [
        (", ", ": ", true),
        (",", ":", true),
        (", ", ": ", false),
        (",", ":", false),
    ]
    .map(|(item, key, ascii)| {
        let mut out = String::new();
        Writer { item, key, ascii }.write(value, &mut out);
        out
    })
}

struct Writer {
    item: &'static str,
    key: &'static str,
    ascii: bool,
}

impl Writer {
    fn write(&self, value: &Value, out: &mut String) {
        match value {
            Value::Object(object) => {
                let mut entries: Vec<_> = object.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| key.as_str());
                out.push('{');
                for (at, (key, value)) in entries.into_iter().enumerate() {
                    out.push_str(if at > 0 { self.item } else { "" });
                    self.text(key, out);
                    out.push_str(self.key);
                    self.write(value, out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (at, value) in items.iter().enumerate() {
                    out.push_str(if at > 0 { self.item } else { "" });
                    self.write(value, out);
                }
                out.push(']');
            }
            Value::String(text) => self.text(text, out),
            Value::Number(number) if number.is_f64() => {
                out.push_str(&python_float(number.as_f64().unwrap_or_default()));
            }
            other => out.push_str(&other.to_string()),
        }
    }

    fn text(&self, text: &str, out: &mut String) {
        let quoted = Value::String(text.to_owned()).to_string();
        for letter in quoted.chars() {
            if self.ascii && !letter.is_ascii() {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            } else {
                out.push(letter);
            }
        }
    }
}

/// A number as Python's `repr` writes it: the shortest digits that read back, an exponent of at least two digits below
/// 1e-4 and from 1e16 on.
fn python_float(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{value:?}");
    }
    let short = format!("{value:e}");
    match short.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => short,
    }
}

/// A text below these keys.
pub(crate) fn text<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v str> {
    keys.iter().try_fold(value, |value, key| value.get(key))?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_means_two_things_is_refused() {
        for (text, told) in [
            (r#"{"a":1,"a":2}"#, "the key `a` stands twice"),
            ("{\n\"f1\": NaN}", "`NaN` on line 2 is not JSON"),
            (r#"{"f1": -Infinity}"#, "`-Infinity` on line 1"),
            (r#"{"a":1} {"#, "trailing"),
            (r#"{"a":"#, "EOF"),
            ("", "EOF"),
        ] {
            let error = parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_and_texts_are_written_like_python() {
        // `json.dumps({"b": [2e-05, 1e16, 0.1, -0.0, 3], "a": "é\u{1f600}"}, sort_keys=True)`
        let value = parse(r#"{"b":[0.00002,1e16,0.1,-0.0,3],"a":"\u00e9😀"}"#.as_bytes()).expect("it is JSON");
        let [usual, compact, ..] = canonical(&value);
        assert_eq!(
            usual,
            r#"{"a": "\u00e9\ud83d\ude00", "b": [2e-05, 1e+16, 0.1, -0.0, 3]}"#
        );
        assert_eq!(compact, r#"{"a":"\u00e9\ud83d\ude00","b":[2e-05,1e+16,0.1,-0.0,3]}"#);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn the_order_of_keys_does_not_matter(keys in proptest::collection::hash_map("[a-z]{1,4}", any::<i32>(), 0..8)) {
            let forward: Map<String, Value> = keys.iter().map(|(key, value)| (key.clone(), (*value).into())).collect();
            let mut pairs: Vec<_> = forward.clone().into_iter().collect();
            pairs.reverse();
            let backward: Map<String, Value> = pairs.into_iter().collect();
            prop_assert_eq!(canonical(&Value::Object(forward)), canonical(&Value::Object(backward)));
        }
    }
}
