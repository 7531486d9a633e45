//! The border itself: the one place where pointers of C become slices.

#![expect(unsafe_code, reason = "C hands over pointers and finds functions by name")]

use core::ffi::{CStr, c_char};

use super::argument::{GateArgument, may_be_sliced, of_read, of_written};
use super::{ABI_VERSION, GateHandle, close, runtime};
use crate::Status;
use crate::argument::{Arg, ArgDesc, Describe, Role};
use crate::contract::MAX_ARGS;
use crate::dispatch::{Backend, Dispatch, Outputs};
use crate::reason::Reason;

/// Size of the reason in a report, its zero included.
pub const REASON_SIZE: usize = 256;

/// How a launch ended.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct GateReport {
    /// `GateStatus`, as the call returns it.
    pub status: i32,
    /// `GateBackend`: what executed the kernel.
    pub backend: i32,
    /// `GateOutputs`: what is in the buffers that the kernel writes.
    pub outputs: i32,
    /// Always 0.
    pub reserved: i32,
    /// From call to return, in nanoseconds.
    pub latency_ns: u64,
    /// Codes of the reasons, the outermost first, separated by `;` and ended by a zero.
    pub reason: [c_char; REASON_SIZE],
}

impl GateReport {
    fn new(status: Status, backend: Backend, outputs: Outputs, latency_ns: u64, text: &str) -> GateReport {
        let mut reason = [0; REASON_SIZE];
        // The last place keeps its zero.
        for (place, byte) in reason.iter_mut().zip(text.bytes().take(REASON_SIZE - 1)) {
            *place = byte as c_char;
        }
        GateReport {
            status: status.code(),
            backend: backend as i32,
            outputs: outputs as i32,
            reserved: 0,
            latency_ns,
            reason,
        }
    }

    fn of(dispatch: &Dispatch) -> GateReport {
        let causes = dispatch.outcome.causes().to_string();
        let Dispatch {
            backend,
            outputs,
            latency_ns,
            ..
        } = *dispatch;
        GateReport::new(dispatch.status(), backend, outputs, latency_ns, &causes)
    }

    /// Of a call that no kernel was found for.
    fn refused(reason: Reason) -> GateReport {
        GateReport::new(reason.status(), Backend::Cpu, Outputs::Untouched, 0, reason.code())
    }
}

// As the C program asserts: no field lies elsewhere than in the header.
const _: () = assert!(size_of::<GateArgument>() == 16 + size_of::<[usize; 8]>() && size_of::<GateReport>() == 280);

/// Runs what a function does; a panic ends in `RUNTIME_FAILED`.
fn contained(work: impl FnOnce() -> Status) -> i32 {
    crate::contain::contained(work).unwrap_or(Status::RuntimeFailed).code()
}

/// The version of the interface that the library has: `GATE_ABI_VERSION` of the header it was built with.
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

/// Launches a kernel by its name and waits for it. Where `report` is not null, it gets what there is to say.
///
/// # Safety
///
/// `kernel` is null or ends in a zero. `args` is null or leads to `count` arguments. The buffer of each argument that is
/// not null has as many bytes as it says, initialised where the kernel reads, and nobody else writes any of them, or reads
/// what is written, until the call returns. `report` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_launch(
    handle: GateHandle,
    kernel: *const c_char,
    args: *const GateArgument,
    count: usize,
    report: *mut GateReport,
) -> i32 {
    contained(|| {
        // SAFETY: as the caller promises of the name, the arguments and their buffers.
        let (status, filled) = match unsafe { launch(handle, kernel, args, count) } {
            Ok(dispatch) => (dispatch.status(), GateReport::of(&dispatch)),
            Err(reason) => (reason.status(), GateReport::refused(reason)),
        };
        if !report.is_null() && report.is_aligned() {
            // SAFETY: not null, aligned, and as the caller promises it can be written.
            unsafe { report.write(filled) };
        }
        status
    })
}

