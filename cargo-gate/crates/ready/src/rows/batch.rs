//! Batches of rows, read from a file in order.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use gate_base::error::{Error, Result};

use super::fields::Text;
use crate::inflate;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object on each line.
    JsonLines,
    /// A table with a header; the separator.
    Table(u8),
}

impl Format {
    /// The format of a file, by the end of its name, compression left aside.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let lower = path.to_ascii_lowercase();
        let plain = lower
            .strip_suffix(".gz")
            .or_else(|| lower.strip_suffix(".zst"))
            .unwrap_or(&lower);
        match plain.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            "csv" => Some(Format::Table(b',')),
            "tsv" => Some(Format::Table(b'\t')),
            _ => None,
        }
    }
}

/// Bytes of a batch, about.
const BATCH: usize = 1 << 20;
/// Longest row in bytes: what is longer is a file that is not what its name says.
const ROW: usize = 64 << 20;

/// Some rows that follow each other.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Number of the first row, from 1: the line in JSON lines, the record behind the header in a table.
    pub(crate) first: u64,
    rows: Kind,
}

#[derive(Debug)]
enum Kind {
    Lines(Vec<u8>),
    Records(Vec<csv::ByteRecord>, std::sync::Arc<[String]>),
}

impl Batch {
    /// Hands out each row with its number, empty lines left out. `text` is used again and again.
    ///
    /// # Errors
    /// The number of a row that cannot be read, and why.
    pub(crate) fn each(
        &self,
        text: &mut Text,
        mut row: impl FnMut(u64, &Text),
    ) -> std::result::Result<(), (u64, String)> {
        match &self.rows {
            Kind::Lines(bytes) => {
                let mut number = self.first;
                let mut start = 0;
                while start < bytes.len() {
                    let rest = &bytes[start..];
                    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    let line = rest[..length].trim_ascii();
                    if !line.is_empty() {
                        text.read_json(line).map_err(|error| (number, error))?;
                        row(number, text);
                    }
                    number += 1;
                    start += length + 1;
                }
            }
            Kind::Records(records, headers) => {
                for (number, record) in (self.first..).zip(records) {
                    text.read_record(headers, record.iter());
                    row(number, text);
                }
            }
        }
        Ok(())
    }
}

/// The rows of a file, in batches.
pub(crate) struct Rows {
    source: Source,
    next: u64,
}

enum Source {
    Lines {
        reader: Box<dyn Read + Send>,
        rest: Vec<u8>,
        ended: bool,
    },
    Table {
        reader: csv::Reader<Box<dyn Read + Send>>,
        headers: std::sync::Arc<[String]>,
    },
}

impl Rows {
    /// Opens a file by the end of its name.
    ///
    /// # Errors
    /// The format is not known (usage), or the file cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = path.to_string_lossy();
        let Some(format) = Format::of(&name) else {
            return Err(Error::usage(format!("`{name}` has no known format"))
                .with_help("use .jsonl, .ndjson, .csv or .tsv, plain or as .gz or .zst"));
        };
        let failed = |error: io::Error| Error::io("read", path, &error);
        let reader = opened(path).map_err(failed)?;
        let source = match format {
            Format::JsonLines => Source::Lines {
                reader,
                rest: Vec::new(),
                ended: false,
            },
            Format::Table(separator) => {
                let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(reader);
                let headers = names(&mut reader).map_err(failed)?.into();
                Source::Table { reader, headers }
            }
        };
        Ok(Self { source, next: 1 })
    }

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read on, or a row is too long.
    pub(crate) fn batch(&mut self) -> io::Result<Option<Batch>> {
        let first = self.next;
        let rows = match &mut self.source {
            Source::Lines { reader, rest, ended } => {
                let Some(lines) = lines(reader, rest, ended)? else {
                    return Ok(None);
                };
                self.next += memchr::memchr_iter(b'\n', &lines).count() as u64;
                Kind::Lines(lines)
            }
            Source::Table { reader, headers } => {
                let mut records = Vec::new();
                let mut bytes = 0;
                let mut record = csv::ByteRecord::new();
                while bytes < BATCH
                    && reader
                        .read_byte_record(&mut record)
                        .map_err(|error| io::Error::other(error.to_string()))?
                {
                    bytes += record.as_slice().len();
                    records.push(std::mem::take(&mut record));
                }
                if records.is_empty() {
                    return Ok(None);
                }
                self.next += records.len() as u64;
                Kind::Records(records, headers.clone())
            }
        };
        Ok(Some(Batch { first, rows }))
    }
}

/// A file, what compresses it taken off.
fn opened(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let lower = path.to_string_lossy().to_ascii_lowercase();
    Ok(if lower.ends_with(".gz") {
        inflate::gzip(file)
    } else if lower.ends_with(".zst") {
        inflate::zstandard(file)
    } else {
        Box::new(file)
    })
}

