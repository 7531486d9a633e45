//! `y := a x`, guarded: on the device if there is one and the build has PTX for it, else on the CPU, always with a reason.

use gate_runtime::module::Diagnostic;
use gate_runtime::{
    Arg, Contract, DType, Dim, Dispatch, Geometry, Kernel, KernelSpec, ModuleImage, Param, Runtime,
    Scalar, Status, Variant, View, ViewMut,
};

/// The bindings that `gate-build` generated.
pub mod kernels {
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}

/// The module of `kernels/scale.cu`; without images if the build found no compiler.
pub static MODULE: ModuleImage = kernels::scale::MODULE;

/// The contract: a factor, two buffers of one length, and that length. Every call is checked against it on every
/// backend.
pub static SCALE: Contract = Contract::new(
    "scale",
    &[
        Param::scalar(DType::F32),
        Param::input(DType::F32, &[Dim::Same(0)]),
        Param::output(DType::F32, &[Dim::Same(0)]),
        Param::scalar(DType::U32).states_dim(0),
    ],
);

/// The kernel on a device: the entry of the PTX, and the launch geometry.
static VARIANTS: [Variant; 1] = [Variant {
    module: &MODULE,
    entry: "scale",
    geometry: blocks,
    score: 1,
}];

/// One thread per element, 256 per block.
fn blocks(args: &[Arg<'_>]) -> Geometry {
    let elements = args.iter().find_map(|arg| match arg {
        Arg::Input(_, shape) => shape.elements(),
        _ => None,
    });
    Geometry::cover(elements.unwrap_or(0), 256)
}

/// The kernel on the CPU: the fallback without a device, and the reference for comparison.
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
/// The module does not match its manifest or the contract.
pub fn register(runtime: &Runtime) -> Result<Kernel, Diagnostic> {
    runtime.register(KernelSpec {
        contract: &SCALE,
        cpu: scale,
        variants: &VARIANTS,
    })
}

/// `y := a x`. The result has the status and the reason.
pub fn launch(kernel: &Kernel, a: f32, x: &[f32], y: &mut [f32]) -> Dispatch {
    // The contract rejects a length beyond 32 bits.
    let n = u32::try_from(x.len()).unwrap_or(u32::MAX);
    kernel.launch(&mut [
        Arg::scalar(a),
        Arg::input(x),
        Arg::output(y),
        Arg::scalar(n),
    ])
}
