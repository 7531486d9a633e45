//! The CPU function of a kernel, with its panics contained.

use crate::argument::Arg;
use crate::contain::contained;
use crate::reason::Reason;
use crate::spec::CpuFn;
use crate::status::Status;

/// Calls the function.
///
/// # Errors
/// What it ended in. Outputs may be written in part then.
#[inline]
pub(crate) fn run(function: CpuFn, args: &mut [Arg<'_>]) -> Result<(), Reason> {
    // After a panic the outputs are reported as undefined, and nothing else is shared with the function.
    match contained(|| function(args)) {
        Some(Status::Ok) => Ok(()),
        Some(Status::InvalidArgument) => Err(Reason::KernelRefused),
        Some(_) => Err(Reason::KernelFailed),
        None => Err(Reason::KernelPanicked),
    }
}

/// The processor in one word for logs: `cpu:x86_64`. The number of cores is left out: it is no property of the result.
pub(crate) fn label() -> String {
    format!("cpu:{}", std::env::consts::ARCH)
}
