//! Tables and values of a file that may yet hold errors.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The tables of the array of tables at `path`; empty where the file has something else there.
pub(super) fn elements<'t, 'i>(file: &'t DeTable<'i>, path: &[&str]) -> Vec<&'t DeTable<'i>> {
    tables(file, path).map(|(table, _)| table).collect()
}

/// The table at `path`, if there is one.
pub(super) fn table<'t, 'i>(file: &'t DeTable<'i>, path: &[&str]) -> Option<&'t DeTable<'i>> {
    path.iter()
        .try_fold(file, |table, key| table.get(*key)?.get_ref().as_table())
}

/// The tables of the array at `path`, each with its place; none where the file has something else there.
pub(super) fn tables<'t, 'i>(
    file: &'t DeTable<'i>,
    path: &[&str],
) -> impl Iterator<Item = (&'t DeTable<'i>, Range<usize>)> + use<'t, 'i> {
    let parent = path
        .split_last()
        .and_then(|(last, parents)| Some(tables_of(table(file, parents)?, last)));
    parent.into_iter().flatten()
}

/// The tables of the array with this key.
pub(super) fn tables_of<'t, 'i>(
    table: &'t DeTable<'i>,
    key: &str,
) -> impl Iterator<Item = (&'t DeTable<'i>, Range<usize>)> + use<'t, 'i> {
    let list = table.get(key).and_then(|list| list.get_ref().as_array());
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|element| Some((element.get_ref().as_table()?, element.span())))
}

/// The texts of the array with this key, and where they stand.
pub(super) fn texts<'t, 'i>(
    table: &'t DeTable<'i>,
    key: &str,
) -> impl Iterator<Item = (&'t str, Range<usize>)> + use<'t, 'i> {
    let list = table.get(key).and_then(|list| list.get_ref().as_array());
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|element| Some((element.get_ref().as_str()?, element.span())))
}

/// Whether a table has this key, with something in it.
pub(super) fn is_filled(table: &DeTable<'_>, key: &str) -> bool {
    match table.get(key).map(Spanned::get_ref) {
        None => false,
        Some(DeValue::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

/// A text of a table, and where it stands.
pub(super) fn text<'t>(table: &'t DeTable<'_>, key: &str) -> Option<(&'t str, Range<usize>)> {
    let value = table.get(key)?;
    Some((value.get_ref().as_str()?, value.span()))
}
