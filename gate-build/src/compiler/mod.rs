//! What turns one unit into PTX for one architecture.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::unit::Unit;

/// Kinds of compilers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompilerKind {
    /// NVIDIA's run-time compilation library, in process.
    Nvrtc,
    /// NVIDIA's compiler driver.
    Nvcc,
    /// Clang's CUDA front end.
    Clang,
    /// rustc for `nvptx64-nvidia-cuda`.
    Rustc,
    /// Rust-CUDA's `cuda_builder`.
    CudaBuilder,
}

impl CompilerKind {
    /// Its name in variables, locks and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CompilerKind::Nvrtc => "nvrtc",
            CompilerKind::Nvcc => "nvcc",
            CompilerKind::Clang => "clang",
            CompilerKind::Rustc => "rustc",
            CompilerKind::CudaBuilder => "cuda-builder",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            CompilerKind::Nvrtc,
            CompilerKind::Nvcc,
            CompilerKind::Clang,
            CompilerKind::Rustc,
            CompilerKind::CudaBuilder,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for CompilerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which compiler it was, independent of where it lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompilerIdentity {
    /// Its kind.
    pub kind: CompilerKind,
    /// Its version as it says it: `13.0.48`.
    pub version: String,
    /// Digest of the program or library and of what else of the installation decides about its output.
    pub digest: Digest,
}

impl fmt::Display for CompilerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.version)
    }
}

/// What a compilation gave.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    /// The PTX text.
    pub ptx: Vec<u8>,
    /// Every file that was read, the source among them, absolute. Files of the compiler itself may be left out where
    /// its identity stands for them.
    pub dependencies: Vec<PathBuf>,
    /// What the compiler warned of.
    pub warnings: Vec<Diagnostic>,
    /// Digest of the source after preprocessing, where the compiler hands it out.
    pub preprocessed: Option<Digest>,
}

/// The source of a unit after preprocessing.
#[derive(Debug, Clone)]
pub(crate) struct Preprocessed {
    /// Digest of the text without what only says where it came from.
    pub text: Digest,
    /// Every file that was read, as in [`Compiled`].
    pub dependencies: Vec<PathBuf>,
}

/// A compiler.
pub(crate) trait Compiler: Send + Sync {
    /// Which compiler this is.
    fn identity(&self) -> &CompilerIdentity;

    /// Compiles `unit` for `arch`. `scratch` is an empty folder for files of its own.
    ///
    /// # Errors
    /// What the compiler says, or why it could not be run.
    fn compile(&self, unit: &Unit, arch: Arch, flags: &[String], scratch: &Path) -> Result<Compiled, Diagnostic>;

    /// Preprocesses `unit`, if this compiler can do that well under the time of a compilation. `None` also when the
    /// source has an error: compiling it will say so.
    fn preprocess(&self, _unit: &Unit, _arch: Arch, _flags: &[String], _scratch: &Path) -> Option<Preprocessed> {
        None
    }

    /// Values of environment variables and other texts that decide about the output, beside flags and identity.
    fn inputs(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}
