//! Cargo's jobserver.

// The crate `jobserver` needs `libc`, which takes longer to compile than half of this crate's other dependencies. Where CUDA runs, the little that is used of both is here.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "linux.rs"]
mod platform;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "library.rs"]
mod platform;

pub(super) use self::platform::Tokens;
use crate::env::Env;

/// Cargo's jobserver, of which no token has been asked for yet. `None` when this process was not started under one.
pub(super) fn jobserver(env: &Env) -> Option<Tokens> {
    // Only the environment of this process names descriptors that this process has.
    let named = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"]
        .iter()
        .find(|name| env.variable(name).is_some())?;
    if env.variable(named) != std::env::var_os(named).as_deref() {
        return None;
    }
    Tokens::of_process()
}
