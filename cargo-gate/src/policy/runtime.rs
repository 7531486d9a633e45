//! What a run of gated kernels leaves behind.

use std::ops::Range;

use gate_runtime::rails::{InvalidRail, Settings};
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::{RawRails, RawRuntime};
use super::section::section;

/// The package whose users run kernels.
pub const RUNTIME_PACKAGE: &str = "cargo-gate-runtime";

/// The production suites that its users need, by name.
pub const PRODUCTION_SUITES: [&str; 4] = [
    "prod_status_errors",
    "prod_decision_log",
    "prod_cuda_contracts",
    "prod_runtime_rollback",
];

/// What a run of gated kernels leaves behind.
#[derive(Debug, Clone, Serialize)]
pub struct RuntimePolicy {
    /// Paths of decision logs.
    pub decision_logs: Vec<String>,
    /// What they may show.
    pub limits: RuntimeLimits,
    /// Paths of run stats.
    pub run_stats: Vec<String>,
    /// Rails of the kernels; `None` when undeclared.
    pub rails: Option<RailsPolicy>,
    /// Where `[runtime]` is declared.
    pub location: Location,
}

/// Rails as they are declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RailsPolicy {
    /// What is declared: the name in `gate_runtime::rails::FIELDS` and the value as text, in the order of that table.
    pub declared: Vec<(&'static str, String)>,
    /// Where `[runtime.rails]` is declared.
    pub location: Location,
}

impl RailsPolicy {
    /// The settings: what is declared, and defaults for the rest.
    ///
    /// # Errors
    /// A value that is out of its range; the validation of the policy refuses such a file.
    pub fn settings(&self) -> Result<Settings, InvalidRail> {
        let mut settings = Settings::default();
        for (name, value) in &self.declared {
            settings.set(name, value)?;
        }
        Ok(settings)
    }
}

/// What the records of a run may show; nothing is asked where a limit is absent.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct RuntimeLimits {
    /// Least compilability of a workload, in percent.
    pub min_compilability: Option<u32>,
    /// Most compilations per thousand calls.
    pub max_recompiles: Option<u32>,
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
        limits: RuntimeLimits {
            min_compilability: raw.min_compilability,
            max_recompiles: raw.max_recompiles,
        },
        run_stats: raw.run_stats,
        rails: raw.rails.map(|rails| declared(rails, at)),
        location,
    }
}

fn declared(raw: Spanned<RawRails>, at: &impl Fn(Range<usize>) -> Location) -> RailsPolicy {
    RailsPolicy {
        location: at(raw.span()),
        declared: raw.into_inner().declared(),
    }
}

section!(RuntimePolicy, "runtime", runtime: Option<RuntimePolicy>);
