//! Checks of the area `supply`.

pub mod advisories;
