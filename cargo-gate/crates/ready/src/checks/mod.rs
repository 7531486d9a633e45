//! The seven checks, in their fixed order.

mod config;
mod contamination;
mod contract;
mod hash_chain;
mod metrics;
mod privacy;
mod regression;
mod reproducibility;

use crate::report::CheckReport;
use crate::run::Run;
use crate::verdict::Verdict;
use gate_base::error::Result;

/// A check of a run; an error is one of the tool, and no verdict.
type Check = fn(&Run<'_>) -> Result<Verdict>;

const CHECKS: [(&str, Check); 7] = [
    ("contract_integrity", contract::check),
    ("hash_chain", hash_chain::check),
    ("privacy_safety", privacy::check),
    ("contamination_risk", contamination::check),
    ("regression_risk", regression::check),
    ("config_sanity", config::check),
    ("reproducibility", reproducibility::check),
];

/// Runs all checks.
///
/// # Errors
/// A file that is there cannot be read.
pub(crate) fn all(run: &Run<'_>) -> Result<Vec<CheckReport>> {
    CHECKS
        .iter()
        .map(|(name, check)| {
            let Verdict {
                status,
                message,
                details,
            } = check(run)?;
            Ok(CheckReport {
                name: (*name).to_owned(),
                status,
                message,
                details,
            })
        })
        .collect()
}
