//! `[boundary]`: where raw authority is allowed.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::RawBoundary;
use super::section::section;

/// Rules for raw authority.
#[derive(Debug, Clone, Serialize)]
pub struct BoundaryPolicy {
    /// Modules of non-native crates in which raw authority is allowed.
    pub allow: Vec<BoundaryAllow>,
    /// Whether each unsafe block needs a SAFETY comment.
    pub safety_comments: bool,
    /// Path of the tracked inventory; `None` when none is kept.
    pub inventory: Option<String>,
    /// Where `[boundary]` is declared.
    pub location: Location,
}

/// Files in which raw authority is allowed.
#[derive(Debug, Clone, Serialize)]
pub struct BoundaryAllow {
    /// Glob over workspace-relative paths.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawBoundary>, at: &impl Fn(Range<usize>) -> Location) -> BoundaryPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let allow = raw.allow.into_iter().map(|allow| {
        let location = at(allow.span());
        let allow = allow.into_inner();
        BoundaryAllow {
            path: allow.path,
            reason: allow.reason,
            owner: allow.owner,
            location,
        }
    });
    BoundaryPolicy {
        allow: allow.collect(),
        safety_comments: raw.safety_comments,
        inventory: raw.inventory,
        location,
    }
}

section!(BoundaryPolicy, "boundary", boundary: Option<BoundaryPolicy>);
