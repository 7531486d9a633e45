//! The generated Rust module: embeds the PTX of units as constants of `gate-runtime`'s types, and gives each entry a module of its own with
//! its real signature, against which declared Rust signatures are checked while the crate compiles.
//!
//! ```text
//! mod kernels { include!(concat!(env!("OUT_DIR"), "/kernels.rs")); }
//!
//! // A kernel that takes something else is a compile error with its name.
//! kernels::softmax_cu::softmax_f32::signature!(fn(*const f32, *mut f32, u32, u32));
//! ```

mod embed;
mod names;
mod signature;

use std::path::PathBuf;

use crate::digest::Digest;
use crate::ptx::{Module, ParseError};
use crate::unit::UnitName;

pub use embed::generate;
pub(crate) use embed::{Part, assemble};
pub(crate) use names::{constants, of_units as modules};
pub use signature::{Declared, NotASignature, disagreement};

/// A unit whose PTX is to be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedUnit {
    /// Its name.
    pub name: UnitName,
    /// Where its PTX comes from.
    pub origin: Origin,
    /// What was compiled from it, one per architecture. Empty when the origin is [`Origin::Unavailable`].
    pub images: Vec<EmbeddedImage>,
}

/// Where PTX comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A compiler made it in this build, or the store had it from an equal build.
    Built,
    /// It is the PTX of the kernel lock.
    Locked,
    /// There is none; only the CPU fallback works. Holds a reason code of `gate-runtime`: `no_compiler`, `kernels_off`.
    Unavailable(String),
}

/// How PTX is stored in the file that gets embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// A raw DEFLATE stream (RFC 1951).
    Deflate,
}

/// PTX of a unit for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedImage {
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

impl EmbeddedImage {
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
