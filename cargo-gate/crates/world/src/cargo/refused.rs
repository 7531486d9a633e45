//! What the network refused a short while ago: cargo waits long for a server that does not answer, and each command asks cargo.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gate_base::record;

/// Name of the record in the gate directory.
const NAME: &str = "network-refused";
/// Raised when the stored form changes.
const VERSION: u32 = 1;
/// How long cargo is asked without the network. What is fetched meanwhile is found, because it is there then.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// The last time that cargo could not resolve the workspace for want of the network.
pub(super) struct Refused {
    path: PathBuf,
    message: Option<String>,
}

impl Refused {
    /// The record of a workspace with this target directory.
    pub(super) fn load(target_dir: &Path) -> Self {
        let path = target_dir.join("gate").join(NAME);
        let written = path.metadata().and_then(|metadata| metadata.modified()).ok();
        let recent = written
            .and_then(|time| time.elapsed().ok())
            .is_some_and(|age| age < PAUSE);
        let message = recent.then(|| record::read(&path, VERSION)).flatten();
        Self { path, message }
    }

    /// What cargo said then, if it is not long ago.
    pub(super) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Notes what cargo says now.
    pub(super) fn note(&self, message: &str) {
        // Best effort: without the record cargo waits again.
        let _ = record::write(&self.path, VERSION, &message);
    }
}
