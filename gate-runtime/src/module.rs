//! Modules: what a build embeds, what is verified before it is loaded, and what is checked again before each launch.

mod guarded;
mod image;
mod ptx;
mod verify;

pub use crate::contract::{ParamType, Space};
pub use guarded::{Module, Recheck};
pub use image::{Encoding, EntryImage, ModuleImage, Provenance, PtxImage};
pub use verify::{Diagnostic, ModuleSource, SourceImage};

pub(crate) use verify::{Body, VerifiedImage};
