//! What a check declares, and what its rule may look at. Checks stand above this room; engine and verdict know checks only
//! through it.

mod context;
mod declaration;
pub(crate) mod slice;

#[cfg(test)]
pub(crate) mod testing;

pub(crate) use context::register_commits;
pub use context::{Attachments, Context, WaiverUse};
pub use declaration::{Applies, Check, Input, Judgement, Phase};
