//! Continuous integration as its files describe it.

pub mod shell;
pub mod yaml;
