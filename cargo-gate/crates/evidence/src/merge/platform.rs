//! Platforms as `[ci] platforms` names them.

use gate_report::Partition;

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

/// The machine of a shard in words: `linux-x86_64 1/3`.
pub(super) fn of_shard(platform: &str, partition: Partition) -> String {
    format!("{platform} {partition}")
}

/// The platform of a machine, whichever its shard.
pub(super) fn platform(machine: &str) -> &str {
    machine.split(' ').next().unwrap_or_default()
}
