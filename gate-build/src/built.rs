//! What a build gives back.

use std::path::PathBuf;

use crate::arch::Arch;
use crate::compiler::CompilerIdentity;
use crate::digest::Digest;
use crate::unit::{Language, UnitName};

/// Where the PTX of an image is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Compiled from its source, now or before.
    Built,
    /// From the kernel lock.
    Locked,
}

/// One unit compiled for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The architecture; the oldest one of a file for several.
    pub arch: Arch,
    /// The file with the PTX text, or what else was asked for, below `OUT_DIR`.
    pub ptx: PathBuf,
    /// SHA-256 of that file.
    pub digest: Digest,
    /// Where it is from.
    pub provenance: Provenance,
    /// What compiled it; for a locked image what the lock says.
    pub compiler: Option<CompilerIdentity>,
    /// The flags it was compiled with.
    pub flags: Vec<String>,
    /// Files that were read, absolute and sorted, the source among them.
    pub dependencies: Vec<PathBuf>,
}

/// One unit for every architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltUnit {
    /// Its name.
    pub name: UnitName,
    /// What it is written in.
    pub language: Language,
    /// Its images, sorted by architecture.
    pub images: Vec<BuiltImage>,
}

/// What a build gives back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// Every unit, sorted by name; empty when the kernels are unavailable.
    pub units: Vec<BuiltUnit>,
    /// Why there are no kernels, when there are none: the crate compiles, and runs on its fallback alone.
    pub unavailable: Option<String>,
    /// The static library, where one was asked for and made.
    pub library: Option<PathBuf>,
    /// The generated module, to be included: `OUT_DIR/kernels.rs` for PTX.
    pub bindings: Option<PathBuf>,
    /// The report of this build, `OUT_DIR/build_report.json`.
    pub report: PathBuf,
}
