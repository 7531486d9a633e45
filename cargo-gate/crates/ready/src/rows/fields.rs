//! Which text of a row is what the model is asked, and which is all that it learns from.
//!
//! Names of fields decide: those of the usual instruction, chat and question sets. What no name says is content. Identifiers and
//! provenance are left out, or two copies of a text would differ by their numbers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// The text of one row.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// What the model is asked.
    pub(crate) prompt: String,
    /// Everything else.
    pub(crate) rest: String,
    /// Whether identifiers and provenance count as content too.
    pub(crate) whole: bool,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Prompt,
    Content,
    Ignored,
}

const PROMPTS: &[&str] = &["prompt", "input", "question", "instruction", "query", "user", "human"];
const IGNORED: &[&str] = &[
    "id",
    "uid",
    "uuid",
    "idx",
    "index",
    "split",
    "source",
    "tags",
    "tag",
    "meta",
    "metadata",
    "lang",
    "language",
    "timestamp",
    "hash",
    "sha256",
    "url",
    "license",
    "role",
    "name",
    "date",
    "version",
];

fn role(key: &str) -> Role {
    let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
    let suffix = |end: &str| {
        key.len() > end.len()
            && key.is_char_boundary(key.len() - end.len())
            && key[key.len() - end.len()..].eq_ignore_ascii_case(end)
    };
    if is(PROMPTS) {
        Role::Prompt
    } else if is(IGNORED) || ["_id", "_at", "_hash", "_url", "_idx"].into_iter().any(suffix) {
        Role::Ignored
    } else {
        Role::Content
    }
}

impl Text {
    /// Empties it, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.prompt.clear();
        self.rest.clear();
    }

    fn push(&mut self, role: Role, text: &str) {
        let field = match role {
            Role::Prompt => &mut self.prompt,
            Role::Content => &mut self.rest,
            Role::Ignored if self.whole => &mut self.rest,
            Role::Ignored => return,
        };
        if !field.is_empty() {
            field.push('\n');
        }
        field.push_str(text);
    }

    /// Reads a JSON row into this text.
    ///
    /// # Errors
    /// The line is not a JSON object, or not JSON.
    pub(crate) fn read_json(&mut self, line: &[u8]) -> Result<(), String> {
        self.clear();
        let mut reader = serde_json::Deserializer::from_slice(line);
        Row(self)
            .deserialize(&mut reader)
            .and_then(|()| reader.end())
            .map_err(|error| unreadable(&error, line))
    }

    /// Reads a record of a table into this text.
    pub(crate) fn read_record<'r>(&mut self, headers: &[String], record: impl Iterator<Item = &'r [u8]>) {
        self.clear();
        for (at, value) in record.enumerate() {
            let role = headers.get(at).map_or(Role::Content, |name| role(name));
            self.push(role, &String::from_utf8_lossy(value));
        }
    }
}

/// Why a row cannot be read. What serde_json says quotes the value, and that may be somebody's number.
fn unreadable(error: &serde_json::Error, line: &[u8]) -> String {
    let what = match error.classify() {
        Category::Data if !line.starts_with(b"{") => "it is not a JSON object",
        Category::Data => "a value has the wrong type",
        Category::Syntax => "it is not JSON",
        Category::Eof => "it ends too early",
        Category::Io => "it cannot be read",
    };
    format!("column {}: {what}", error.column())
}

/// A whole row: an object of fields.
struct Row<'t>(&'t mut Text);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = entries.next_key()? {
            entries.next_value_seed(Value {
                text: self.0,
                role: role(&key),
            })?;
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// The value of a field.
struct Value<'t> {
    text: &'t mut Text,
    role: Role,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.role == Role::Ignored && !self.text.whole {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.text.push(self.role, text);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    /// A number is no text to learn from; where everything counts, it may be that of a card.
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if self.text.whole && number > 99_999_999_999 {
            self.text.push(Role::Ignored, &number.to_string());
        }
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(()) = items.next_element_seed(Value {
            text: self.text,
            role: self.role,
        })? {}
        Ok(())
    }

    /// A message of a chat is what its role says: the text of the user is asked, that of the others learned.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut speaker = None;
        while let Some(Key(key)) = entries.next_key()? {
            if key == "role" || key == "from" {
                let Key(name) = entries.next_value()?;
                self.text.push(Role::Ignored, &name);
                speaker = Some(if matches!(&*name, "user" | "human") {
                    Role::Prompt
                } else {
                    Role::Content
                });
                continue;
            }
            let role = match (role(&key), speaker) {
                (Role::Ignored, _) => Role::Ignored,
                (_, Some(speaker)) => speaker,
                (Role::Content, None) => self.role,
                (role, None) => role,
            };
            entries.next_value_seed(Value { text: self.text, role })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> (String, String) {
        let mut text = Text::default();
        text.read_json(line.as_bytes()).expect(line);
        (text.prompt, text.rest)
    }

    #[test]
    fn what_is_asked_and_what_is_learned() {
        for (line, prompt, rest) in [
            (
                r#"{"id": "7", "input": "Why?", "output": "So.", "score": 3}"#,
                "Why?",
                "So.",
            ),
            (
                r#"{"instruction": "Add", "input": "1 2", "response": "3", "created_at": "now"}"#,
                "Add\n1 2",
                "3",
            ),
            (
                r#"{"messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}"#,
                "Hi",
                "Be kind\nHello",
            ),
            (r#"{"text": "A \u00e9 \"b\""}"#, "", "A é \"b\""),
            (
                r#"{"meta": {"text": "no"}, "data": {"question": "q", "choices": ["a", "b"]}}"#,
                "q",
                "a\nb",
            ),
            ("{}", "", ""),
        ] {
            assert_eq!(read(line), (prompt.to_owned(), rest.to_owned()), "{line}");
        }
    }

    #[test]
    fn the_whole_row_holds_what_is_left_out_otherwise() {
        let mut text = Text {
            whole: true,
            ..Text::default()
        };
        text.read_json(
            br#"{"id": "7", "meta": {"by": "ada"}, "input": "Why?", "messages": [{"role": "user", "content": "Hi"}]}"#,
        )
        .expect("a row");
        assert_eq!((text.prompt.as_str(), text.rest.as_str()), ("Why?\nHi", "7\nada\nuser"));
    }

    #[test]
    fn a_row_is_an_object() {
        for line in ["", "[1]", "\"a\"", "{\"a\":1} {}", "{\"a\":"] {
            assert!(Text::default().read_json(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn no_error_quotes_the_row() {
        let card = ["4111", "1111", "1111", "1111"].concat();
        for (line, told) in [
            (format!("\"{card}\""), "it is not a JSON object"),
            (card.clone(), "it is not a JSON object"),
            (format!("{{\"a\": {{\"role\": {card}}}}}"), "a value has the wrong type"),
            (format!("{{\"a\": {card}"), "it ends too early"),
            (format!("{{\"a\": {card} {card}}}"), "it is not JSON"),
        ] {
            let error = Text::default().read_json(line.as_bytes()).expect_err(&line);
            assert!(error.starts_with("column ") && error.ends_with(told), "{error}");
            assert!(!error.contains(&card), "{error}");
        }
    }

    #[test]
    fn a_record_is_read_by_its_headers() {
        let headers = ["id", "question", "answer"].map(str::to_owned);
        let mut text = Text::default();
        text.read_record(&headers, [&b"1"[..], b"Why?", b"So."].into_iter());
        assert_eq!((text.prompt.as_str(), text.rest.as_str()), ("Why?", "So."));
    }

    proptest! {
        #[test]
        fn nothing_panics(line in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Text::default().read_json(&line);
        }
    }
}
