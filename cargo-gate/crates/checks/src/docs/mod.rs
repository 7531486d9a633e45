//! Checks of the area `docs`.

mod destinations;
pub(crate) mod documents;
mod invocations;
mod own;

pub mod commands;
pub mod generated;
pub mod links;
mod sites;
pub mod sync;
