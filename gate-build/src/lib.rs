//! Finds the compilers of CUDA code: `nvcc`, `ptxas`, `clang` and the NVRTC library.
//!
//! [`Toolkit::discover`] is a function of an [`Env`]: the environment variables and a view of the file system, those of
//! this process or others. It starts no process and finds the same files for the same inputs. Only [`version_of`]
//! starts a program, and only the one it is handed.
//!
//! ```
//! use gate_build::{Env, Toolkit};
//!
//! let toolkit = Toolkit::discover(&Env::of_process());
//! match &toolkit.nvcc {
//!     Some(nvcc) => println!("nvcc is {}", nvcc.display()),
//!     None => println!("no nvcc; looked for {} files", toolkit.searched.len()),
//! }
//! ```
//!
//! Compiling kernels is not part of this crate yet.

mod action;
mod arch;
pub mod bindings;
mod built;
mod compiler;
mod deps;
mod diagnostic;
mod digest;
mod disk;
mod env;
mod error;
mod glob;
mod index;
mod json;
mod kernels;
pub mod lock;
mod pipeline;
mod process;
pub mod ptx;
pub mod resources;
mod schedule;
mod store;
mod toolkit;
mod unit;
mod version;

pub use arch::{Arch, IntoArch, Reach};
pub use built::{Built, BuiltImage, BuiltUnit, Provenance};
pub use compiler::{CompilerIdentity, CompilerKind};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use digest::{Digest, NotADigest};
pub use env::{Disk, Env, Files, Os};
pub use error::Error;
pub use kernels::Kernels;
pub use pipeline::Context;
pub use toolkit::{INPUT_VARIABLES, Toolkit};
pub use unit::{Language, Unit, UnitName};
pub use version::{ToolVersion, VersionError, version_of};
