//! What one place of the text says, by the tokens around it.

pub mod deprecated;
pub mod errors;
pub mod panics;
pub mod uses;

pub use deprecated::Deprecated;
pub use errors::{ErrorEnum, Mention, Variant};
pub use panics::{PanicCounts, PanicKind, PanicSite};
pub use uses::{UseSite, UsedPath};
