//! Documents that must keep what they say.

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::RawDocs;
use super::section::section;

/// Documents that must keep what they say: globs over tracked Markdown files.
#[derive(Debug, Clone, Serialize)]
pub struct DocsPolicy {
    /// Documents whose relative links and anchors must resolve; empty means all, without blocking.
    pub links: Vec<String>,
    /// Documents whose commands must name what exists.
    pub commands: Vec<String>,
    /// Documents whose checkboxes must agree with outcomes.
    pub status: Vec<String>,
    /// Documents whose generated blocks must be up to date.
    pub generated: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawDocs>, location: Location) -> DocsPolicy {
    let raw = raw.into_inner();
    DocsPolicy {
        links: raw.links,
        commands: raw.commands,
        status: raw.status,
        generated: raw.generated,
        location,
    }
}

section!(DocsPolicy, "docs", docs: Option<DocsPolicy>);
