//! One file: bytes in, what library code promises and breaks out. Total over all bytes.

use serde::{Deserialize, Serialize};

use crate::boundary::items;
use crate::boundary::scan::{MAX_FILE, Place};
use crate::boundary::site::ModDecl;
use crate::boundary::tokens::{Class, Tokens};
use crate::boundary::watch::{Around, Watch};

use super::deprecated::{self, Deprecated};
use super::errors::{self, ErrorEnum, Mention};
use super::panics::{self, PanicSite};

/// What one file holds outside of tests; a pure function of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryScan {
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
    /// Out-of-line modules it declares.
    pub mods: Vec<ModDecl>,
}

/// Scans one file. Bytes that are not UTF-8 are read as replacement characters; a file larger than [`MAX_FILE`] is cut
/// off there.
pub fn scan_file(bytes: &[u8]) -> LibraryScan {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_FILE)]);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let tokens = Tokens::new(text);
    let mut scanner = Scanner {
        scan: LibraryScan::default(),
        place: Place::new(text),
    };
    let found = items::parse_watched(&tokens, &mut scanner);
    scanner.scan.mods = found.mods;
    scanner.scan
}

struct Scanner<'s> {
    scan: LibraryScan,
    place: Place<'s>,
}

impl<'s> Watch<'s> for Scanner<'s> {
    fn token(&mut self, tokens: &Tokens<'s>, around: &Around<'_, 's>, at: usize) {
        match tokens.all[at].class {
            Class::Ident => {
                self.panic(tokens, around, at);
                self.word(tokens, around, at);
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

    fn line(&mut self, tokens: &Tokens<'s>, at: usize) -> u32 {
        self.place.of(tokens.all[at].start as usize).0
    }
}
