//! The border itself: the one place where pointers of C become slices.

#![expect(unsafe_code, reason = "C hands over pointers and finds functions by name")]

use core::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::argument::{GateArgument, may_be_sliced};
use super::{ABI_VERSION, close, runtime};
use crate::Status;
use crate::argument::{Arg, ArgDesc, DType, Role, Scalar, View, ViewMut};
use crate::contract::MAX_ARGS;
use crate::dispatch::{Backend, Dispatch, Outputs};
use crate::kernel::Kernel;
use crate::reason::Reason;

/// How a launch ended.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct GateReport {
    /// The status, as the call returns it.
    pub status: i32,
    /// 0 for the processor, 1 for CUDA.
    pub backend: i32,
    /// 0 complete, 1 untouched, 2 undefined.
    pub outputs: i32,
    /// Always 0.
    pub reserved: i32,
    /// From call to return, in nanoseconds.
    pub latency_ns: u64,
    /// The chain of reasons, the outermost first, separated by `;` and ended by a zero.
    pub reason: [c_char; 256],
}

// As the C program asserts: no field lies elsewhere than in the header.
const _: () = assert!(size_of::<GateArgument>() == 16 + size_of::<[usize; 8]>() && size_of::<GateReport>() == 280);

/// Runs what a function does; a panic ends in `RUNTIME_FAILED`.
fn contained(work: impl FnOnce() -> Status) -> i32 {
    let status = catch_unwind(AssertUnwindSafe(work));
    status.unwrap_or(Status::RuntimeFailed).code()
}

/// The version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn gate_abi_version() -> u32 {
    ABI_VERSION
}

/// The name of a status, `UNKNOWN` for a number that is none. It is never null and lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn gate_status_name(status: i32) -> *const c_char {
    let name = match Status::from_code(status) {
        Some(Status::Ok) => c"OK",
        Some(Status::InvalidArgument) => c"INVALID_ARGUMENT",
        Some(Status::VerifyFailed) => c"VERIFY_FAILED",
        Some(Status::CompileFailed) => c"COMPILE_FAILED",
        Some(Status::RuntimeFailed) => c"RUNTIME_FAILED",
        None => c"UNKNOWN",
    };
    name.as_ptr()
}

/// Launches a kernel by its name and waits for it. `report` may be null.
///
/// # Safety
///
/// `kernel` is null or ends in a zero. `args` is null or leads to `count` arguments. The buffer of each argument that is
/// not null has as many bytes as it says, initialised where the kernel reads, and nobody else writes any of them, or reads
/// what is written, until the call returns. `report` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_launch(
    handle: u64,
    kernel: *const c_char,
    args: *const GateArgument,
    count: usize,
    report: *mut GateReport,
) -> i32 {
    contained(|| {
        let refused = |reason: Reason| {
            // SAFETY: as the caller promises, `report` is null or can be written.
            unsafe { write_refusal(report, reason) };
            reason.status()
        };
        let Some(runtime) = runtime(handle) else {
            return refused(Reason::UnknownKernel);
        };
        if kernel.is_null() {
            return refused(Reason::UnknownKernel);
        }
        // SAFETY: not null, and as the caller promises it ends in a zero.
        let name = unsafe { CStr::from_ptr(kernel) };
        let Some(kernel) = name.to_str().ok().and_then(|name| runtime.kernel(name)) else {
            return refused(Reason::UnknownKernel);
        };
        let usable = !args.is_null() && args.is_aligned() && (1..=MAX_ARGS).contains(&count);
        let args = if usable {
            // SAFETY: not null, aligned, at most `MAX_ARGS` arguments, which the caller promises are there.
            unsafe { core::slice::from_raw_parts(args, count) }
        } else {
            &[]
        };
        // SAFETY: as the caller promises of the buffers.
        let dispatch = unsafe { launch(&kernel, args) };
        // SAFETY: as the caller promises, `report` is null or can be written.
        unsafe { write_report(report, &dispatch) };
        dispatch.status()
    })
}

