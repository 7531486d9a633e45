//! Platforms as `[ci] platforms` names them.

use crate::record::EnvironmentRecord;

/// Whether a machine is of a platform: `linux`, `macos`, `windows`, or the target triple of its compiler.
pub(super) fn is_of(environment: &EnvironmentRecord, platform: &str) -> bool {
    let host = environment.rustc.as_ref().map(|rustc| rustc.host.as_str());
    environment.os == platform || host == Some(platform)
}

/// A machine in a word: `linux-x86_64`.
pub(super) fn name(environment: &EnvironmentRecord) -> String {
    format!("{}-{}", environment.os, environment.arch)
}
