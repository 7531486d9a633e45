//! `y := a x`, guarded: natively where a device and PTX are there, on the CPU where not, and always with a reason.

use gate_runtime::module::Diagnostic;
use gate_runtime::{
    Arg, Contract, DType, Dim, Dispatch, Geometry, Kernel, KernelSpec, ModuleImage, Param, Runtime,
    Scalar, Status, Variant, View, ViewMut,
};

/// What `gate-build` made of the kernels.
pub mod kernels {
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}

/// What the build made of `kernels/scale.cu`; without images where there was no compiler.
pub static MODULE: ModuleImage = kernels::scale::MODULE;

/// What the kernel takes: a factor, two buffers of one length, and that length. Every call is held against it, whichever
/// backend runs it.
pub static SCALE: Contract = Contract::new(
    "scale",
    &[
        Param::scalar(DType::F32),
        Param::input(DType::F32, &[Dim::Same(0)]),
        Param::output(DType::F32, &[Dim::Same(0)]),
        Param::scalar(DType::U32).states_dim(0),
    ],
);

/// The kernel on a device: the entry of the PTX, and how a launch is cut into blocks.
static VARIANTS: [Variant; 1] = [Variant {
    module: &MODULE,
    entry: "scale",
    geometry: blocks,
    score: 1,
}];

/// One thread for each element, 256 in a block.
fn blocks(args: &[Arg<'_>]) -> Geometry {
    let elements = args.iter().find_map(|arg| match arg {
        Arg::Input(_, shape) => shape.elements(),
        _ => None,
    });
    Geometry::cover(elements.unwrap_or(0), 256)
}

/// The kernel on the CPU: what runs where there is no device, and what the device is compared with.
fn scale(args: &mut [Arg<'_>]) -> Status {
    let [
        Arg::Scalar(Scalar::F32(a)),
        Arg::Input(View::F32(x), _),
        Arg::Output(ViewMut::F32(y), _),
        Arg::Scalar(_),
    ] = args
    else {
        return Status::InvalidArgument;
    };
    for (y, x) in y.iter_mut().zip(*x) {
        *y = *a * *x;
    }
    Status::Ok
}

/// Registers the kernel.
///
/// # Errors
/// The module is not what its manifest says, or contradicts the contract.
pub fn register(runtime: &Runtime) -> Result<Kernel, Diagnostic> {
    runtime.register(KernelSpec {
        contract: &SCALE,
        cpu: scale,
        variants: &VARIANTS,
    })
}

/// `y := a x`. What came of it, and why, is in the answer.
pub fn launch(kernel: &Kernel, a: f32, x: &[f32], y: &mut [f32]) -> Dispatch {
    // A length beyond 32 bits is no length of the buffers, so the contract refuses it.
    let n = u32::try_from(x.len()).unwrap_or(u32::MAX);
    kernel.launch(&mut [
        Arg::scalar(a),
        Arg::input(x),
        Arg::output(y),
        Arg::scalar(n),
    ])
}
