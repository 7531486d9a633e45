//! CSV (RFC 4180) with a header.

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use crate::output::{Rows, Value};

pub(super) fn read(bytes: &[u8], null: &str) -> Result<Rows, String> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let mut records = reader.records();
    let Some(header) = records.next() else {
        return Err("line 1: there is no header".to_owned());
    };
    let header = header.map_err(|error| said(&error))?;
    let columns: Vec<String> = header.iter().map(str::to_owned).collect();
    for (at, name) in columns.iter().enumerate() {
        if columns[..at].contains(name) {
            return Err(format!("line 1: the column `{name}` occurs twice"));
        }
    }
    let value = |field: &str| {
        if field == null {
            Value::Null
        } else {
            Value::Text(field.to_owned())
        }
    };
    let mut rows = Vec::new();
    for record in records {
        let record: StringRecord = record.map_err(|error| said(&error))?;
        rows.push(record.iter().map(value).collect());
    }
    Ok(Rows { columns, rows })
}

fn said(error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        ErrorKind::Utf8 { .. } => format!("line {line}: not UTF-8"),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line}: {len} fields, and the header has {expected_len}")
        }
        _ => format!("line {line}: {error}"),
    }
}
