//! Regions of a file, as the item parser knows them.

/// A region of the file and what it says about the sites inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope<'s> {
    pub(crate) kind: ScopeKind<'s>,
    /// Index after its last token.
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ScopeKind<'s> {
    /// `mod name { … }` with its directory name.
    Module(&'s str, &'s str),
    /// `fn name`.
    Function(&'s str),
    /// `const NAME: …` or `static NAME: …` with the index of its keyword.
    Constant(&'s str, usize),
    /// Any other item; for `impl` its type.
    Item(String),
    /// An `extern` block.
    Foreign,
    /// Code that only tests compile.
    Test,
    /// Arguments of a macro call.
    Call {
        /// The macro turns tokens into code for somebody else (`quote!` and the like).
        quotes: bool,
        /// Its only argument is one token.
        single: bool,
    },
    /// A macro definition.
    Definition(&'s str),
}
