//! The kernel lock: `kernels.lock` and the PTX files beside it.
//!
//! The lock says for each unit and architecture which sources the PTX was compiled from, by what, with which flags, and what came out: the digest
//! of the PTX, its entries with the types of their parameters, and what they take of the hardware. It is what builds without a
//! compiler use, and what builds with one are compared with. TOML, in a stable order, so that a change of it can be reviewed.

mod error;
mod fields;
mod files;
mod line;
mod read;
mod script;
mod tokens;
mod verify;
mod write;

use std::fmt;

use crate::arch::Arch;
use crate::digest::Digest;
use crate::ptx::{Entry, Isa, ParamType, Performance};
use crate::resources::{Budget, Usage};
use crate::sorted::{List as _, Map, Set};
use crate::unit::UnitName;

pub use error::LockError;
pub use files::{Compilation, digest_sources, stored};
pub use line::{Part, line_of};
pub use verify::{LockProblem, ProblemKind, source_fingerprint, text_digest};

/// Name of the lock, in the directory of the crate.
pub const LOCK_FILE: &str = "kernels.lock";

/// Directory of the PTX files, beside the lock.
pub const PTX_DIRECTORY: &str = "ptx";

/// Version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// Command that writes the lock anew, named in messages.
pub const RELOCK: &str = "cargo gate kernels lock";

/// A kernel lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelLock {
    /// The units, by name.
    pub units: Map<UnitName, LockedUnit>,
    /// Budgets by kernel, as the build script declared them when the lock was written.
    pub budgets: Map<String, Budget>,
    /// Patterns of CUDA sources relative to the crate, with `/`, as the build script gave them: `kernels/*.cu`. Absolute ones are left out,
    /// because they are about one machine.
    pub cuda: Set<String>,
    /// Libraries of headers: folder, revision and commit, or crate and version.
    pub headers: Set<String>,
}

/// A unit of the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockedUnit {
    /// What was compiled from it, by architecture.
    pub images: Map<Arch, LockedImage>,
}

/// What was compiled from a unit for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedImage {
    /// Digest over [`LockedImage::sources`]: see [`source_fingerprint`].
    pub source_fingerprint: Digest,
    /// Files the PTX was compiled from, relative to the crate with `/`, with their [`text_digest`]. Headers of the toolkit are not among
    /// them: they come with the compiler.
    pub sources: Map<String, Digest>,
    /// The compiler.
    pub compiler: LockedCompiler,
    /// Flags it was given, in order, without paths of the machine.
    pub flags: Vec<String>,
    /// The PTX file, relative to the crate: `ptx/…`.
    pub ptx: String,
    /// [`text_digest`] of the PTX file.
    pub ptx_digest: Digest,
    /// Digest of the normalised PTX as the compiler wrote it, before its `.version` was lowered; see [`crate::ptx::normalise`].
    pub normalised_digest: Digest,
    /// `.version` of the PTX file: the lowest the code needs where ptxas could show it.
    pub isa: Isa,
    /// The entries, by name.
    pub entries: Map<String, LockedEntry>,
    /// Version of the ptxas that the usage comes from; `None` when none was found.
    pub ptxas: Option<String>,
}

/// A compiler as the lock names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedCompiler {
    /// `nvcc`, `nvrtc`, `clang`, `rustc` or `cuda-builder`.
    pub kind: String,
    /// Its version: `13.0.88`.
    pub version: String,
}

impl fmt::Display for LockedCompiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.version)
    }
}

/// A kernel of a locked image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockedEntry {
    /// Types of its parameters, in order.
    pub params: Vec<ParamType>,
    /// Its performance-tuning directives.
    pub performance: Performance,
    /// What it takes of the hardware, where ptxas was found.
    pub usage: Option<Usage>,
}

impl LockedEntry {
    /// The entry as a parsed module shows it, without usage.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            params: entry.params.iter().map(|param| param.ty.clone()).list(),
            performance: entry.performance.clone(),
            usage: None,
        }
    }
}

/// File of a unit's PTX, relative to the crate: `ptx/kernels/softmax.cu.sm_80.ptx`. Units with the same stem do not collide, because the whole
/// name is kept; what leads out of the crate (`../shared/k.cu`) stays below `ptx/`, with `^` for each `..`.
#[must_use]
pub fn ptx_file(unit: &UnitName, arch: Arch) -> String {
    let parts: Vec<&str> = unit
        .as_str()
        .split('/')
        .map(|part| if part == ".." { "^" } else { part })
        .list();
    format!("{PTX_DIRECTORY}/{}.{arch}.ptx", parts.join("/"))
}
