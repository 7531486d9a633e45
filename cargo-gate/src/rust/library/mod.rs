//! The library code of packages: files are given to library targets by following their `mod` declarations, [`inventory`] is the
//! tracked form of the places that panic, and [`coverage`] tells which lines tests ran.

pub mod coverage;
pub mod inventory;
mod survey;

pub use coverage::Coverage;
pub use survey::{FileSurvey, PackageSurvey, Survey};
