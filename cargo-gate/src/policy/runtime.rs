//! What a run of gated kernels leaves behind.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::RawRuntime;

/// What a run of gated kernels leaves behind.
#[derive(Debug, Clone, Serialize)]
pub struct RuntimePolicy {
    /// Paths of decision logs.
    pub decision_logs: Vec<String>,
    /// Paths of run stats.
    pub run_stats: Vec<String>,
    /// Where `[runtime]` is declared.
    pub location: Location,
}

impl RuntimePolicy {
    /// Every file that is named: decision logs, then stats.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.decision_logs.iter().chain(&self.run_stats).map(String::as_str)
    }
}

pub(super) fn convert(raw: Spanned<RawRuntime>, at: &impl Fn(Range<usize>) -> Location) -> RuntimePolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    RuntimePolicy {
        decision_logs: raw.decision_logs,
        run_stats: raw.run_stats,
        location,
    }
}
