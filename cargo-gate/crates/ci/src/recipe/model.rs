//! Recipes as the readers of their files leave them.

use super::super::expand::Variables;
use std::collections::BTreeMap;

/// Shell text of a recipe.
pub(crate) struct Piece {
    /// File in which it is written, relative to the top of the repository.
    pub(crate) path: String,
    /// 1-based line on which it begins.
    pub(crate) line: u32,
    pub(crate) text: String,
    /// Directory in which it runs, relative to the top of the repository.
    pub(crate) directory: Option<String>,
    /// Why a failure has no consequence.
    pub(crate) ignored: Option<&'static str>,
    /// Variables that the runner sets.
    pub(crate) variables: Variables,
}

/// What a file of recipes declares.
#[derive(Default)]
pub(super) struct Recipes {
    pub(super) all: Vec<Recipe>,
    /// Fixed texts of variables.
    pub(super) variables: BTreeMap<String, String>,
    /// Variables as the shell sees them; those that are computed have no value.
    pub(super) environment: Variables,
    /// Variables of make to which the environment comes first.
    pub(super) gives_way: Vec<String>,
}

#[derive(Default)]
pub(super) struct Recipe {
    pub(super) name: String,
    /// Names of parameters, with `*` or `+` in front of one that takes the rest, and defaults.
    pub(super) parameters: Vec<(String, Option<String>)>,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
    /// Lines with their numbers, or one script.
    pub(super) body: Vec<(u32, String)>,
    /// Why it is not followed.
    pub(super) problem: Option<&'static str>,
}
