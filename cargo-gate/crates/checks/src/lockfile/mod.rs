//! Checks of the area `lockfile`.

pub(crate) mod dependencies;

pub mod fresh;
pub mod sources;
pub mod tracked;
