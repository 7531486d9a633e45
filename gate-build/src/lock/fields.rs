//! Tables of a parsed TOML text, field by field, with the line of whatever is wrong.

use std::str::FromStr;

use toml_span::Value;
use toml_span::value::Table;

use super::error::LockError;

/// The text a value comes from: turns spans into lines.
#[derive(Clone, Copy)]
pub(super) struct Source<'a>(pub(super) &'a str);

impl Source<'_> {
    pub(super) fn line(self, at: usize) -> usize {
        1 + self.0.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count()
    }

    pub(super) fn error(self, at: usize, message: impl Into<String>) -> LockError {
        LockError {
            line: self.line(at),
            message: message.into(),
        }
    }
}

/// A table whose fields are asked for one by one.
pub(super) struct Fields<'a, 'de> {
    source: Source<'a>,
    table: &'a Table<'de>,
    start: usize,
    what: &'static str,
    asked: Vec<&'static str>,
}

impl<'a, 'de> Fields<'a, 'de> {
    pub(super) fn of(source: Source<'a>, value: &'a Value<'de>, what: &'static str) -> Result<Self, LockError> {
        let start = value.span.start;
        let table = value
            .as_table()
            .ok_or_else(|| source.error(start, format!("{what} must be a table")))?;
        // A table of an array has the span of its header only in some cases: its first key is never far.
        let start = table.keys().map(|key| key.span.start).min().unwrap_or(start);
        Ok(Self {
            source,
            table,
            start,
            what,
            asked: Vec::new(),
        })
    }

    /// Where the table stands, for messages about the whole of it.
    pub(super) fn error(&self, message: impl Into<String>) -> LockError {
        self.source.error(self.start, message)
    }

    pub(super) fn optional(&mut self, key: &'static str) -> Option<&'a Value<'de>> {
        self.asked.push(key);
        self.table.get(key)
    }

    pub(super) fn required(&mut self, key: &'static str) -> Result<&'a Value<'de>, LockError> {
        let missing = self.error(format!("missing key in {}: `{key}`", self.what));
        self.optional(key).ok_or(missing)
    }

    pub(super) fn string(&mut self, key: &'static str) -> Result<&'a str, LockError> {
        let value = self.required(key)?;
        text(self.source, value, key)
    }

    /// A string in a form of its own.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&mut self, key: &'static str) -> Result<T, LockError> {
        let value = self.required(key)?;
        let source = self.source;
        text(source, value, key)?
            .parse()
            .map_err(|error: T::Err| source.error(value.span.start, format!("`{key}`: {}", error.to_string())))
    }

    pub(super) fn optional_number(&mut self, key: &'static str) -> Result<Option<u32>, LockError> {
        let source = self.source;
        self.optional(key).map(|value| number(source, value, key)).transpose()
    }

    /// Three numbers.
    pub(super) fn optional_extent(&mut self, key: &'static str) -> Result<Option<[u32; 3]>, LockError> {
        let source = self.source;
        let Some(value) = self.optional(key) else {
            return Ok(None);
        };
        let wrong = || source.error(value.span.start, format!("`{key}` must be three numbers"));
        let numbers: Vec<u32> = value
            .as_array()
            .ok_or_else(wrong)?
            .iter()
            .map(|value| number(source, value, key))
            .collect::<Result<_, _>>()?;
        numbers.try_into().map(Some).map_err(|_| wrong())
    }

    /// A list, read item by item; empty when there is none.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        mut item: impl FnMut(&'a Value<'de>) -> Result<T, LockError>,
    ) -> Result<Vec<T>, LockError> {
        let source = self.source;
        let Some(value) = self.optional(key) else {
            return Ok(Vec::new());
        };
        let Some(items) = value.as_array() else {
            return Err(source.error(value.span.start, format!("`{key}` must be an array")));
        };
        let mut all = Vec::new();
        for value in items {
            all.push(item(value)?);
        }
        Ok(all)
    }

    /// Refuses what nobody asked for: a misspelt field would otherwise be a silent default.
    pub(super) fn finish(self) -> Result<(), LockError> {
        for key in self.table.keys() {
            if !self.asked.contains(&key.name.as_ref()) {
                return Err(self
                    .source
                    .error(key.span.start, format!("unknown key in {}: `{}`", self.what, key.name)));
            }
        }
        Ok(())
    }
}

pub(super) fn text<'a>(source: Source<'_>, value: &'a Value<'_>, key: &str) -> Result<&'a str, LockError> {
    value
        .as_str()
        .ok_or_else(|| source.error(value.span.start, format!("`{key}` must be a string")))
}

pub(super) fn number(source: Source<'_>, value: &Value<'_>, key: &str) -> Result<u32, LockError> {
    let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        source.error(
            value.span.start,
            format!("`{key}` must be a number from 0 to {}", u32::MAX),
        )
    })
}
