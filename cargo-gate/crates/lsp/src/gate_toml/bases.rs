//! What a policy extends: where a value comes from that stands in another file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::cursor;
use gate_policy::{FILE_NAME, Place, PolicyFile, Reader};

/// The key that names a base.
const EXTENDS: &str = "extends";

/// The files that the policy at `path` extends, the nearest first. The root is taken to be where the policy lies.
pub fn of(text: &str, path: &Path, reader: &mut Reader<'_>) -> Vec<(PathBuf, PolicyFile)> {
    gate_policy::bases(PolicyFile::new(FILE_NAME, text), place(path), reader)
}

/// Where a policy lies that an editor shows.
pub fn place(path: &Path) -> Place<'_> {
    Place {
        root: path.parent().unwrap_or(path),
        file: path,
    }
}

/// Bytes of the value of `extends`; of the beginning where there is none.
pub fn named(text: &str) -> Range<usize> {
    let (file, _) = DeTable::parse_recoverable(text);
    file.get_ref().get(EXTENDS).map(toml::Spanned::span).unwrap_or(0..0)
}

/// The file that declares in a base what stands at `offset`, with its text and the bytes of it: the base itself for `extends`.
pub fn declared(
    text: &str,
    offset: usize,
    path: &Path,
    reader: &mut Reader<'_>,
) -> Option<(PathBuf, String, Range<usize>)> {
    let cursor = cursor::at(text, offset)?;
    let bases = of(text, path, reader);
    if cursor.path == [EXTENDS] {
        let (path, file) = bases.into_iter().next()?;
        return Some((path, file.text, 0..0));
    }
    bases.into_iter().find_map(|(path, file)| {
        let span = span(file.body(), &cursor.path)?;
        let mark = file.text.len() - file.body().len();
        Some((path, file.text, span.start + mark..span.end + mark))
    })
}

/// Where the value of a key stands; of entries of lists nothing is known here.
fn span(text: &str, keys: &[String]) -> Option<Range<usize>> {
    let (file, _) = DeTable::parse_recoverable(text);
    let (last, above) = keys.split_last()?;
    let table = above.iter().try_fold(file.get_ref(), |table, key| {
        table.get(key.as_str())?.get_ref().as_table()
    })?;
    let (key, value) = table.get_key_value(last.as_str())?;
    match value.get_ref() {
        DeValue::Table(_) => Some(value.span()),
        _ => Some(key.span().start..value.span().end),
    }
}
