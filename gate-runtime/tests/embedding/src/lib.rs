//! Kernels for a C service: a static library with one kernel, `axpy_f32`.

#![expect(unsafe_code, reason = "C finds the function by its name")]

// ANCHOR: lib
use std::error::Error;

use gate_runtime::{Arg, Contract, DType, Dim, Faults, KernelSpec, Param, Runtime, Scalar, Status, View, ViewMut, ffi};

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

fn kernels() -> Result<Runtime, Box<dyn Error>> {
    let runtime = Runtime::builder().faults(Faults::from_env()?).build()?;
    runtime.register(KernelSpec {
        contract: &AXPY,
        cpu: axpy,
        variants: &[],
    })?;
    Ok(runtime)
}

/// Opens the kernels of this service: a handle for the functions of `gate_runtime.h`, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn service_open() -> u64 {
    ffi::open(kernels, |_why| {})
}
// ANCHOR_END: lib
