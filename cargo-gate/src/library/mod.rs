//! Library code: where it panics, which errors it makes and what it deprecates, found by lexing, without compiling
//! anything.
//!
//! A file goes through rustc's own lexer and the item parser of [`crate::boundary`] ([`crate::code`]); files are given to the
//! library targets of packages by following their `mod` declarations (`survey`); [`inventory`] is the tracked form of
//! the places that panic.

pub mod coverage;
pub(crate) mod deprecated;
pub(crate) mod errors;
pub mod inventory;
pub(crate) mod panics;
mod survey;

pub use coverage::Coverage;
pub use deprecated::Deprecated;
pub use errors::{ErrorEnum, Mention, Variant};
pub use panics::{PanicCounts, PanicKind, PanicSite};
pub use survey::{FileSurvey, PackageSurvey, Survey};

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