/// What happened to a launch; the reason where there is no kernel to launch.
///
/// # Safety
///
/// As [`gate_launch`] asks.
unsafe fn launch(
    handle: GateHandle,
    kernel: *const c_char,
    args: *const GateArgument,
    count: usize,
) -> Result<Dispatch, Reason> {
    let runtime = runtime(handle).ok_or(Reason::UnknownKernel)?;
    if kernel.is_null() {
        return Err(Reason::UnknownKernel);
    }
    // SAFETY: not null, and as the caller promises it ends in a zero.
    let name = unsafe { CStr::from_ptr(kernel) };
    let name = name.to_str().map_err(|_| Reason::UnknownKernel)?;
    let kernel = runtime.kernel(name).ok_or(Reason::UnknownKernel)?;
    if args.is_null() || !args.is_aligned() || !(1..=MAX_ARGS).contains(&count) {
        return Ok(kernel.refuse(Reason::InputCountMismatch));
    }
    // SAFETY: not null, aligned, at most `MAX_ARGS` arguments, which the caller promises are there.
    let args = unsafe { core::slice::from_raw_parts(args, count) };
    let mut described = match args
        .iter()
        .map(GateArgument::describe)
        .collect::<Result<Vec<ArgDesc>, Reason>>()
    {
        Ok(described) => described,
        Err(reason) => return Ok(kernel.refuse(reason)),
    };
    for (desc, arg) in described.iter_mut().zip(args) {
        if desc.role == Role::Scalar {
            // SAFETY: a scalar is present and of the size of its type; the caller promises that its bytes are there.
            desc.value = unsafe { borrow(arg, desc) }.describe().value;
        }
    }
    let judged = kernel
        .contract()
        .check(&described)
        .and_then(|()| may_be_sliced(&described));
    if let Err(reason) = judged {
        return Ok(kernel.refuse(reason));
    }
    let borrowed = args.iter().zip(&described);
    let mut borrowed: Vec<Arg<'_>> = borrowed
        // SAFETY: present, of whole elements, and no written buffer overlaps another. The caller promises that the bytes
        // are there and that nobody else uses them meanwhile.
        .map(|(arg, desc)| unsafe { borrow(arg, desc) })
        .collect();
    Ok(kernel.launch(&mut borrowed))
}

/// # Safety
///
/// Where the argument has bytes, they are there, and nobody else uses them while the borrow lasts, unless both only read.
unsafe fn borrow<'a>(arg: &GateArgument, desc: &ArgDesc) -> Arg<'a> {
    let (data, bytes) = (arg.data.cast::<u8>(), arg.bytes);
    match (desc.role, bytes) {
        // An empty buffer may be absent, a slice may not.
        (Role::Scalar | Role::Input, 0) => of_read(desc, &[]),
        (Role::Output | Role::InOut, 0) => of_written(desc, &mut []),
        // SAFETY: as this function asks; any address is aligned for bytes.
        (Role::Scalar | Role::Input, _) => of_read(desc, unsafe { core::slice::from_raw_parts(data, bytes) }),
        // SAFETY: as this function asks; any address is aligned for bytes.
        (Role::Output | Role::InOut, _) => of_written(desc, unsafe { core::slice::from_raw_parts_mut(data, bytes) }),
    }
}

/// Writes the run stats as JSON, ended by a zero, into `buffer`. Where `needed` is not null, it gets the size with the zero,
/// also where the buffer is too small or null: that is `INVALID_ARGUMENT`, and nothing is written.
///
/// # Safety
///
/// `buffer` is null or has `capacity` bytes that can be written; `needed` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_stats_json(
    handle: GateHandle,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
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
        // SAFETY: not null, and as the caller promises of `capacity` bytes, of which these are not more; a string of this
        // crate overlaps no foreign buffer.
        unsafe {
            core::ptr::copy_nonoverlapping(json.as_ptr(), buffer.cast::<u8>(), json.len());
            buffer.add(json.len()).write(0);
        }
        Status::Ok
    })
}

/// Waits until what this thread did is in the decision log.
#[unsafe(no_mangle)]
pub extern "C" fn gate_flush(handle: GateHandle) -> i32 {
    contained(|| match runtime(handle).map(|runtime| runtime.flush()) {
        None => Status::InvalidArgument,
        Some(Ok(())) => Status::Ok,
        Some(Err(_)) => Status::RuntimeFailed,
    })
}

/// Ends a runtime: its decision log is written to the end. Freeing it again is `INVALID_ARGUMENT`.
#[unsafe(no_mangle)]
pub extern "C" fn gate_free(handle: GateHandle) -> i32 {
    contained(|| match close(handle) {
        None => Status::InvalidArgument,
        Some(runtime) => {
            drop(runtime);
            Status::Ok
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_panic_crosses_the_border() {
        let status = contained(|| std::panic::panic_any(crate::contain::Bomb));
        assert_eq!(status, Status::RuntimeFailed.code());
    }
}
