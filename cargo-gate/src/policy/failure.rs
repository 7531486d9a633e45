//! How library code may fail.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::RawFailure;
use super::section::section;

/// How library code may fail.
#[derive(Debug, Clone, Serialize)]
pub struct FailurePolicy {
    /// Path of the tracked panic inventory; `None` when none is kept.
    pub panic_inventory: Option<String>,
    /// Path of the coverage report; `None` when error variants are not judged.
    pub coverage: Option<String>,
    /// Where `[failure]` is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawFailure>, at: &impl Fn(Range<usize>) -> Location) -> FailurePolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    FailurePolicy {
        panic_inventory: raw.panic_inventory,
        coverage: raw.coverage,
        location,
    }
}

section!(FailurePolicy, "failure", failure: Option<FailurePolicy>);
