//! Compiles the kernels to PTX where there is a compiler for them. Where there is none, the crate builds all the same.

use gate_build::{Error, Kernels};

fn main() -> Result<(), Error> {
    Kernels::new()
        .cuda("kernels/*.cu")
        .arch(["sm_80"])
        // The crate does not compile where a kernel takes something else.
        .signature("scale", "fn(a: f32, x: *const f32, y: *mut f32, n: u32)")
        .compile()?;
    Ok(())
}
