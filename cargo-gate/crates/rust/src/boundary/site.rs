//! The vocabulary of the scan: kinds of raw boundaries, sites, and what one file holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of raw authority a site uses. The order is the order of every table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `unsafe { … }`.
    UnsafeBlock,
    /// A definition or declaration `unsafe fn name`; neither function pointer types nor items of `extern` blocks.
    UnsafeFn,
    /// `unsafe impl`.
    UnsafeImpl,
    /// `unsafe trait`.
    UnsafeTrait,
    /// `extern "C" { … }`, with or without `unsafe`.
    ExternBlock,
    /// `asm!`, `global_asm!`, `naked_asm!`, `llvm_asm!`.
    Asm,
    /// A use of `transmute` or `transmute_copy`.
    Transmute,
    /// `#[unsafe(…)]`, and what editions before 2024 write without the word: `#[no_mangle]`, `#[export_name]`,
    /// `#[link_section]`. rustc's `unsafe_code` lint counts the same.
    UnsafeAttribute,
    /// The word `unsafe` inside a macro where only its expansion tells what it becomes.
    UnsafeToken,
}

impl Kind {
    /// All kinds in the order of every table.
    pub const ALL: [Kind; 9] = [
        Kind::UnsafeBlock,
        Kind::UnsafeFn,
        Kind::UnsafeImpl,
        Kind::UnsafeTrait,
        Kind::ExternBlock,
        Kind::Asm,
        Kind::Transmute,
        Kind::UnsafeAttribute,
        Kind::UnsafeToken,
    ];

    /// Name as written in the inventory and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::UnsafeBlock => "unsafe_block",
            Kind::UnsafeFn => "unsafe_fn",
            Kind::UnsafeImpl => "unsafe_impl",
            Kind::UnsafeTrait => "unsafe_trait",
            Kind::ExternBlock => "extern_block",
            Kind::Asm => "asm",
            Kind::Transmute => "transmute",
            Kind::UnsafeAttribute => "unsafe_attribute",
            Kind::UnsafeToken => "unsafe_token",
        }
    }

    /// Name in a sentence, for one.
    pub fn singular(self) -> &'static str {
        match self {
            Kind::UnsafeBlock => "unsafe block",
            Kind::UnsafeFn => "unsafe fn",
            Kind::UnsafeImpl => "unsafe impl",
            Kind::UnsafeTrait => "unsafe trait",
            Kind::ExternBlock => "extern block",
            Kind::Asm => "inline assembly",
            Kind::Transmute => "transmute",
            Kind::UnsafeAttribute => "unsafe attribute",
            Kind::UnsafeToken => "unsafe in a macro",
        }
    }

    /// `1 unsafe block`, `2 unsafe blocks`.
    pub fn counted(self, count: u32) -> String {
        match (count, self) {
            (1, _) | (_, Kind::Asm | Kind::UnsafeToken) => format!("{count} {}", self.singular()),
            _ => format!("{count} {}s", self.singular()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One place where typed code meets raw authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// What it is.
    pub kind: Kind,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
    /// Length of the word it is found by, in characters.
    pub length: u32,
    /// Enclosing item inside the file, `module::Type::method`; empty at the top of the file.
    pub item: String,
    /// Whether it stands inside a macro: a `macro_rules!` body or the arguments of a macro call.
    pub in_macro: bool,
    /// Whether it stands under `#[cfg(test)]`, `#[test]` and the like inside its file.
    pub test: bool,
    /// Whether it is justified in a comment.
    pub safety: Safety,
}

/// Whether a site is justified by a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Safety {
    /// There is a `SAFETY:` comment or a `# Safety` section.
    Documented,
    /// There is none.
    Missing,
    /// None is expected: the kind has no such convention.
    NotExpected,
}

/// A `mod name;` of a file, which says where another file is reached from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModDecl {
    /// Directory names of the inline modules around it, outermost first.
    pub inline: Vec<String>,
    /// Name of the module.
    pub name: String,
    /// Values of `#[path = "…"]` and `#[cfg_attr(…, path = "…")]`.
    pub paths: Vec<String>,
    /// Whether it is only compiled for tests.
    pub test: bool,
}

/// What one file holds; a pure function of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileScan {
    /// Sites in the order of the text.
    pub sites: Vec<Site>,
    /// Out-of-line modules it declares. Only collected where asked for: see [`super::scan::Depth`].
    pub mods: Option<Vec<ModDecl>>,
}
