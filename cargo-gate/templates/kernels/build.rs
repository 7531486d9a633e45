//! Compiles the kernels to PTX if a compiler for them is installed. Without one, the crate still builds.

use gate_build::{Error, Kernels};

fn main() -> Result<(), Error> {
    Kernels::new()
        .cuda("kernels/*.cu")
        .arch(["sm_80"])
        // The crate does not compile if the kernel takes other parameters.
        .signature("scale", "fn(a: f32, x: *const f32, y: *mut f32, n: u32)")
        .compile()?;
    Ok(())
}