/// # Safety
///
/// The buffers are as [`gate_launch`] asks.
unsafe fn launch(kernel: &Kernel, args: &[GateArgument]) -> Dispatch {
    let described: Result<Vec<ArgDesc>, Reason> = args.iter().map(GateArgument::describe).collect();
    let described = match described {
        Ok(described) => described,
        Err(reason) => return kernel.refuse(reason),
    };
    if args.is_empty() {
        return kernel.refuse(Reason::InputCountMismatch);
    }
    // SAFETY: scalars were found to be present, aligned and of the size of their type.
    let scalars: Vec<Option<Scalar>> = args
        .iter()
        .zip(&described)
        .map(|(arg, desc)| unsafe { scalar(arg, desc) })
        .collect();
    let valued: Vec<ArgDesc> = described
        .iter()
        .zip(&scalars)
        .map(|(desc, scalar)| ArgDesc {
            value: scalar.map_or(0, |scalar| scalar.integer()),
            ..*desc
        })
        .collect();
    if let Err(reason) = kernel.contract().check(&valued).and_then(|()| may_be_sliced(&valued)) {
        return kernel.refuse(reason);
    }
    let mut borrowed: Vec<Arg<'_>> = args
        .iter()
        .zip(&described)
        .zip(scalars)
        // SAFETY: present, aligned for its type, of whole elements, and no written buffer overlaps another. The caller
        // promises that the bytes are there and that nobody else uses them meanwhile.
        .map(|((arg, desc), scalar)| scalar.map_or_else(|| unsafe { borrow(arg, desc) }, Arg::Scalar))
        .collect();
    kernel.launch(&mut borrowed)
}

/// Makes the borrowed argument of a buffer with these element types.
macro_rules! views {
    ($arg:ident, $desc:ident, $($dtype:ident $name:ty;)*) => {
        match $desc.dtype {
            $(DType::$dtype => {
                let elements = $desc.bytes / size_of::<$name>();
                // An empty buffer may be absent, a slice may not.
                let data = match elements {
                    0 => core::ptr::NonNull::<$name>::dangling().as_ptr(),
                    _ => $arg.data.cast::<$name>(),
                };
                match $desc.role {
                    Role::Output | Role::InOut => {
                        // SAFETY: as `borrow` asks; every bit pattern is a number.
                        let slice = unsafe { core::slice::from_raw_parts_mut(data, elements) };
                        let view = ViewMut::$dtype(slice);
                        if $desc.role == Role::Output { Arg::Output(view, $desc.shape) } else { Arg::InOut(view, $desc.shape) }
                    }
                    Role::Input | Role::Scalar => {
                        // SAFETY: as `borrow` asks; every bit pattern is a number.
                        let slice = unsafe { core::slice::from_raw_parts(data.cast_const(), elements) };
                        Arg::Input(View::$dtype(slice), $desc.shape)
                    }
                }
            })*
        }
    };
}

/// # Safety
///
/// The buffer has as many bytes as it says, is aligned for its type, and is not used by anybody else while the borrow
/// lasts, unless both only read.
unsafe fn borrow<'a>(arg: &GateArgument, desc: &ArgDesc) -> Arg<'a> {
    views! { arg, desc, U8 u8; U16 u16; U32 u32; U64 u64; I8 i8; I16 i16; I32 i32; I64 i64; F16 u16; Bf16 u16; F32 f32; F64 f64; }
}

/// # Safety
///
/// A scalar is present, aligned, and of the size of its type.
unsafe fn scalar(arg: &GateArgument, desc: &ArgDesc) -> Option<Scalar> {
    macro_rules! read {
        ($($dtype:ident $name:ty;)*) => {
            match desc.dtype {
                // SAFETY: as this function asks; every bit pattern is a number.
                $(DType::$dtype => Scalar::$dtype(unsafe { arg.data.cast::<$name>().read() }),)*
            }
        };
    }
    (desc.role == Role::Scalar).then(|| {
        read! { U8 u8; U16 u16; U32 u32; U64 u64; I8 i8; I16 i16; I32 i32; I64 i64; F16 u16; Bf16 u16; F32 f32; F64 f64; }
    })
}

