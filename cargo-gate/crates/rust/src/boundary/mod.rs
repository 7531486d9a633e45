//! Raw boundaries: where typed code meets raw authority, found by lexing, without compiling anything.
//!
//! A file goes through a substring prefilter, rustc's own lexer and a small item parser ([`scan`]); files are given to
//! packages and roles ([`classify`]); a [`survey`] is all of that for a workspace.

pub mod attributes;
pub mod cache;
pub mod classify;
pub mod dependencies;
pub mod extent;
pub mod headers;
pub mod items;
pub mod modules;
pub mod prefilter;
mod safety;
pub mod scan;
mod scope;
pub mod site;
pub mod survey;
pub mod tokens;
mod unreached;
pub mod watch;

#[cfg(test)]
mod tests;
