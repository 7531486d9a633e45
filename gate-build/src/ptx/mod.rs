//! PTX text: what a module declares, how much of it is the same code.
//!
//! [`Module::parse`] reads the version, the target and every `.entry` with the exact types of its parameters, from the PTX of
//! nvcc, NVRTC, clang and rustc alike. Bodies are not parsed: their extent is kept for what counts instructions. The format is that of the
//! *Parallel Thread Execution ISA* by NVIDIA, chapters "Directives" and "State spaces, types, and variables".

pub mod access;
#[cfg(feature = "analysis")]
pub mod arithmetic;
mod cursor;
mod error;
pub mod floor;
mod instructions;
#[cfg(feature = "analysis")]
pub mod mix;
mod model;
mod normalise;
mod order;
mod parse;
#[cfg(feature = "analysis")]
pub mod representation;
#[cfg(feature = "analysis")]
pub mod source_map;
mod types;

pub use error::ParseError;
pub use model::{Entry, Isa, Linkage, Module, Param, Performance};
pub use normalise::{Roots, normalise};
pub(crate) use order::declarations_in_order;
pub use types::{NotAParamType, Opaque, ParamType, Scalar, Space};
