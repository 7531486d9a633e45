//! Writes JSON.

use std::fmt::Write as _;

use crate::sorted::List as _;

/// A value.
pub(crate) enum Json {
    Null,
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Json::Text(text.into())
    }

    pub(crate) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Json::List(texts.into_iter().map(Json::Text).list())
    }

    /// Indented by two spaces, with a line end after it.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Number(value) => {
                let _ = write!(out, "{value}");
            }
            Json::Text(text) => quote(out, text),
            Json::List(values) if values.is_empty() => out.push_str("[]"),
            Json::List(values) => block(out, depth, '[', ']', values, |out, value| value.write(out, depth + 1)),
            Json::Object(fields) => block(out, depth, '{', '}', fields, |out, (name, value)| {
                quote(out, name);
                out.push_str(": ");
                value.write(out, depth + 1);
            }),
        }
    }
}

fn block<T>(out: &mut String, depth: usize, open: char, close: char, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(out, item);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_json_has_them() {
        let value = Json::Object(vec![
            ("list", Json::List(vec![Json::Number(1), Json::Null])),
            ("text", Json::text("é \"\\\n\u{1}")),
            ("none", Json::List(vec![])),
        ]);
        let expected =
            "{\n  \"list\": [\n    1,\n    null\n  ],\n  \"text\": \"é \\\"\\\\\\n\\u0001\",\n  \"none\": []\n}\n";
        assert_eq!(value.pretty(), expected);
    }
}
