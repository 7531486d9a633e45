//! What rules between values have in common: the file, and questions that several sections ask of it.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::known::Known;
use super::position::Positions;
use super::problem::{Problem, shown};
use super::rule;

/// A file, and what rules between its values need to know of it.
pub(super) struct Rules<'a> {
    pub(super) file: &'a DeTable<'a>,
    pub(super) known: &'a Known<'a>,
    pub(super) positions: &'a Positions<'a>,
}

impl Rules<'_> {
    /// One problem for each name that was declared before, with the line of the first.
    pub(super) fn duplicates<T: AsRef<str>>(
        &self,
        found: impl Iterator<Item = (T, Range<usize>)>,
        what: &str,
        help: &str,
        problems: &mut Vec<Problem>,
    ) {
        let mut sorted: Vec<_> = found.collect();
        sorted.sort_by_key(|(_, span)| span.start);
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for (name, span) in sorted {
            let name = name.as_ref();
            if let Some(line) = first.get(name) {
                let message = format!("{what} `{}` is declared twice", shown(name));
                problems.push(
                    Problem::new(span, message)
                        .rule(&rule::DUPLICATE_NAME)
                        .label(format!("first declared on line {line}"))
                        .help(help),
                );
            } else {
                first.insert(name.to_owned(), self.positions.line_index(span.start) + 1);
            }
        }
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
                "write a number that is not negative".to_owned()
            } else {
                format!("write a number from 0 to {most}")
            };
            let message = format!("`{key}` is no usable number");
            problems.push(
                Problem::new(value.span(), message)
                    .rule(&rule::OUT_OF_RANGE)
                    .help(usual),
            );
        }
    }
}
