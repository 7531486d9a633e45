//! Checks: one file each, a declaration beside its rule.

mod context;
mod declaration;

pub use context::Context;
pub use declaration::{Applies, Check, Input, Judgement};

/// Every built-in check in the order of the catalogue: integrity, stage order, profile policy, boundaries.
pub const ALL: &[&Check] = &[];

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
