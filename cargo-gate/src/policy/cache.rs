//! `[cache]`: the store of kernels that machines share, and what it has to be good for.

use std::ops::Range;
use std::time::Duration;

use gate_build::store::protocol::Mode;
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::{RawCache, RawCacheMode};
use super::section::section;
use super::value::{Converted, duration};

/// Hits of 100 lookups where the policy says nothing.
const HITS: u32 = 90;

/// The store of kernels that machines share, and what it has to be good for. Builds read the same section by themselves.
#[derive(Debug, Clone, Serialize)]
pub struct CachePolicy {
    /// Address of the store.
    pub remote: Option<String>,
    /// What builds do with it: `rw`, `ro` or `off`.
    pub mode: &'static str,
    /// How long one answer may take; `None` when undeclared.
    pub timeout: Option<Duration>,
    /// Paths of reports.
    pub reports: Vec<String>,
    /// Hits of 100 lookups that each report must show.
    pub min_hit_percent: u32,
    /// Where `[cache]` is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawCache>, at: &impl Fn(Range<usize>) -> Location) -> Converted<CachePolicy> {
    let span = raw.span();
    let raw = raw.into_inner();
    let mode = match raw.mode {
        Some(RawCacheMode::Rw) => Mode::ReadWrite,
        Some(RawCacheMode::Ro) | None => Mode::ReadOnly,
        Some(RawCacheMode::Off) => Mode::Off,
    };
    Ok(CachePolicy {
        remote: raw.remote,
        mode: mode.name(),
        timeout: raw.timeout.map(|text| duration(&text, &span)).transpose()?,
        reports: raw.reports,
        min_hit_percent: raw.min_hit_percent.unwrap_or(HITS),
        location: at(span),
    })
}

section!(CachePolicy, "cache", cache: Option<CachePolicy>);
