//! What one place of the text says, by the tokens around it.

pub(crate) mod deprecated;
pub(crate) mod errors;
pub(crate) mod panics;
pub(crate) mod uses;

pub use deprecated::Deprecated;
pub use errors::{ErrorEnum, Mention, Variant};
pub use panics::{PanicCounts, PanicKind, PanicSite};
pub use uses::{UseSite, UsedPath};
