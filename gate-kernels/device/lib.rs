//! The kernels of `gate_kernels`, compiled for `nvptx64-nvidia-cuda`.
//!
//! This is the root of a crate of its own, which `build.rs` hands to rustc. `../src/body` holds what is computed; here is
//! only what differs on a GPU: a thread block as a group, and the entries.

#![no_std]
#![feature(abi_ptx, asm_experimental_arch, stdarch_nvptx)]
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(
    dead_code,
    reason = "the sources are shared with the CPU, which uses some functions alone"
)]

#[path = "../src/body/mod.rs"]
mod body;

mod block;
mod entries;

/// Ends the whole launch with an error. No kernel here reaches it: indices are checked where they are made.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: `trap` has no precondition.
    unsafe { core::arch::nvptx::trap() }
}
