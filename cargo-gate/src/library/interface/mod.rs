//! The public interface of libraries: what can be named from outside, and its signature, found by lexing.
//!
//! [`Interface::read`] follows modules and `pub use` from the root of each library, [`compare`] tells two of them apart.
//! Nothing is compiled: what a macro expands to is not seen, types are what is written, and no inference takes place.

mod attributes;
mod compare;
mod graph;
mod parse;
mod scope;
mod signature;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::boundary::tokens::Tokens;

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
    pub path: Arc<str>,
    /// What it is.
    pub kind: ItemKind,
    /// Its signature in normal form; of an implementation the trait.
    pub signature: Arc<str>,
    /// What users have to name completely: variants, fields, required items of a trait. `None` where more may come.
    pub closed: Option<Vec<String>>,
    /// Whether it is left out of the documentation: nobody is promised anything, and who uses it goes on.
    pub hidden: bool,
    /// File in which it is defined, relative to the workspace root.
    pub file: Arc<str>,
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
        Self::of(libraries, &|path| read(path).map(|text| SourceFile::parse(&text)))
    }

    /// As [`read`](Self::read), from files that are parsed.
    pub fn of(libraries: &[Library], read: &dyn Fn(&str) -> Option<SourceFile>) -> Self {
        graph::Graph::new(libraries, &|path| read(path).map(|file| file.0)).interface()
    }
}

/// A file that was parsed: a pure function of its text, which several versions of a library may share.
#[derive(Debug, Clone)]
pub struct SourceFile(Arc<scope::Scope>);

impl SourceFile {
    /// Parses a text, whatever it is.
    pub fn parse(text: &str) -> Self {
        Self(Arc::new(parse::file(&Tokens::new(text))))
    }
}

#[cfg(test)]
mod tests;
