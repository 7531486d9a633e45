//! Functions that C calls. `include/gate_runtime.h` declares them; `cargo xtask docs` makes it of this module, with cbindgen and
//! `cbindgen.toml`. The status codes are those of [`Status`](crate::Status).
//!
//! A runtime is a handle: a number that is looked up. Zero, a number that was never given out and one that was freed are
//! refused, so no such mistake is undefined behaviour. Descriptions of arguments are checked before any pointer in them
//! is looked at: absent, misaligned, overlapping and mis-sized buffers are refused with the reason. What nobody can check
//! is that a pointer that is not null leads to as many bytes as its description says.
//!
//! Nothing panics across the border: a panic ends in `RUNTIME_FAILED`.

mod argument;
mod border;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{PoisonError, RwLock};

use crate::contain::contained;
use crate::runtime::Runtime;

pub use argument::{ArgumentError, GateArgument};
pub use border::{
    GateReport, REASON_SIZE, gate_abi_version, gate_flush, gate_free, gate_launch, gate_stats_json, gate_status_name,
};

/// Version of the functions and structures. A program asks `gate_abi_version` whether the library it runs with has it.
pub const ABI_VERSION: u32 = 1;

/// A runtime. 0 is none.
pub type GateHandle = u64;

/// Runtimes by handle, and the handle that is next: none is given out twice.
static RUNTIMES: RwLock<(GateHandle, BTreeMap<GateHandle, Runtime>)> = RwLock::new((1, BTreeMap::new()));

/// Makes a runtime for C and returns its handle, or 0 where it cannot be made. This is what the library of a service
/// exports under a name of its own, see the chapter on embedding; `failed` is told why there is none.
pub fn open<E: Display>(make: impl FnOnce() -> Result<Runtime, E>, failed: impl FnOnce(&str)) -> GateHandle {
    let made = contained(|| match make() {
        Ok(runtime) => Some(runtime),
        Err(error) => {
            failed(&error.to_string());
            None
        }
    });
    let Some(Some(runtime)) = made else { return 0 };
    let mut runtimes = RUNTIMES.write().unwrap_or_else(PoisonError::into_inner);
    let handle = runtimes.0;
    runtimes.0 += 1;
    runtimes.1.insert(handle, runtime);
    handle
}

/// The runtime of a handle.
#[must_use]
pub fn runtime(handle: GateHandle) -> Option<Runtime> {
    RUNTIMES
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .1
        .get(&handle)
        .cloned()
}

fn close(handle: GateHandle) -> Option<Runtime> {
    RUNTIMES
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .1
        .remove(&handle)
}
