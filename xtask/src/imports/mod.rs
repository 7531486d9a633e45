//! Which file imports which, in every crate of the workspace: read from the manifests and the sources, for the test that
//! allows no circle and no arrow up, and for the picture in the architecture page.
//!
//! An arrow leads from the file that names something to the file that defines it, however many re-exports lie between. A
//! re-export by itself is no arrow, so a `mod.rs` that declares its children and passes their names on imports nothing.
//! Code for tests (`#[cfg(test)]`) does not count.

mod graph;
mod names;
mod package;
mod source;
mod workspace;

pub use graph::{Graph, circles, layers};
pub use package::{Arrow, Package, Place};
pub use workspace::packages;
