//! What code asks of the system, as the policy declares it and the sources show it.

use serde::{Deserialize, Serialize};

/// Something that code can ask of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsedPath {
    /// Variables and directories of the process.
    Env,
    /// Foreign functions.
    Ffi,
    /// Files and directories.
    File,
    /// Sockets, and what is built on them.
    Net,
    /// Other programs.
    Process,
    /// Threads.
    Thread,
}

impl UsedPath {
    /// The key in `[uses]`.
    pub fn name(self) -> &'static str {
        match self {
            UsedPath::Env => "env",
            UsedPath::Ffi => "ffi",
            UsedPath::File => "file",
            UsedPath::Net => "net",
            UsedPath::Process => "process",
            UsedPath::Thread => "thread",
        }
    }
}
