//! Compiles the kernel where there is a compiler for it. Where there is none, the crate builds all the same.

use gate_build::{Error, Kernels};

fn main() -> Result<(), Error> {
    Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]).compile()?;
    Ok(())
}
