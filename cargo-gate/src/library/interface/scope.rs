//! What a module holds, as its file says it.

use std::sync::Arc;

use super::ItemKind;

/// What a module holds.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) defs: Vec<Def>,
    pub(super) impls: Vec<Impl>,
    pub(super) uses: Vec<Use>,
    pub(super) mods: Vec<Mod>,
}

/// An item.
#[derive(Debug)]
pub(super) struct Def {
    pub(super) name: String,
    pub(super) kind: ItemKind,
    /// Everybody who reaches the module may use it. Of what nobody may use just the name and the kind are kept.
    pub(super) public: bool,
    pub(super) signature: Arc<str>,
    /// What a user has to name completely (variants, fields, required items); `None` where more may come.
    pub(super) closed: Option<Vec<String>>,
    /// Fields, variants, items of a trait.
    pub(super) children: Vec<Child>,
    /// Traits that it derives, by name.
    pub(super) derives: Vec<Arc<str>>,
    /// A macro that stands at the root of the crate.
    pub(super) exported: bool,
    /// Left out of the documentation.
    pub(super) hidden: bool,
    pub(super) line: u32,
    /// Whether it ends without a body or a value.
    pub(super) open_end: bool,
}

/// A part of an item.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) name: String,
    pub(super) hidden: bool,
    pub(super) kind: ItemKind,
    pub(super) signature: Arc<str>,
    pub(super) line: u32,
}

/// An `impl` block.
#[derive(Debug)]
pub(super) struct Impl {
    /// The trait as text and as path.
    pub(super) of: Option<(Arc<str>, Vec<String>)>,
    /// Path of the type.
    pub(super) target: Vec<String>,
    /// Public items of an inherent one.
    pub(super) children: Vec<Child>,
    pub(super) line: u32,
}

/// One name of a `use` declaration.
#[derive(Debug)]
pub(super) struct Use {
    /// The path; begins with an empty name where it begins with `::`.
    pub(super) path: Vec<String>,
    /// The name that it brings; `None` for `*`.
    pub(super) name: Option<String>,
    pub(super) public: bool,
    pub(super) hidden: bool,
    pub(super) line: u32,
}

/// A module.
#[derive(Debug)]
pub(super) struct Mod {
    pub(super) name: String,
    pub(super) public: bool,
    pub(super) hidden: bool,
    /// Its contents where they stand here.
    pub(super) inline: Option<Arc<Scope>>,
    /// Values of `#[path]`.
    pub(super) paths: Vec<String>,
    pub(super) line: u32,
}
