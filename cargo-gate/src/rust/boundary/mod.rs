//! Raw boundaries: where typed code meets raw authority, found by lexing, without compiling anything.
//!
//! A file goes through a substring prefilter, rustc's own lexer and a small item parser ([`scan`]); files are given to
//! packages and roles ([`classify`]); a [`survey`] is all of that for a workspace.

pub(crate) mod attributes;
pub mod cache;
pub mod classify;
pub mod dependencies;
pub(crate) mod extent;
pub(crate) mod headers;
pub(crate) mod items;
pub(crate) mod modules;
pub(crate) mod prefilter;
mod safety;
pub mod scan;
mod scope;
pub mod site;
pub mod survey;
pub(crate) mod tokens;
pub(crate) mod watch;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
