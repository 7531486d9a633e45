//! Checks of the area `kernels`.

mod images;
mod runs;

pub mod budget;
pub mod cache;
pub mod contract;
pub mod fallback_coverage;
pub mod locked;
pub mod path;
pub mod representation;
pub mod reproducible;
pub mod semantics;
pub mod source_map;
