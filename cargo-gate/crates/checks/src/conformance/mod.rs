//! Checks of the area `conformance`.

pub(crate) mod conforming;

pub mod coverage;
pub mod matrix;
pub mod scope;
