//! One file: bytes in, what its code promises, breaks and asks of the system out. Total over all bytes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::rust::boundary::items::{self, Found};
use crate::rust::boundary::scan::{Place, boundaries_of, source_text};
use crate::rust::boundary::site::{FileScan, ModDecl};
use crate::rust::boundary::tokens::{Class, Tokens};
use crate::rust::boundary::watch::{Around, Watch};
use crate::rust::facts::deprecated::{self, Deprecated};
use crate::rust::facts::errors::{self, ErrorEnum, Mention};
use crate::rust::facts::panics::{self, PanicSite};
use crate::rust::facts::uses::{self, UseSite, UsedPath};

/// What one file holds outside of tests; a pure function of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeScan {
    /// Places that panic, in the order of the text.
    pub panics: Vec<PanicSite>,
    /// Public enums that are errors, or that an `impl` may make one.
    pub enums: Vec<ErrorEnum>,
    /// Names of types that implement `Error`.
    pub error_impls: Vec<String>,
    /// Places that make a variant of some enum.
    pub mentions: Vec<Mention>,
    /// Public items marked `#[deprecated]`.
    pub deprecated: Vec<Deprecated>,
    /// Places that ask something of the system, in the order of the text, one for each line and path.
    pub uses: Vec<UseSite>,
    /// Out-of-line modules it declares.
    pub mods: Vec<ModDecl>,
}

/// Scans one file. Bytes that are not UTF-8 are read as replacement characters; a file larger than
/// [`MAX_FILE`](crate::rust::boundary::scan::MAX_FILE) is cut off there.
pub fn scan_file(bytes: &[u8]) -> CodeScan {
    let text = source_text(bytes);
    let (mut scan, found) = scan(&Tokens::new(&text));
    scan.mods = found.mods;
    scan
}

/// Scans a file that was lexed for its raw boundaries too, in the same pass.
pub(crate) fn scan_with_boundaries(tokens: &Tokens<'_>) -> (FileScan, CodeScan) {
    let (mut scan, found) = scan(tokens);
    scan.mods.clone_from(&found.mods);
    (boundaries_of(tokens, found, true), scan)
}

fn scan(tokens: &Tokens<'_>) -> (CodeScan, Found) {
    let mut scanner = Scanner {
        scan: CodeScan::default(),
        place: Place::new(tokens.text),
        used: BTreeSet::new(),
    };
    let found = items::parse_watched(tokens, &mut scanner);
    (scanner.scan, found)
}

struct Scanner<'s> {
    scan: CodeScan,
    place: Place<'s>,
    used: BTreeSet<(UsedPath, u32)>,
}

impl<'s> Watch<'s> for Scanner<'s> {
    fn token(&mut self, tokens: &Tokens<'s>, around: &Around<'_, 's>, at: usize) {
        match tokens.all[at].class {
            Class::Ident => {
                self.panic(tokens, around, at);
                self.word(tokens, around, at);
                self.used(tokens, around, at);
            }
            Class::Punct(b'[') => self.panic(tokens, around, at),
            Class::Punct(b'#') => {
                if let Some(deprecated) = deprecated::read(tokens, around, at) {
                    let line = self.line(tokens, at);
                    self.scan.deprecated.push(Deprecated { line, ..deprecated });
                }
            }
            _ => {}
        }
    }
}

impl<'s> Scanner<'s> {
    fn panic(&mut self, tokens: &Tokens<'s>, around: &Around<'_, 's>, at: usize) {
        let Some(kind) = panics::kind(tokens, around, at) else {
            return;
        };
        let (line, column) = self.place.of(tokens.all[at].start as usize);
        self.scan.panics.push(PanicSite {
            kind,
            line,
            column,
            item: around.item(None),
            in_macro: around.in_macro(),
        });
    }

    fn word(&mut self, tokens: &Tokens<'s>, around: &Around<'_, 's>, at: usize) {
        match tokens.text_of(at) {
            "enum" => {
                if let Some(mut found) = errors::read(tokens, around, at) {
                    // The lines of its variants lie ahead, and the place only goes forward.
                    let mut place = self.place;
                    let mut line = |index: u32| place.of(tokens.all[index as usize].start as usize).0;
                    found.line = line(found.line);
                    for variant in &mut found.variants {
                        variant.line = line(variant.line);
                    }
                    self.scan.enums.push(found);
                }
            }
            "impl" => self.scan.error_impls.extend(errors::error_impl(tokens, around, at)),
            _ => {
                if let Some(mention) = errors::mention(tokens, around, at) {
                    let line = self.line(tokens, at);
                    self.scan.mentions.push(Mention { line, ..mention });
                }
            }
        }
    }

    fn used(&mut self, tokens: &Tokens<'s>, around: &Around<'_, 's>, at: usize) {
        let Some((path, what)) = uses::used(tokens, at) else {
            return;
        };
        if around.is_test() || around.is_quoted() {
            return;
        }
        let (line, column) = self.place.of(tokens.all[at].start as usize);
        if self.used.insert((path, line)) {
            self.scan.uses.push(UseSite {
                path,
                what,
                line,
                column,
            });
        }
    }

    fn line(&mut self, tokens: &Tokens<'s>, at: usize) -> u32 {
        self.place.of(tokens.all[at].start as usize).0
    }
}