/// # Safety
///
/// `report` is null or can be written.
unsafe fn write_report(report: *mut GateReport, dispatch: &Dispatch) {
    let backend = match dispatch.backend {
        Backend::Cpu => 0,
        Backend::Cuda => 1,
    };
    let outputs = match dispatch.outputs {
        Outputs::Complete => 0,
        Outputs::Untouched => 1,
        Outputs::Undefined => 2,
    };
    let causes = dispatch.outcome.causes().to_string();
    // SAFETY: as this function asks.
    unsafe {
        write(
            report,
            dispatch.status(),
            backend,
            outputs,
            dispatch.latency_ns,
            &causes,
        );
    };
}

/// # Safety
///
/// `report` is null or can be written.
unsafe fn write_refusal(report: *mut GateReport, reason: Reason) {
    // SAFETY: as this function asks.
    unsafe { write(report, reason.status(), 0, 1, 0, reason.code()) };
}

/// # Safety
///
/// `report` is null or can be written.
unsafe fn write(report: *mut GateReport, status: Status, backend: i32, outputs: i32, latency_ns: u64, text: &str) {
    if report.is_null() || !report.is_aligned() {
        return;
    }
    let mut reason = [0; 256];
    // The last place keeps its zero.
    for (place, byte) in reason.iter_mut().zip(text.bytes().take(255)) {
        *place = byte as c_char;
    }
    let filled = GateReport {
        status: status.code(),
        backend,
        outputs,
        reserved: 0,
        latency_ns,
        reason,
    };
    // SAFETY: not null, aligned, and as this function asks it can be written.
    unsafe { report.write(filled) };
}

/// Writes the run stats as JSON, ended by a zero, into `buffer`. `needed`, which may be null, gets the size with the zero,
/// also where the buffer is too small or null: that is `INVALID_ARGUMENT`, and nothing is written.
///
/// # Safety
///
/// `buffer` is null or has `capacity` bytes that can be written; `needed` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_stats_json(handle: u64, buffer: *mut c_char, capacity: usize, needed: *mut usize) -> i32 {
    contained(|| {
        let Some(runtime) = runtime(handle) else {
            return Status::InvalidArgument;
        };
        let json = runtime.stats().to_json();
        let size = json.len() + 1;
        if !needed.is_null() && needed.is_aligned() {
            // SAFETY: not null, aligned, and as the caller promises it can be written.
            unsafe { needed.write(size) };
        }
        if buffer.is_null() || capacity < size {
            return Status::InvalidArgument;
        }
        // SAFETY: not null, and as the caller promises of at least `size` bytes; a string overlaps no foreign buffer.
        unsafe {
            core::ptr::copy_nonoverlapping(json.as_ptr(), buffer.cast::<u8>(), json.len());
            buffer.add(json.len()).write(0);
        }
        Status::Ok
    })
}

/// Waits until what this thread did is in the decision log.
#[unsafe(no_mangle)]
pub extern "C" fn gate_flush(handle: u64) -> i32 {
    contained(|| match runtime(handle).map(|runtime| runtime.flush()) {
        None => Status::InvalidArgument,
        Some(Ok(())) => Status::Ok,
        Some(Err(_)) => Status::RuntimeFailed,
    })
}

/// Ends a runtime: its decision log is written to the end. Freeing it again is `INVALID_ARGUMENT`.
#[unsafe(no_mangle)]
pub extern "C" fn gate_free(handle: u64) -> i32 {
    contained(|| match close(handle) {
        None => Status::InvalidArgument,
        Some(runtime) => {
            drop(runtime);
            Status::Ok
        }
    })
}