/// The names of the columns of a table; none for another format.
///
/// # Errors
/// The file cannot be read, or is no table.
pub(crate) fn headers(path: &Path) -> io::Result<Vec<String>> {
    let Some(Format::Table(separator)) = Format::of(&path.to_string_lossy()) else {
        return Ok(Vec::new());
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(opened(path)?);
    names(&mut reader)
}

/// The names in the header of a table. Like its values, they may be in an older encoding than UTF-8.
fn names<R: Read>(reader: &mut csv::Reader<R>) -> io::Result<Vec<String>> {
    let headers = reader
        .byte_headers()
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(headers
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

/// How many rows a file has. Each is read, so that a broken one is found.
///
/// # Errors
/// The file or a row cannot be read; why, as the end of a sentence.
pub(crate) fn count(path: &Path) -> std::result::Result<u64, String> {
    let mut rows = Rows::open(path).map_err(|error| error.message)?;
    let mut text = Text::default();
    let mut count = 0;
    while let Some(batch) = rows.batch().map_err(|error| error.to_string())? {
        let counted = batch.each(&mut text, |_, _| count += 1);
        counted.map_err(|(row, why)| format!("row {row}: {why}"))?;
    }
    Ok(count)
}

/// Whether a file has a row.
///
/// # Errors
/// As [`count`], up to there.
pub(crate) fn has_rows(path: &Path) -> std::result::Result<bool, String> {
    let mut rows = Rows::open(path).map_err(|error| error.message)?;
    let mut text = Text::default();
    let mut any = false;
    while let (false, Some(batch)) = (any, rows.batch().map_err(|error| error.to_string())?) {
        let read = batch.each(&mut text, |_, _| any = true);
        read.map_err(|(row, why)| format!("row {row}: {why}"))?;
    }
    Ok(any)
}

/// Whole lines of about [`BATCH`] bytes; what follows the last of them waits in `rest`.
fn lines(reader: &mut dyn Read, rest: &mut Vec<u8>, ended: &mut bool) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(rest.len() + BATCH + 1);
    bytes.append(rest);
    while !*ended {
        let before = bytes.len();
        if before > ROW {
            return Err(io::Error::other(format!("a line is longer than {} MiB", ROW >> 20)));
        }
        let read = reader.take(BATCH as u64).read_to_end(&mut bytes)?;
        *ended = read == 0;
        if let Some(last) = memchr::memrchr(b'\n', &bytes[before..]) {
            *rest = bytes.split_off(before + last + 1);
            return Ok(Some(bytes));
        }
    }
    Ok((!bytes.is_empty()).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn numbers(name: &str, bytes: &[u8]) -> Vec<(u64, String)> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let mut rows = Rows::open(&path).expect("opened");
        let mut found = Vec::new();
        while let Some(batch) = rows.batch().expect("read") {
            batch
                .each(&mut Text::default(), |number, text| {
                    found.push((number, text.rest.clone()));
                })
                .expect("rows");
        }
        found
    }

    fn many() -> (String, Vec<(u64, String)>) {
        let rows: Vec<_> = (1..=40_000_u64)
            .map(|at| (at, format!("row {at} {}", "x".repeat((at % 90) as usize))))
            .collect();
        let text = rows
            .iter()
            .map(|(_, text)| format!("{{\"text\":\"{text}\"}}\n"))
            .collect();
        (text, rows)
    }

    #[test]
    fn batches_hold_every_row_once_and_in_order() {
        let (text, rows) = many();
        assert!(text.len() > 2 * BATCH);
        assert_eq!(numbers("a.jsonl", text.as_bytes()), rows);
        assert_eq!(
            numbers("a.jsonl", text.trim_end().as_bytes()),
            rows,
            "without a last line break"
        );
    }

    #[test]
    fn compressed_files_are_read() {
        let (text, rows) = many();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).expect("compressed");
        assert_eq!(numbers("a.jsonl.gz", &gz.finish().expect("compressed")), rows);
        let zst = ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(numbers("a.jsonl.zst", &zst), rows);
    }

    #[test]
    fn a_table_has_a_header() {
        let text = "id,text\n1,\"two\nlines\"\n2,b\n";
        assert_eq!(
            numbers("a.csv", text.as_bytes()),
            [(1, "two\nlines".to_owned()), (2, "b".to_owned())]
        );
    }

    #[test]
    fn a_header_in_latin_1_is_read() {
        assert_eq!(numbers("a.csv", b"id,gr\xf6\xdfe\n1,b\n"), [(1, "b".to_owned())]);
    }

    #[test]
    fn rows_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let counted = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            (count(&path), has_rows(&path), headers(&path).expect("read").len())
        };
        assert_eq!(counted("a.jsonl", "{}\n\n{}\n"), (Ok(2), Ok(true), 0));
        assert_eq!(counted("a.csv", "id,text\n1,b\n"), (Ok(1), Ok(true), 2));
        assert_eq!(counted("a.csv", "id,text\n"), (Ok(0), Ok(false), 2));
        assert_eq!(counted("a.jsonl", "\n"), (Ok(0), Ok(false), 0));
        assert!(counted("a.jsonl", "{}\n{\n").0.is_err());
    }

    #[test]
    fn empty_lines_count_and_say_nothing() {
        assert_eq!(numbers("a.jsonl", b"\n{\"text\":\"a\"}\r\n\n"), [(2, "a".to_owned())]);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, "{\"text\":\"a\"}\n{\"text\":\n").expect("written");
        let batch = Rows::open(&path).expect("opened").batch().expect("read").expect("one");
        let (number, _) = batch
            .each(&mut Text::default(), |_, _| ())
            .expect_err("the second line");
        assert_eq!(number, 2);
    }

    #[test]
    fn an_unknown_format_is_named() {
        let error = Rows::open(Path::new("data.bin")).err().expect("unknown");
        assert_eq!(error.message, "`data.bin` has no known format");
    }
}
