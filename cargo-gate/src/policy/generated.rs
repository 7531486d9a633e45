//! Files that a program writes.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::RawGenerated;
use super::section::section;

/// Files that a program writes, and which one.
#[derive(Debug, Clone, Serialize)]
pub struct GeneratedFiles {
    /// Globs of the files, at least one.
    pub files: Vec<String>,
    /// The command that writes them.
    pub generator: String,
    /// Globs of what they are made from.
    pub sources: Vec<String>,
    /// Whether the files have no place for a mark.
    pub unmarked: bool,
    /// Where it is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawGenerated>, at: &impl Fn(Range<usize>) -> Location) -> GeneratedFiles {
    let location = at(raw.span());
    let raw = raw.into_inner();
    GeneratedFiles {
        files: raw.files,
        generator: raw.generator,
        sources: raw.sources,
        unmarked: raw.unmarked,
        location,
    }
}

section!(GeneratedFiles, "generated files", generated: Vec<GeneratedFiles>);
