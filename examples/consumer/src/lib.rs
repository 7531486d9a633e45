//! `y := a x`, guarded: natively where a device and PTX are there, on the CPU where not, and always with a reason.

use gate_runtime::{
    Arg, Contract, DType, Dim, Dispatch, Kernel, KernelSpec, ModuleImage, Param, Runtime, Scalar, Status, View, ViewMut,
};

mod kernels {
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}

/// What the kernel takes: a factor, and two buffers of one length.
pub static SCALE: Contract = Contract::new(
    "scale",
    &[
        Param::scalar(DType::F32),
        Param::input(DType::F32, &[Dim::Same(0)]),
        Param::in_out(DType::F32, &[Dim::Same(0)]),
    ],
);

/// The kernel on the CPU.
fn scale(args: &mut [Arg<'_>]) -> Status {
    let [
        Arg::Scalar(Scalar::F32(a)),
        Arg::Input(View::F32(x), _),
        Arg::InOut(ViewMut::F32(y), _),
    ] = args
    else {
        return Status::InvalidArgument;
    };
    for (y, x) in y.iter_mut().zip(*x) {
        *y = *a * *x;
    }
    Status::Ok
}

/// What the build made of `kernels/scale.cu`; without images where there was no compiler.
pub fn module() -> &'static ModuleImage {
    kernels::MODULES[0]
}

/// Registers the kernel.
///
/// # Errors
/// The contract contradicts itself.
pub fn register(runtime: &Runtime) -> Result<Kernel, gate_runtime::module::Diagnostic> {
    runtime.register(KernelSpec {
        contract: &SCALE,
        cpu: scale,
        variants: &[],
    })
}

/// `y := a x`
pub fn launch(kernel: &Kernel, a: f32, x: &[f32], y: &mut [f32]) -> Dispatch {
    kernel.launch(&mut [Arg::scalar(a), Arg::input(x), Arg::in_out(y)])
}
