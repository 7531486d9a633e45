//! Bundles: what of a run may be handed on, in one file that can be verified without anything else.
//!
//! A bundle is a gzip-compressed tar archive. All of its entries lie below a directory with the id of the run:
//! `bundle.json` first, which is the [`BundleManifest`], then files of the run by name. What goes in is decided by rule and
//! not by name: documents that are text, without a secret in them. Data and binaries stay behind, and the manifest says
//! which, with the hash that the run has for them. The same run makes the same bytes.

mod read;
mod rule;
mod write;

pub use crate::record::bundle::{BundleManifest, Bundled, Excluded, SCHEMA_VERSION, Why};
pub(crate) use read::unpack;
pub use read::{Unpacked, parse, verify};
pub use write::{Bundle, make};

#[cfg(test)]
mod tests;
