//! A build script as a user writes one, compiled beforehand: tests of cargo and of its jobserver run it. `SCRIPT_BUDGET` is the budget of
//! kernel `k` in registers, `SCRIPT_COMPANION` a pattern of C and C++ for the CPU, with headers in `include`.

use gate_build::Kernels;
use gate_build::resources::Budget;

fn main() -> Result<(), gate_build::Error> {
    let mut kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]);
    let registers = std::env::var("SCRIPT_BUDGET").ok();
    if let Some(registers) = registers.and_then(|registers| registers.parse().ok()) {
        kernels = kernels.budget("k", Budget::new().registers(registers));
    }
    if let Ok(pattern) = std::env::var("SCRIPT_COMPANION") {
        kernels = kernels.include("include").companion(pattern);
    }
    kernels.compile()?;
    Ok(())
}
