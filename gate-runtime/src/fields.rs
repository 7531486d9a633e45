//! Fields of a JSON object, taken with the type they must have.

use std::fmt;

use serde_json::{Map, Value};

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Number of the line, from 1.
    pub line: usize,
    /// The field, with the names of the objects around it (`calls.total`); empty for the line as a whole.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReadError { line, field, problem } = self;
        if field.is_empty() {
            write!(f, "line {line}: {problem}")
        } else {
            write!(f, "line {line}: `{field}` {problem}")
        }
    }
}

impl std::error::Error for ReadError {}

/// An object in a document.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    line: usize,
    /// Names of the objects around it, with a dot behind each.
    path: String,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value, line: usize) -> Result<Fields<'a>, ReadError> {
        match value {
            Value::Object(object) => Ok(Fields {
                object,
                line,
                path: String::new(),
            }),
            _ => Err(ReadError {
                line,
                field: String::new(),
                problem: "is not a JSON object".to_owned(),
            }),
        }
    }

    pub(crate) fn wrong(&self, field: &str, problem: impl Into<String>) -> ReadError {
        ReadError {
            line: self.line,
            field: format!("{}{field}", self.path),
            problem: problem.into(),
        }
    }

    fn get<T>(&self, field: &str, what: &str, take: impl Fn(&'a Value) -> Option<T>) -> Result<T, ReadError> {
        let value = self.object.get(field).ok_or_else(|| self.wrong(field, "is missing"))?;
        take(value).ok_or_else(|| self.wrong(field, format!("is not {what}")))
    }

    /// Refuses a field that this version must not have.
    pub(crate) fn absent(&self, field: &str) -> Result<(), ReadError> {
        match self.object.get(field) {
            None => Ok(()),
            Some(_) => Err(self.wrong(field, "is not allowed in this version")),
        }
    }

    pub(crate) fn text(&self, field: &str) -> Result<&'a str, ReadError> {
        self.get(field, "a string", Value::as_str)
    }

    /// A string that is not empty.
    pub(crate) fn name(&self, field: &str) -> Result<&'a str, ReadError> {
        let text = self.text(field)?;
        if text.is_empty() {
            Err(self.wrong(field, "is empty"))
        } else {
            Ok(text)
        }
    }

    pub(crate) fn number(&self, field: &str) -> Result<u64, ReadError> {
        self.get(field, "a non-negative integer", Value::as_u64)
    }

    /// A finite number that is not negative.
    pub(crate) fn amount(&self, field: &str) -> Result<f64, ReadError> {
        let finite = |value: &Value| value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
        self.get(field, "a non-negative number", finite)
    }

    pub(crate) fn flag(&self, field: &str) -> Result<bool, ReadError> {
        self.get(field, "true or false", Value::as_bool)
    }

    /// A string that `parse` knows.
    pub(crate) fn word<T>(&self, field: &str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ReadError> {
        let text = self.text(field)?;
        parse(text).ok_or_else(|| self.wrong(field, format!("is {text:?}, which is not {what}")))
    }

    /// Sixteen hexadecimal digits, not all of them 0.
    pub(crate) fn fingerprint(&self, field: &str) -> Result<u64, ReadError> {
        let text = self.text(field)?;
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let digits = text.len() == 16 && text.bytes().all(lower);
        match u64::from_str_radix(text, 16) {
            Ok(word) if digits && word != 0 => Ok(word),
            _ => Err(self.wrong(
                field,
                "is not sixteen hexadecimal digits, at least one of them not zero",
            )),
        }
    }

    pub(crate) fn texts(&self, field: &str) -> Result<Vec<String>, ReadError> {
        self.get(field, "a list of strings", |value| {
            let texts = value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect()
        })
    }

    pub(crate) fn object(&self, field: &str) -> Result<Fields<'a>, ReadError> {
        let object = self.get(field, "an object", Value::as_object)?;
        Ok(Fields {
            object,
            line: self.line,
            path: format!("{}{field}.", self.path),
        })
    }

    /// A list of objects, each with its place in its path.
    pub(crate) fn objects(&self, field: &str) -> Result<Vec<Fields<'a>>, ReadError> {
        let list = self.get(field, "a list", Value::as_array)?;
        let objects = list.iter().enumerate().map(|(index, item)| match item {
            Value::Object(object) => Ok(Fields {
                object,
                line: self.line,
                path: format!("{}{field}[{index}].", self.path),
            }),
            _ => Err(self.wrong(&format!("{field}[{index}]"), "is not an object")),
        });
        objects.collect()
    }

    /// Counts by name.
    pub(crate) fn counts(&self, field: &str) -> Result<Vec<(String, u64)>, ReadError> {
        let object = self.object(field)?;
        let counts = object
            .object
            .keys()
            .map(|name| Ok((name.clone(), object.number(name)?)));
        counts.collect()
    }
}
