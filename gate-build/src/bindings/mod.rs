//! The generated Rust module: embeds the PTX of units and gives each entry a typed handle.

use std::path::PathBuf;

use crate::digest::Digest;
use crate::lock::UnitName;
use crate::ptx::{Module, ParseError};

/// A unit whose PTX is to be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltUnit {
    /// Its name.
    pub name: UnitName,
    /// Where its PTX comes from.
    pub provenance: Provenance,
    /// What was compiled from it, one per architecture. Empty when the provenance is [`Provenance::Unavailable`].
    pub images: Vec<BuiltImage>,
}

/// Where PTX comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// A compiler made it in this build, or the store had it from an equal build.
    Built,
    /// It is the PTX of the kernel lock.
    Locked,
    /// There is none; only the CPU fallback works. Holds the reason code, in snake case: `no_compiler`, `switched_off`.
    Unavailable(String),
}

/// How PTX is stored in the file that gets embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Raw deflate.
    Deflate,
}

/// PTX of a unit for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The file to embed, absolute, usually below `OUT_DIR`. The generated module includes it by this path.
    pub file: PathBuf,
    /// How it is stored there.
    pub encoding: Encoding,
    /// SHA-256 of the plain text.
    pub digest: Digest,
    /// The plain text.
    pub text: String,
    /// What it declares.
    pub module: Module,
}

impl BuiltImage {
    /// An image of this PTX text, which stands in `file`.
    ///
    /// # Errors
    /// The text is no PTX.
    pub fn new(text: String, file: PathBuf, encoding: Encoding) -> Result<Self, ParseError> {
        let module = Module::parse(&text)?;
        Ok(Self {
            file,
            encoding,
            digest: Digest::of(text.as_bytes()),
            text,
            module,
        })
    }
}
