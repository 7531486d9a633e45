//! Tables and values of a file that may yet hold errors.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::rule;

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

/// Numbers with a fraction are not bounded by the schema walk.
pub(super) fn range(table: &DeTable<'_>, keys: &[&str], most: f64, problems: &mut Vec<Problem>) {
    for key in keys {
        let Some(value) = table.get(*key) else {
            continue;
        };
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', "").parse::<f64>().ok(),
            // The walk says what else is wrong with a whole number.
            _ => None,
        };
        if number.is_some_and(|number| !(0.0..=most).contains(&number)) {
            let usual = if most == f64::MAX {
                "write a number that is 0 or more".to_owned()
            } else {
                format!("write a number from 0 to {most}")
            };
            let message = format!("`{key}` is out of range");
            problems.push(
                Problem::new(value.span(), message)
                    .rule(&rule::OUT_OF_RANGE)
                    .help(usual),
            );
        }
    }
}
