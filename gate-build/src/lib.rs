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

pub mod bindings;
mod digest;
mod env;
pub mod lock;
pub mod ptx;
pub mod resources;
mod toolkit;
mod version;

pub use digest::{Digest, NotADigest};
pub use env::{Disk, Env, Files, Os};
pub use toolkit::{INPUT_VARIABLES, Toolkit};
pub use version::{ToolVersion, VersionError, version_of};
