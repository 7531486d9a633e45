//! Runs a kernel a few times and leaves a decision log and run stats behind, as a program in production does.
//!
//! `cargo run --locked --package cargo-gate-runtime --example write_log -- DIR`
//!
//! `GATE_CUDA_SIMULATE_AVAILABLE=1` and the other switches of the guide work here.

use std::path::PathBuf;

use gate_runtime::decision_log::DecisionLog;
use gate_runtime::{Arg, Contract, DType, Dim, Faults, KernelSpec, Param, Runtime, Scalar, Status, View, ViewMut};

static AXPY: Contract = Contract::new(
    "axpy_f32",
    &[
        Param::scalar(DType::F32),
        Param::input(DType::F32, &[Dim::Same(0)]),
        Param::in_out(DType::F32, &[Dim::Same(0)]),
    ],
);

/// `y := a x + y`
fn axpy(args: &mut [Arg<'_>]) -> Status {
    let [
        Arg::Scalar(Scalar::F32(a)),
        Arg::Input(View::F32(x), _),
        Arg::InOut(ViewMut::F32(y), _),
    ] = args
    else {
        return Status::InvalidArgument;
    };
    for (y, x) in y.iter_mut().zip(*x) {
        *y += *a * *x;
    }
    Status::Ok
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = PathBuf::from(std::env::args_os().nth(1).ok_or("which folder?")?);
    let runtime = Runtime::builder()
        .faults(Faults::from_env()?)
        .run_id("example")
        .decision_log(DecisionLog::to_file(dir.join("decision_log.jsonl")))
        .build()?;
    let kernel = runtime.register(KernelSpec {
        contract: &AXPY,
        cpu: axpy,
        variants: &[],
    })?;
    let mut y = [1.0_f32, 2.0, 3.0];
    for a in [1.0_f32, 2.0] {
        kernel
            .launch(&mut [Arg::scalar(a), Arg::input(&[1.0_f32, 1.0, 1.0]), Arg::in_out(&mut y)])
            .ok()?;
    }
    // Refused: the buffers have different lengths. The output is untouched.
    let refused = kernel.launch(&mut [Arg::scalar(1.0_f32), Arg::input(&[1.0_f32]), Arg::in_out(&mut y)]);
    assert_eq!(refused.status(), Status::InvalidArgument);
    runtime.flush()?;
    runtime.stats().write_json(&dir.join("run_stats.json"))?;
    Ok(())
}
