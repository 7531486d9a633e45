//! Checks of the area `runtime`.

pub(crate) mod records;

pub mod prod;
