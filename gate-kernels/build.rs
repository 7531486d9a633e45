//! Takes the PTX of the kernels from the lock, or compiles it where `GATE_KERNELS=build` or `GATE_KERNELS_LOCK` asks for that.

use gate_build::{Error, Kernels};

fn main() -> Result<(), Error> {
    Kernels::new()
        .rust("device/lib.rs")
        .arch(["sm_80", "sm_90"])
        .compress(true)
        .prefer_lock()
        .compile()?;
    Ok(())
}
