//! Secrets and personal data in texts and files, whatever compresses them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::ops::Range;
use std::path::Path;

use gate_text::secrets::{self, Kind, Severity, personal};

use crate::directory::DOCUMENT;
use crate::{identity, inflate};

/// One finding in a text, without what was found.
pub(super) struct Hit {
    pub(super) span: Range<usize>,
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    pub(super) masked: String,
}

/// Searches a text. Findings come in its order.
pub(super) fn text(text: &[u8]) -> Vec<Hit> {
    let secrets = secrets::scan(text).into_iter().chain(personal::scan_personal(text));
    let mut found: Vec<Hit> = secrets
        .filter(|hit| hit.kind != Kind::HighEntropy)
        .map(|hit| Hit {
            span: hit.span,
            kind: hit.kind.name(),
            severity: hit.kind.severity(),
            masked: hit.masked,
        })
        .collect();
    found.extend(identity::scan(text).into_iter().map(|(kind, span)| Hit {
        span,
        kind: kind.name(),
        severity: Severity::High,
        masked: "****".to_owned(),
    }));
    found.sort_by_key(|hit| hit.span.start);
    found
}

/// A text with `****` for everything that the search finds in it.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for hit in self::text(text.as_bytes()) {
        // A finding is made of characters; what is not is left out with its neighbours.
        let start = (at..=hit.span.start.max(at))
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let end = (hit.span.end..=text.len()).find(|at| text.is_char_boundary(*at));
        let (Some(start), Some(end)) = (start, end) else {
            continue;
        };
        if end <= at {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str("****");
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// What searching a file gave.
pub(super) enum Searched {
    /// The findings, each with its line.
    Whole(Vec<(u64, Hit)>),
    /// Its text cannot be read; why, as the end of a sentence.
    Not(&'static str),
    /// It cannot be read to its end; why.
    Broken(String),
}

/// Bytes that are searched together, and those that are searched again with the next, so that nothing is cut.
const PIECE: usize = 4 << 20;
const OVERLAP: usize = 16 << 10;
/// Most bytes that a compressed file may hold.
const INFLATED: u64 = 8 << 30;
/// How often a file may be compressed.
const LAYERS: usize = 3;

/// Searches a file, what compresses it taken off.
///
/// # Errors
/// It cannot be opened or read.
pub(super) fn file(path: &Path) -> io::Result<Searched> {
    let file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut reader: Box<dyn BufRead + Send> = Box::new(file);
    let mut layers = 0;
    loop {
        let head = match reader.fill_buf() {
            Ok(head) => head,
            Err(error) if layers > 0 => return Ok(Searched::Broken(error.to_string())),
            Err(error) => return Err(error),
        };
        match Packed::of(head) {
            Packed::No => break,
            Packed::Never(why) => return Ok(Searched::Not(why)),
            _ if layers == LAYERS => return Ok(Searched::Not("it is compressed again and again")),
            Packed::Gzip => reader = inflate::gzip(reader),
            Packed::Zstandard => reader = inflate::zstandard(reader),
        }
        layers += 1;
    }
    let mut found = match pieces(&mut reader, if layers > 0 { INFLATED } else { u64::MAX }) {
        Ok(found) => found,
        Err(error) if layers > 0 => return Ok(Searched::Broken(error.to_string())),
        Err(error) => return Err(error),
    };
    if layers == 0 {
        decoded(path, &mut found)?;
    }
    Ok(Searched::Whole(found))
}

enum Packed {
    No,
    Gzip,
    Zstandard,
    Never(&'static str),
}

impl Packed {
    /// By the first bytes: a name can say anything.
    fn of(head: &[u8]) -> Self {
        const NEVER: &[(&[u8], &str)] = &[
            (b"PK\x03\x04", "it is a ZIP archive"),
            (b"BZh", "bzip2 compresses it"),
            (b"\xfd7zXZ\0", "xz compresses it"),
            (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive"),
            (b"\x04\x22\x4d\x18", "LZ4 compresses it"),
            (b"PAR1", "it is a Parquet file"),
            (b"ARROW1", "it is an Arrow file"),
            (b"Obj\x01", "it is an Avro file"),
            (b"%PDF", "it is a PDF file"),
        ];
        if head.starts_with(b"\x1f\x8b\x08") {
            Packed::Gzip
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Packed::Zstandard
        } else {
            NEVER
                .iter()
                .find(|(magic, _)| head.starts_with(magic))
                .map_or(Packed::No, |(_, why)| Packed::Never(why))
        }
    }
}

fn pieces(mut reader: impl BufRead, most: u64) -> io::Result<Vec<(u64, Hit)>> {
    let mut found: Vec<(u64, Hit)> = Vec::new();
    let mut buffer = Vec::new();
    let mut lines = 1;
    let mut total = 0;
    // What the piece before found in the bytes that are searched again.
    let mut known: Vec<(usize, &'static str)> = Vec::new();
    loop {
        let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut buffer)?;
        total += read as u64;
        if total > most {
            return Err(io::Error::other(format!("it holds more than {} GiB", most >> 30)));
        }
        let ended = read < PIECE;
        let drop = if ended { buffer.len() } else { cut(&buffer) };
        let mut kept = Vec::new();
        let mut counted = Lines::default();
        for hit in text(&buffer) {
            let start = hit.span.start;
            if start >= drop {
                kept.push((start - drop, hit.kind));
            }
            if !known.contains(&(start, hit.kind)) {
                found.push((lines + counted.before(&buffer, start), hit));
            }
        }
        if ended {
            return Ok(found);
        }
        lines += memchr::memchr_iter(b'\n', &buffer[..drop]).count() as u64;
        buffer.drain(..drop);
        known = kept;
    }
}

/// Where the bytes begin that are searched again: at a line, where there is one.
fn cut(buffer: &[u8]) -> usize {
    let least = buffer.len().saturating_sub(OVERLAP);
    memchr::memchr(b'\n', &buffer[least..buffer.len() - OVERLAP / 2]).map_or(least, |at| least + at + 1)
}

/// Breaks of lines, counted in ascending order.
#[derive(Default)]
struct Lines {
    at: usize,
    breaks: u64,
}

impl Lines {
    fn before(&mut self, bytes: &[u8], at: usize) -> u64 {
        self.breaks += memchr::memchr_iter(b'\n', &bytes[self.at..at]).count() as u64;
        self.at = at;
        self.breaks
    }
}

/// A JSON document may write any character as an escape: its texts are searched as what they say, too.
fn decoded(path: &Path, found: &mut Vec<(u64, Hit)>) -> io::Result<()> {
    let is_json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    if !is_json || std::fs::metadata(path)?.len() > DOCUMENT {
        return Ok(());
    }
    let bytes = std::fs::read(path)?;
    if memchr::memmem::find(&bytes, b"\\u").is_none() {
        return Ok(());
    }
    let Ok(value) = crate::json::parse(&bytes) else {
        return Ok(());
    };
    let mut texts = String::new();
    gather(&value, &mut texts);
    for hit in text(texts.as_bytes()) {
        if found.iter().all(|(_, known)| known.kind != hit.kind) {
            found.push((1, hit));
        }
    }
    Ok(())
}

fn gather(value: &serde_json::Value, out: &mut String) {
    use serde_json::Value;
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|value| gather(value, out)),
        Value::Object(object) => {
            for (key, value) in object {
                out.push_str(key);
                out.push('\n');
                gather(value, out);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn card() -> String {
        ["4111", "1111", "1111", "1111"].concat()
    }

    fn searched(name: &str, bytes: &[u8]) -> Searched {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        file(&path).expect("read")
    }

    fn lines(name: &str, bytes: &[u8]) -> Vec<u64> {
        match searched(name, bytes) {
            Searched::Whole(found) => found.into_iter().map(|(line, _)| line).collect(),
            Searched::Not(why) => panic!("{why}"),
            Searched::Broken(why) => panic!("{why}"),
        }
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("compressed");
        encoder.finish().expect("compressed")
    }

    #[test]
    fn what_is_compressed_is_searched() {
        let text = format!("fine\ncard {}\n", card());
        let zst = ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(lines("log.txt", &gz(text.as_bytes())), [2]);
        assert_eq!(lines("log.gz", &gz(&gz(text.as_bytes()))), [2]);
        assert_eq!(lines("log.zst", &zst), [2]);
        let deep = gz(&gz(&gz(&gz(text.as_bytes()))));
        assert!(matches!(searched("log.gz", &deep), Searched::Not(_)));
        let whole = gz(text.as_bytes());
        assert!(matches!(
            searched("log.gz", &whole[..whole.len() / 2]),
            Searched::Broken(_)
        ));
        assert!(matches!(
            searched("log.txt", b"PK\x03\x04..."),
            Searched::Not("it is a ZIP archive")
        ));
    }

    #[test]
    fn a_large_file_is_searched_in_pieces() {
        let mut text = String::new();
        let mut want = Vec::new();
        let mut line = 1;
        while text.len() < 2 * PIECE + PIECE / 2 {
            if line % 40 == 0 {
                text.push_str(&card());
                want.push(line);
            }
            text.push_str(&" .".repeat(50));
            text.push('\n');
            line += 1;
        }
        assert_eq!(lines("log.txt", text.as_bytes()), want);
        let at = PIECE - 8;
        let cut = [" ".repeat(at), card(), " ".repeat(PIECE)].concat();
        assert_eq!(lines("log.txt", cut.as_bytes()), [1]);
    }

    #[test]
    fn a_document_is_searched_as_what_it_says() {
        let text = format!("{{\"a\": \"\\u0034{}\"}}", &card()[1..]);
        assert_eq!(lines("a.json", text.as_bytes()), [1]);
    }

    #[test]
    fn a_text_is_shown_without_what_was_found() {
        let person = ["grace.hopper", "navy-yard.org"].join("@");
        assert_eq!(masked(&format!("ä {} – {person}!", card())), "ä **** – ****!");
        let hash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
        for text in ["f1 0.7 -> 0.6, -14.3 % (no samples)", "runs/2026-07-12/a.jsonl:4", hash] {
            assert_eq!(masked(text), text);
        }
    }
}
