//! Checks of the area `supply`.

pub mod advisories;
pub mod yanked;
