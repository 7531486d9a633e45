//! Rust kernels: rustc for `nvptx64-nvidia-cuda`.
//!
//! A unit is one source file (the root of a crate without dependencies) or the folder of a crate. Either is compiled as a
//! static library with link-time optimisation over everything down to `core`, of which only the assembly is kept: that is
//! PTX. No linker takes part, neither `llvm-bitcode-linker` nor one of the system.
//!
//! Needed is a rustc with `core` for the target (`rustup target add nvptx64-nvidia-cuda`) or with the sources of the library
//! (`rustup component add rust-src`), from which `core` is built once for each toolchain and kept. What kernels need of
//! unstable Rust (`abi_ptx`, `stdarch_nvptx`) is switched on for these processes alone.

mod canonical;
mod command;
mod core_library;
#[cfg(feature = "cuda-builder")]
pub(crate) mod cuda_builder;
mod find;
mod libdevice;
mod printed;
mod programs;
mod rustc;
mod sources;

pub(crate) use find::find;
pub(crate) use rustc::Rustc;
pub(crate) use sources::settings;

/// The target.
pub(crate) const TARGET: &str = "nvptx64-nvidia-cuda";
