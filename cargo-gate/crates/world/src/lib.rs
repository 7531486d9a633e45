//! The world, read once: cargo's view of the workspace, git, files and their digests, lockfile, cargo configuration,
//! toolchain. Nothing outside this module reads the workspace, and nothing here judges it.

pub mod blob;
pub mod cache;
pub mod cargo;
pub mod code_owners;
pub mod config;
pub mod contents;
pub mod environment;
pub mod files;
pub mod git;
mod identity;
pub mod index;
mod linked;
mod links;
mod listed;
pub mod lockfile;
pub mod manifest;
mod open;
mod options;
pub mod profile;
mod scan;
pub mod toolchain;
mod workspace;
pub mod workspaces;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use listed::{Background, Listed};
pub use options::Options;
pub use workspace::Workspace;
