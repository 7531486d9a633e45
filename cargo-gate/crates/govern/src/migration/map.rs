//! The file of transforms.
//!
//! ```toml
//! version = 1
//!
//! [[kernel]]
//! from = "softmax_f32"
//! to = "softmax_rows_f32"
//! payload = "the launch passes the number of rows first"
//!
//! [[field]]
//! from = "suite.test.timeout"
//! drop = "every suite ends by the limit of its stage"
//!
//! [[state]]
//! from = "mode=CPU_SAFE"
//! to = "mode=SAFE"
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::surface::{Element, Kind};

/// What happens to an element of the old version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transform {
    /// The name in the new version; `None` where it is dropped.
    pub to: Option<String>,
    /// Why it is dropped.
    pub drop: Option<String>,
    /// How its contents change on the way.
    pub payload: Option<String>,
    /// 1-based line of the map.
    pub line: usize,
}

/// The transforms of a migration, each by the element of the old version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    /// The transforms.
    pub transforms: BTreeMap<Element, Transform>,
}

/// Why a file is no map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapError {
    /// 1-based line.
    pub line: usize,
    /// What is wrong, in sentence case without a final full stop.
    pub message: String,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// It is no TOML, has another version or unknown keys, or a transform is incomplete or stated twice.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = |span: Range<usize>| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
        let file = DeTable::parse(text).map_err(|error| MapError {
            line: line(error.span().unwrap_or(0..0)),
            message: error.message().to_owned(),
        })?;
        let wrong = |span: Range<usize>, message: String| MapError {
            line: line(span),
            message,
        };
        let file_span = file.span();
        let file = file.get_ref();
        let version = file.get("version").and_then(|version| version.get_ref().as_integer());
        if version.is_none_or(|version| version.as_str() != "1") {
            return Err(wrong(
                file_span.start..file_span.start,
                "`version = 1` is missing".to_owned(),
            ));
        }
        let mut map = Self::default();
        for (key, value) in file.iter() {
            let kind = match key.get_ref().as_ref() {
                "version" => continue,
                "kernel" => Kind::Kernel,
                "field" => Kind::Field,
                "state" => Kind::State,
                other => return Err(wrong(key.span(), format!("unknown key `{}`", other.escape_debug()))),
            };
            let DeValue::Array(items) = value.get_ref() else {
                return Err(wrong(value.span(), format!("write `[[{}]]`", kind.name())));
            };
            for item in items.iter() {
                let Some(table) = item.get_ref().as_table() else {
                    return Err(wrong(item.span(), format!("write `[[{}]]`", kind.name())));
                };
                let (from, transform) =
                    transform(table, item.span(), line(item.span())).map_err(|(span, why)| wrong(span, why))?;
                let element = Element { kind, name: from };
                if let Some(earlier) = map.transforms.get(&element) {
                    let message = format!("{element} has a transform already, in line {}", earlier.line);
                    return Err(wrong(item.span(), message));
                }
                map.transforms.insert(element, transform);
            }
        }
        Ok(map)
    }
}

fn transform(
    table: &DeTable<'_>,
    span: Range<usize>,
    line: usize,
) -> Result<(String, Transform), (Range<usize>, String)> {
    let mut found: BTreeMap<&str, String> = BTreeMap::new();
    for (key, value) in table.iter() {
        let name: &str = key.get_ref();
        if !["from", "to", "drop", "payload"].contains(&name) {
            return Err((key.span(), format!("unknown key `{}`", name.escape_debug())));
        }
        let text = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().map(|text| text.trim().to_owned());
        match text(value).filter(|text| !text.is_empty()) {
            Some(text) => drop(found.insert(name, text)),
            None => return Err((value.span(), format!("`{name}` takes a string that is not empty"))),
        }
    }
    let Some(from) = found.remove("from") else {
        return Err((span, "`from` is missing".to_owned()));
    };
    let transform = Transform {
        to: found.remove("to"),
        drop: found.remove("drop"),
        payload: found.remove("payload"),
        line,
    };
    match (&transform.to, &transform.drop) {
        (Some(_), Some(_)) => Err((
            span,
            "an element goes somewhere or is dropped: `to` or `drop`".to_owned(),
        )),
        (None, None) => Err((span, "`to` is missing, or `drop` with the reason".to_owned())),
        (None, Some(_)) if transform.payload.is_some() => Err((span, "what is dropped has no `payload`".to_owned())),
        _ => Ok((from, transform)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, message) in [
            ("", 1, "`version = 1` is missing"),
            ("version = 2\n", 1, "`version = 1` is missing"),
            ("version = 1\nkernle = []\n", 2, "unknown key `kernle`"),
            ("version = 1\n[kernel]\nfrom = \"a\"\n", 2, "write `[[kernel]]`"),
            (
                "version = 1\n[[kernel]]\nfrom = \"a\"\n",
                2,
                "`to` is missing, or `drop` with the reason",
            ),
            ("version = 1\n[[kernel]]\nto = \"a\"\n", 2, "`from` is missing"),
            (
                "version = 1\n[[field]]\nfrom = \"a\"\nto = \"b\"\ndrop = \"c\"\n",
                2,
                "an element goes somewhere or is dropped: `to` or `drop`",
            ),
            (
                "version = 1\n[[field]]\nfrom = \"a\"\ndrop = \" \"\n",
                4,
                "`drop` takes a string that is not empty",
            ),
            (
                "version = 1\n[[field]]\nfrom = \"a\"\ndrop = \"b\"\npayload = \"c\"\n",
                2,
                "what is dropped has no `payload`",
            ),
            (
                "version = 1\n[[state]]\nfrom = \"a\"\nto = \"b\"\n\n[[state]]\nfrom = \"a\"\nto = \"c\"\n",
                6,
                "state `a` has a transform already, in line 2",
            ),
            (
                "version = 1\n[[state]]\nfrom = \"a\"\ninto = \"b\"\n",
                4,
                "unknown key `into`",
            ),
            ("version = \n", 1, ""),
        ] {
            let error = Map::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error:?}");
            assert!(message.is_empty() || error.message == message, "{text:?}: {error:?}");
        }
        assert_eq!(Map::parse("version = 1\r\n").unwrap(), Map::default());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(version = 1\n)?[\\[\\]a-z=\" \n{}]{0,60}") {
            let _ = Map::parse(&text);
        }
    }
}
