//! Written by gate-build: compiles one crate of kernels by `cuda_builder`.
//!
//! It is compiled by the toolchain that `cuda_builder` pins, which may be years old, so it uses no newer Rust than that.
#![allow(clippy::uninlined_format_args)]

use std::path::PathBuf;
use std::{env, fs, process};

use cuda_builder::{CudaBuilder, NvvmOption};

/// Exit codes that gate-build tells apart: what `cuda_builder` refuses, an architecture that it does not know, files that
/// cannot be handed over.
const REFUSED: i32 = 1;
const UNKNOWN_ARCH: i32 = 3;
const NOT_HANDED_OVER: i32 = 4;

fn main() {
    let given: Vec<_> = env::args_os().skip(1).collect();
    let (folder, arch, ptx, read, target, optimises) = match given.as_slice() {
        [folder, arch, ptx, read, target, optimises] => (folder, arch, ptx, read, target, optimises),
        _ => {
            eprintln!("expected: <crate> <compute_80> <ptx> <dependency file> <target directory> <optimize: 0 or 1>");
            process::exit(NOT_HANDED_OVER);
        }
    };
    let arch = arch.to_string_lossy().into_owned();
    let arch = match format!("-arch={}", arch).parse() {
        Ok(NvvmOption::Arch(arch)) => arch,
        _ => {
            eprintln!("this cuda_builder does not support {}", arch);
            process::exit(UNKNOWN_ARCH);
        }
    };
    // For the cargo that `cuda_builder` starts.
    env::set_var("CARGO_TARGET_DIR", target);
    let builder = CudaBuilder::new(PathBuf::from(folder))
        .arch(arch)
        .nvvm_opts(optimises != "0");
    let built = match builder.build() {
        Ok(built) => built,
        Err(error) => {
            eprintln!("cuda_builder: {}", error);
            process::exit(REFUSED);
        }
    };
    // Cargo writes what it read beside what it built.
    for (from, to) in [(built.clone(), ptx), (built.with_extension("d"), read)].iter() {
        if let Err(error) = fs::copy(from, to) {
            eprintln!("cannot copy {}: {}", from.display(), error);
            process::exit(NOT_HANDED_OVER);
        }
    }
}
