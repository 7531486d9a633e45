//! What an implementation gave for a cell.

use crate::dtype::Dtype;

/// Rows or tensors.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A table.
    Rows(Rows),
    /// Arrays of numbers, sorted by name.
    Tensors(Vec<Tensor>),
}

impl Output {
    /// Bytes that it holds, about.
    pub fn size(&self) -> usize {
        match self {
            Output::Rows(rows) => rows.rows.iter().flatten().map(Value::size).sum(),
            Output::Tensors(tensors) => tensors.iter().map(|tensor| tensor.data.len()).sum(),
        }
    }
}

/// A table with named columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values of each row, one for each column.
    pub rows: Vec<Vec<Value>>,
}

/// A value of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// The row has no such key.
    Absent,
    /// Null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A nested value in canonical form: keys sorted, numbers as they are written.
    Nested(String),
}

impl Value {
    fn size(&self) -> usize {
        match self {
            Value::Absent | Value::Null | Value::Bool(_) => 1,
            Value::Number(text) | Value::Text(text) | Value::Nested(text) => text.len(),
        }
    }

    /// As people write it, cut where it is long.
    pub fn shown(&self) -> String {
        /// Characters that are shown.
        const SHOWN: usize = 60;
        let text = match self {
            Value::Absent => return "no value".to_owned(),
            Value::Null => return "null".to_owned(),
            Value::Bool(value) => return value.to_string(),
            Value::Number(text) | Value::Nested(text) => text.clone(),
            Value::Text(text) => format!("{text:?}"),
        };
        if text.chars().count() > SHOWN {
            let cut: String = text.chars().take(SHOWN).collect();
            return format!("{cut}…");
        }
        text
    }
}

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name; `data` where the format has one array without a name.
    pub name: String,
    /// Type of its elements.
    pub dtype: Dtype,
    /// Its shape; empty for a single number.
    pub shape: Vec<usize>,
    /// Its elements in C order, little-endian.
    pub data: Vec<u8>,
}

impl Tensor {
    /// Number of elements.
    pub fn count(&self) -> usize {
        self.data.len() / self.dtype.size()
    }

    /// The bytes of an element.
    pub fn element(&self, at: usize) -> &[u8] {
        let size = self.dtype.size();
        &self.data[at * size..(at + 1) * size]
    }

    /// Where an element is: `[1, 0]`.
    pub fn place(&self, at: usize) -> String {
        let mut rest = at;
        let mut place: Vec<String> = Vec::new();
        for length in self.shape.iter().rev() {
            place.push((rest % (*length).max(1)).to_string());
            rest /= (*length).max(1);
        }
        place.reverse();
        format!("[{}]", place.join(", "))
    }
}
