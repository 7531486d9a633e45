//! The CPU function of a kernel, with its panics contained.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::argument::Arg;
use crate::kernel::CpuFn;
use crate::reason::Reason;
use crate::status::Status;

/// Calls the function.
///
/// # Errors
/// What it ended in. Outputs may be written in part then.
#[inline]
pub(crate) fn run(function: CpuFn, args: &mut [Arg<'_>]) -> Result<(), Reason> {
    // After a panic the outputs are reported as undefined, and nothing else is shared with the function.
    match catch_unwind(AssertUnwindSafe(|| function(args))) {
        Ok(Status::Ok) => Ok(()),
        Ok(Status::InvalidArgument) => Err(Reason::KernelRefused),
        Ok(_) => Err(Reason::KernelFailed),
        Err(_) => Err(Reason::KernelPanicked),
    }
}
