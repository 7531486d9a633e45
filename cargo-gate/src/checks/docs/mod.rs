//! Checks of the area `docs`.

mod destinations;
pub(crate) mod documents;
mod invocations;

pub mod commands;
pub mod links;
pub mod sync;
