//! The helper that starts a command and asks the system what it used.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;
use std::{fs, io};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use super::Usage;

/// What a shell reports for a command that a signal ended.
const SIGNALLED: i32 = 128;

/// Starts the command, which inherits all that this process has, waits for its end, and writes the report. Returns the code to exit
/// with. The caller must survive signals that ask its group to end, so that the command decides when it does.
///
/// # Errors
/// The command cannot be started, or the report cannot be written.
pub fn measure(mut arguments: impl Iterator<Item = OsString>) -> io::Result<i32> {
    let report = PathBuf::from(arguments.next().unwrap_or_default());
    let program = arguments.next().unwrap_or_default();
    let started = Instant::now();
    let mut child = Command::new(program).args(arguments).spawn()?;
    let status = child.wait()?;
    let wall = started.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = used.user_time().num_microseconds();
    let usage = Usage {
        exit_code: status.code(),
        signal: status.signal(),
        wall: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
        user: u64::try_from(microseconds).unwrap_or_default() * 1_000,
        memory: u64::try_from(used.max_rss()).unwrap_or_default() * UNIT,
        least: own_peak()?,
    };
    fs::write(report, serde_json::to_vec(&usage)?)?;
    Ok(match (usage.exit_code, usage.signal) {
        (Some(code), _) => code,
        (None, signal) => SIGNALLED + signal.unwrap_or_default(),
    })
}

/// What `ru_maxrss` counts in.
const UNIT: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };

/// On Linux, a process begins with the pages of the one that starts it, and its peak remembers them when it becomes another program.
/// The peak of this process in `getrusage` remembers those of its own parent for the same reason, so it is read elsewhere.
#[cfg(target_os = "linux")]
fn own_peak() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let missing = || io::Error::other("/proc/self/status has no `VmHWM`");
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(missing)
}

/// Elsewhere, each program begins with an account of its own.
#[cfg(not(target_os = "linux"))]
fn own_peak() -> io::Result<u64> {
    Ok(0)
}
