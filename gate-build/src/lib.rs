//! Compiles GPU kernels to PTX in build scripts.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), gate_build::Error> {
//!     gate_build::Kernels::new()
//!         .cuda("kernels/*.cu")
//!         .arch(["sm_80", "sm_90"])
//!         .compile()?;
//!     Ok(())
//! }
//! ```
//!
//! [`Kernels::compile`] finds a compiler (NVRTC, nvcc, clang; rustc for Rust kernels), compiles what changed since it was
//! last compiled anywhere on this machine, and writes `OUT_DIR/kernels.rs`, a module that embeds the PTX and has a typed
//! handle for every kernel, and `OUT_DIR/build_report.json`, which says what was compiled, what was reused, and why. Without
//! a compiler it takes the PTX of the [`lock`], and without a lock the crate compiles all the same and has no kernels.
//!
//! [`Toolkit::discover`] finds the compilers alone. It is a function of an [`Env`], the environment variables and a view of
//! the file system; it starts no process.
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

mod action;
mod arch;
pub mod bindings;
mod built;
mod channel;
pub mod code;
#[cfg(feature = "companion")]
mod companion;
mod compile;
mod compiler;
pub mod deps;
mod diagnostic;
mod digest;
mod disk;
mod env;
mod error;
mod glob;
mod headers;
mod index;
mod json;
mod kernels;
pub mod lock;
mod pipeline;
mod process;
mod product;
pub mod ptx;
pub mod resources;
mod rust;
mod schedule;
mod sorted;
pub mod store;
mod toolkit;
mod unit;
mod version;

pub use arch::{Arch, IntoTarget, Reach, Target};
pub use built::{Built, BuiltImage, BuiltUnit, Provenance};
pub use compiler::{CompilerIdentity, CompilerKind};
pub use diagnostic::{Diagnostic, Id as DiagnosticId, Place, Severity, messages};
pub use digest::{Digest, NotADigest};
pub use env::{Disk, Env, Files, Os};
pub use error::Error;
pub use kernels::Kernels;
pub use pipeline::Context;
pub use product::Output;
pub use sorted::{Map, Set};
pub use toolkit::{INPUT_VARIABLES, Toolkit};
pub use unit::{Language, Unit, UnitName};
pub use version::{ToolVersion, VersionError, version_of};
