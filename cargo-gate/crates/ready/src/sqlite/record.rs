//! Records: a header with the type of each column, and the values behind it.

/// The value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    /// Bytes, or a text that is not UTF-8.
    Blob(&'a [u8]),
}

impl<'a> Cell<'a> {
    /// A text.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub(crate) fn integer(self) -> Option<i64> {
        match self {
            Cell::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// A number: SQLite keeps one without a fraction as a whole one.
    #[expect(
        clippy::cast_precision_loss,
        reason = "it was written from a number of this precision"
    )]
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Cell::Integer(number) => Some(number as f64),
            Cell::Real(number) => Some(number),
            _ => None,
        }
    }
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    /// The types of its columns.
    types: &'a [u8],
    values: &'a [u8],
}

impl<'a> Record<'a> {
    /// `None` where its header and its values are not what it holds.
    pub(super) fn new(payload: &'a [u8]) -> Option<Self> {
        let (header, rest) = varint(payload)?;
        let begin = payload.len() - rest.len();
        let (types, values) = rest.split_at_checked(usize::try_from(header).ok()?.checked_sub(begin)?)?;
        let mut left = types;
        let mut needed = 0_usize;
        while !left.is_empty() {
            let (kind, rest) = varint(left)?;
            needed = needed.checked_add(length(kind)?)?;
            left = rest;
        }
        (needed == values.len()).then_some(Self { types, values })
    }

    /// The value of a column, counted from 0. A row that was written before the column was added has none.
    pub(super) fn cell(&self, column: usize) -> Cell<'a> {
        let mut types = self.types;
        let mut at = 0;
        for index in 0.. {
            let Some((kind, rest)) = varint(types) else { break };
            let end = at + length(kind).unwrap_or_default();
            if index == column {
                return self
                    .values
                    .get(at..end)
                    .map_or(Cell::Null, |value| decoded(kind, value));
            }
            (at, types) = (end, rest);
        }
        Cell::Null
    }
}

/// Bytes of a value, by its type; `None` for a type that the format reserves.
fn length(kind: i64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        12.. => usize::try_from((kind - 12) / 2).ok(),
        _ => None,
    }
}

fn decoded(kind: i64, bytes: &[u8]) -> Cell<'_> {
    match kind {
        1..=6 => {
            let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
            let begin = if negative { -1 } else { 0 };
            Cell::Integer(bytes.iter().fold(begin, |number, byte| number << 8 | i64::from(*byte)))
        }
        7 => bytes
            .try_into()
            .map_or(Cell::Null, |bytes| Cell::Real(f64::from_be_bytes(bytes))),
        8 => Cell::Integer(0),
        9 => Cell::Integer(1),
        12.. if kind % 2 == 1 => std::str::from_utf8(bytes).map_or(Cell::Blob(bytes), Cell::Text),
        12.. => Cell::Blob(bytes),
        _ => Cell::Null,
    }
}

/// A number in seven bits a byte, the ninth byte in eight; with what follows it.
pub(super) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            number = number << 8 | u64::from(*byte);
        } else {
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
        }
        return Some((number.cast_signed(), bytes.get(at + 1..)?));
    }
    None
}
