//! Modules: what a build embeds, and what is left of it after verification.

mod image;

pub use image::{Encoding, EntryImage, ModuleImage, ParamType, Provenance, PtxImage, Space};
