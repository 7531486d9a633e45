//! Checks: one file each, a declaration beside its rule. A file whose name has an underscore is a check
//! (`lockfile_tracked.rs` is `lockfile.tracked`); the others serve them.

mod channel;
mod commands;
mod conforming;
mod context;
pub(crate) mod declaration;
mod dependencies;
mod destinations;
mod documents;
mod images;
mod invocations;
mod pipelines;
mod ratchet;
mod records;
mod runs;
mod slice;

pub mod api_deprecations;
pub mod api_stability;
pub mod boundary_inventory;
pub mod boundary_raw;
pub mod boundary_safety;
pub mod changelog_current;
pub mod checklist_stage;
pub mod ci_actions_pinned;
pub mod ci_gate_wired;
pub mod ci_locked;
pub mod ci_matrix;
pub mod claims_evidence;
pub mod config_sanity;
pub mod conformance_coverage;
pub mod conformance_matrix;
pub mod conformance_scope;
pub mod decision_log_valid;
pub mod docs_commands;
pub mod docs_links;
pub mod docs_sync;
pub mod environment_clean;
pub mod evidence_age;
pub mod failure_errors;
pub mod failure_panics;
pub mod generated_declared;
pub mod git_clean;
pub mod history_consistent;
pub mod kernels_budget;
pub mod kernels_cache;
pub mod kernels_contract;
pub mod kernels_fallback_coverage;
pub mod kernels_locked;
pub mod kernels_path;
pub mod kernels_representation;
pub mod kernels_reproducible;
pub mod kernels_semantics;
pub mod kernels_source_map;
pub mod lockfile_fresh;
pub mod lockfile_sources;
pub mod lockfile_tracked;
pub mod owners_declared;
pub mod paths_local;
pub mod profile_release;
pub mod profile_tier;
pub mod redaction_audit;
pub mod register_criticals;
pub mod release_manifest;
pub mod run_stats_valid;
pub mod runtime_prod;
pub mod scope_uses;
pub mod secrets_tracked;
pub mod stage_predecessor;
pub mod status_drift;
pub mod supply_advisories;
pub mod toolchain_floor;
pub mod toolchain_matches;
pub mod toolchain_msrv;
pub mod toolchain_pinned;
pub mod toolchain_policy;
pub mod waiver_authority;
pub mod waiver_valid;
pub mod warnings_reviewed;

#[cfg(test)]
mod catalogue;
#[cfg(test)]
pub(crate) mod surveys;
#[cfg(test)]
pub(crate) mod testing;

use crate::policy::Catalogue;

pub(crate) use boundary_raw::tier_name;
pub(crate) use context::register_commits;
pub use context::{Attachments, Context};
pub use declaration::{Applies, Check, Input, Judgement};

/// Every built-in check in the order of the catalogue: integrity, stage order, governance, profile policy, boundaries,
/// continuous integration, supply chain, documents, and last those that judge the evaluation itself.
pub const ALL: &[&Check] = &[
    &lockfile_tracked::CHECK,
    &lockfile_fresh::CHECK,
    &lockfile_sources::CHECK,
    &toolchain_pinned::CHECK,
    &toolchain_matches::CHECK,
    &toolchain_msrv::CHECK,
    &toolchain_policy::CHECK,
    &toolchain_floor::CHECK,
    &git_clean::CHECK,
    &config_sanity::CHECK,
    &environment_clean::CHECK,
    &stage_predecessor::CHECK,
    &history_consistent::CHECK,
    &register_criticals::CHECK,
    &owners_declared::CHECK,
    &waiver_authority::CHECK,
    &waiver_valid::CHECK,
    &profile_release::CHECK,
    &profile_tier::CHECK,
    &boundary_raw::CHECK,
    &boundary_safety::CHECK,
    &boundary_inventory::CHECK,
    &ci_locked::CHECK,
    &ci_gate_wired::CHECK,
    &ci_actions_pinned::CHECK,
    &ci_matrix::CHECK,
    &supply_advisories::CHECK,
    &decision_log_valid::CHECK,
    &run_stats_valid::CHECK,
    &runtime_prod::CHECK,
    &evidence_age::CHECK,
    &warnings_reviewed::CHECK,
    &checklist_stage::CHECK,
    &docs_links::CHECK,
    &docs_commands::CHECK,
    &docs_sync::CHECK,
    &generated_declared::CHECK,
    &status_drift::CHECK,
    &failure_panics::CHECK,
    &failure_errors::CHECK,
    &scope_uses::CHECK,
    &kernels_locked::CHECK,
    &kernels_reproducible::CHECK,
    &kernels_budget::CHECK,
    &kernels_path::CHECK,
    &kernels_contract::CHECK,
    &kernels_fallback_coverage::CHECK,
    &kernels_semantics::CHECK,
    &kernels_representation::CHECK,
    &kernels_source_map::CHECK,
    &conformance_matrix::CHECK,
    &conformance_scope::CHECK,
    &conformance_coverage::CHECK,
    &claims_evidence::CHECK,
    &kernels_cache::CHECK,
    &api_deprecations::CHECK,
    &api_stability::CHECK,
    &release_manifest::CHECK,
    &changelog_current::CHECK,
    &secrets_tracked::CHECK,
    &paths_local::CHECK,
    &redaction_audit::CHECK,
];

impl Catalogue {
    /// The built-in checks.
    pub fn builtin() -> Self {
        ALL.iter().map(|check| (check.id, check.blocks_at)).collect()
    }
}

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
