//! A build script of kernels, compiled beforehand: one that cargo compiles takes `gate-build` with it, which takes longer than the test.

fn main() -> Result<(), gate_build::Error> {
    gate_build::Kernels::new()
        .cuda("kernels/*.cu")
        .arch(["sm_80"])
        .compile()
        .map(drop)
}
