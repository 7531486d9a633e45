//! What attributes say that the interface of a library depends on.

use std::sync::Arc;

use crate::boundary::attributes;
use crate::boundary::tokens::Tokens;

use super::signature::{self, parts};

/// What attributes say about the item behind them.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) skip: bool,
    pub(super) hidden: bool,
    pub(super) open: bool,
    pub(super) exported: bool,
    pub(super) paths: Vec<String>,
    pub(super) derives: Vec<Arc<str>>,
    /// Name and kind of the macro that a function implements.
    pub(super) procedural: Option<(Option<String>, &'static str)>,
}

impl Attributes {
    /// Reads the attributes that start at a token and returns where the item behind them starts.
    pub(super) fn read(tokens: &Tokens<'_>, mut at: usize) -> (Self, usize) {
        let mut found = Self::default();
        while tokens.is(at, b'#') {
            let inner = tokens.is(at + 1, b'!');
            let open = at + 1 + usize::from(inner);
            if !tokens.is(open, b'[') {
                break;
            }
            if !inner {
                found.add(tokens, open + 1, tokens.close(open));
            }
            at = tokens.after(open);
        }
        (found, at)
    }

    fn add(&mut self, tokens: &Tokens<'_>, from: usize, to: usize) {
        let read = attributes::read(tokens, from, to);
        self.skip |= read.test;
        self.paths.extend(read.paths.into_iter().map(str::to_owned));
        let group = tokens
            .is(from + 1, b'(')
            .then(|| (from + 2, tokens.close(from + 1).min(to)));
        match (tokens.word(from), group) {
            (Some("doc"), Some((start, _))) => self.hidden |= tokens.is_word(start, "hidden"),
            (Some("non_exhaustive"), None) => self.open = true,
            (Some("macro_export"), _) => self.exported = true,
            (Some("derive"), Some((start, end))) => {
                for (start, end) in parts(tokens, start, end) {
                    self.derives.push(signature::plain(tokens, start, end));
                }
            }
            (Some("cfg_attr"), Some((start, end))) => {
                for (start, end) in parts(tokens, start, end).into_iter().skip(1) {
                    self.add(tokens, start, end);
                }
            }
            (Some("proc_macro"), None) => self.procedural = Some((None, "macro")),
            (Some("proc_macro_attribute"), None) => self.procedural = Some((None, "attribute")),
            (Some("proc_macro_derive"), Some((start, _))) => {
                self.procedural = Some((tokens.name(start).map(str::to_owned), "derive"));
            }
            _ => {}
        }
    }
}
