//! Checks: one file each, a declaration beside its rule. A file whose name has an underscore is a check
//! (`lockfile_tracked.rs` is `lockfile.tracked`); the others serve them.

mod channel;
mod context;
mod declaration;
mod dependencies;

pub mod boundary_inventory;
pub mod boundary_raw;
pub mod boundary_safety;
pub mod config_sanity;
pub mod git_clean;
pub mod lockfile_fresh;
pub mod lockfile_sources;
pub mod lockfile_tracked;
pub mod paths_local;
pub mod profile_release;
pub mod profile_tier;
pub mod redaction_audit;
pub mod secrets_tracked;
pub mod stage_predecessor;
pub mod toolchain_matches;
pub mod toolchain_msrv;
pub mod toolchain_pinned;
pub mod waiver_valid;

#[cfg(test)]
mod catalogue;
#[cfg(test)]
pub(crate) mod surveys;
#[cfg(test)]
pub(crate) mod testing;

pub use context::Context;
pub use declaration::{Applies, Check, Input, Judgement};

/// Every built-in check in the order of the catalogue: integrity, stage order, profile policy, boundaries.
pub const ALL: &[&Check] = &[
    &lockfile_tracked::CHECK,
    &lockfile_fresh::CHECK,
    &lockfile_sources::CHECK,
    &toolchain_pinned::CHECK,
    &toolchain_matches::CHECK,
    &toolchain_msrv::CHECK,
    &git_clean::CHECK,
    &config_sanity::CHECK,
    &stage_predecessor::CHECK,
    &waiver_valid::CHECK,
    &profile_release::CHECK,
    &profile_tier::CHECK,
    &boundary_raw::CHECK,
    &boundary_safety::CHECK,
    &boundary_inventory::CHECK,
    &secrets_tracked::CHECK,
    &paths_local::CHECK,
    &redaction_audit::CHECK,
];

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
