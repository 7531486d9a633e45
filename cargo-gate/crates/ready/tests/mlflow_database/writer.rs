//! Writes databases that SQLite opens: one page for each table, and pages of 64 KiB.

use std::collections::BTreeMap;

const PAGE: usize = 65_536;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Real(number)
    }
}

/// Columns of a table, and its rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The bytes of a database with these tables.
pub(crate) fn database(tables: &BTreeMap<&'static str, Table>) -> Vec<u8> {
    let mut schema = Vec::new();
    let mut pages = Vec::new();
    for (number, (name, table)) in tables.iter().enumerate() {
        let columns: Vec<String> = table.columns.iter().map(|column| format!("\"{column}\"")).collect();
        schema.push(vec![
            "table".into(),
            (*name).into(),
            (*name).into(),
            Value::Integer(i64::try_from(number).expect("few") + 2),
            Value::Text(format!("CREATE TABLE \"{name}\" ({})", columns.join(", "))),
        ]);
        pages.push(leaf(&table.rows, 0));
    }
    let mut bytes = leaf(&schema, 100);
    bytes[..16].copy_from_slice(b"SQLite format 3\0");
    // Page size, format versions, and the fractions of payload that never change.
    bytes[16..24].copy_from_slice(&[0, 1, 1, 1, 0, 64, 32, 32]);
    bytes[27] = 1;
    bytes[28..32].copy_from_slice(&u32::try_from(pages.len() + 1).expect("few").to_be_bytes());
    // Schema format and UTF-8; the version that these pages are valid for.
    bytes[47] = 4;
    bytes[59] = 1;
    bytes[95] = 1;
    bytes.extend(pages.concat());
    bytes
}

/// A page with all rows.
fn leaf(rows: &[Vec<Value>], header: usize) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let mut end = PAGE;
    for (index, row) in rows.iter().enumerate() {
        let record = record(row);
        let mut cell = varint(record.len());
        cell.extend(varint(index + 1));
        cell.extend(record);
        end -= cell.len();
        page[end..end + cell.len()].copy_from_slice(&cell);
        let pointer = header + 8 + 2 * index;
        assert!(pointer + 2 <= end, "a table has one page");
        page[pointer..pointer + 2].copy_from_slice(&u16::try_from(end).expect("in the page").to_be_bytes());
    }
    page[header] = 13;
    page[header + 3..header + 5].copy_from_slice(&u16::try_from(rows.len()).expect("few").to_be_bytes());
    // 0 is the end of a page of 64 KiB.
    page[header + 5..header + 7].copy_from_slice(&u16::try_from(end).unwrap_or(0).to_be_bytes());
    page
}

fn record(row: &[Value]) -> Vec<u8> {
    let mut types = Vec::new();
    let mut values = Vec::new();
    for value in row {
        match value {
            Value::Null => types.push(0),
            Value::Integer(number) => {
                types.push(6);
                values.extend(number.to_be_bytes());
            }
            Value::Real(number) => {
                types.push(7);
                values.extend(number.to_be_bytes());
            }
            Value::Text(text) => {
                types.extend(varint(13 + 2 * text.len()));
                values.extend(text.as_bytes());
            }
        }
    }
    let mut record = varint(types.len() + 1);
    assert_eq!(record.len(), 1, "the header of a row is short");
    record.extend(types);
    record.extend(values);
    record
}

fn varint(number: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(number & 0x7f).expect("seven bits")];
    let mut rest = number >> 7;
    while rest > 0 {
        bytes.insert(0, u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    bytes
}
