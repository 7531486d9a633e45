//! What rules between values have in common: the file, and what their rules need to know of it.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

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
            if let Some(before) = first.get(name) {
                let message = format!("{what} `{}` is declared twice", shown(name));
                problems.push(
                    Problem::new(span.clone(), message)
                        .rule(&rule::DUPLICATE_NAME)
                        .label(format!(
                            "first declared on {}",
                            self.positions.line_words(*before, span.start)
                        ))
                        .help(help),
                );
            } else {
                first.insert(name.to_owned(), span.start);
            }
        }
    }
}
