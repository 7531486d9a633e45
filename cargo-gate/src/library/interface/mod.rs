//! The public interface of libraries: what can be named from outside, and its signature, found by lexing.
//!
//! [`Interface::read`] follows modules and `pub use` from the root of each library, [`compare`] tells two of them apart.
//! Nothing is compiled: what a macro expands to is not seen, types are what is written, and no inference takes place.

mod compare;
mod graph;
mod parse;
mod scope;
mod signature;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::boundary::parallel;

pub use compare::{Change, Difference, compare};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A module.
    Module,
    /// A struct or a union.
    Struct,
    /// An enum.
    Enum,
    /// A trait.
    Trait,
    /// A type alias, or the type of a trait.
    Type,
    /// A function, in a module, a trait or an `impl`.
    Function,
    /// A constant.
    Constant,
    /// A static.
    Static,
    /// A macro.
    Macro,
    /// A public field.
    Field,
    /// A variant.
    Variant,
    /// A trait that a type implements.
    Implementation,
    /// A name from a crate that is no member; its signature is the path as it is written.
    Reexport,
}

impl ItemKind {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            ItemKind::Module => "module",
            ItemKind::Struct => "struct",
            ItemKind::Enum => "enum",
            ItemKind::Trait => "trait",
            ItemKind::Type => "type",
            ItemKind::Function => "function",
            ItemKind::Constant => "constant",
            ItemKind::Static => "static",
            ItemKind::Macro => "macro",
            ItemKind::Field => "field",
            ItemKind::Variant => "variant",
            ItemKind::Implementation => "implementation",
            ItemKind::Reexport => "re-export",
        }
    }
}

/// One name that can be reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Path from the library, `library::module::Type::method`.
    pub path: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its signature in normal form; of an implementation the trait.
    pub signature: String,
    /// What users have to name completely: variants, fields, required items of a trait. `None` where more may come.
    pub closed: Option<Vec<String>>,
    /// Whether it is left out of the documentation: nobody is promised anything, and who uses it goes on.
    pub hidden: bool,
    /// File in which it is defined, relative to the workspace root.
    pub file: String,
    /// 1-based line there.
    pub line: u32,
}

/// A library to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its name as code writes it.
    pub name: String,
    /// Path of its root file, relative to the workspace root.
    pub root: String,
}

/// The public interface of some libraries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Items by library, sorted by path, kind and signature.
    pub libraries: BTreeMap<String, Vec<Item>>,
    /// Root files that could not be read, sorted.
    pub unreadable: Vec<String>,
}

impl Interface {
    /// Reads libraries that may re-export items of each other. `read` gives the text of a file, `None` where there is none.
    pub fn read(libraries: &[Library], read: &dyn Fn(&str) -> Option<String>) -> Self {
        let read = |path: &str| read(path).map(Arc::new);
        Self::read_with(libraries, &read, &Parsed::default())
    }

    /// As [`read`](Self::read); a file that had the same text before is not parsed again.
    pub fn read_with(libraries: &[Library], read: &dyn Fn(&str) -> Option<Arc<String>>, parsed: &Parsed) -> Self {
        let read = |path: &str| read(path).map(|text| parsed.file(path, text));
        graph::Graph::new(libraries, &read).interface()
    }
}

/// Files that were parsed, by path: two versions of a library share most of theirs.
#[derive(Debug, Default)]
pub struct Parsed(Mutex<BTreeMap<String, ParsedFile>>);

/// A text, and what it holds.
type ParsedFile = (Arc<String>, Arc<scope::Scope>);

impl Parsed {
    /// Parses files that will be asked for, on all cores.
    pub fn ahead(&self, files: &[(&str, &Arc<String>)]) {
        let scopes = parallel::map(files, &|(_, text)| Arc::new(parse::file(text)));
        let parsed = files
            .iter()
            .zip(scopes)
            .map(|((path, text), scope)| ((*path).to_owned(), (Arc::clone(text), scope)));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(parsed);
    }

    fn file(&self, path: &str, text: Arc<String>) -> Arc<scope::Scope> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(path) {
            Some((before, scope)) if *before == text => Arc::clone(scope),
            // The version that comes later may be the one that is known.
            Some(_) => Arc::new(parse::file(&text)),
            None => {
                let scope = Arc::new(parse::file(&text));
                known.insert(path.to_owned(), (text, Arc::clone(&scope)));
                scope
            }
        }
    }
}

#[cfg(test)]
mod tests;
