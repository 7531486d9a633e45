//! Asks cargo. Always with `--locked` or `--no-deps`, so that cargo never creates or edits a lockfile.

use std::path::Path;
use std::sync::OnceLock;

use gate_base::error::Result;

use super::call::{Cargo, PendingExit, not_understood};
use super::lock::Lock;
use super::metadata::{Answer, Metadata};
use super::refused::Refused;
use super::{Hint, Resolution};

/// Asks cargo about the workspace. What it says counts once it has [ended](PendingExit::end) well.
///
/// # Errors
/// Manifests that cargo refuses (usage, with cargo's message), a cargo that cannot be run (toolchain missing), an
/// answer that cannot be understood (tool).
pub fn ask(cargo: &Cargo<'_>, hint: &Hint) -> Result<(Answer, Option<PendingExit>)> {
    if hint.root.join("Cargo.lock").exists() {
        return ask_locked(cargo, &hint.root, &hint.target_dir);
    }
    let root = cargo.members_only(|metadata| metadata.workspace_root.clone())?;
    if root.join("Cargo.lock").exists() {
        return ask_locked(cargo, &root, &hint.target_dir);
    }
    let answer = cargo.members_only(|metadata| metadata.into_answer(Resolution::NoLockfile, &Lock::default()))?;
    Ok((answer, None))
}

fn ask_locked(cargo: &Cargo<'_>, root: &Path, target_dir: &Path) -> Result<(Answer, Option<PendingExit>)> {
    let refused = Refused::load(target_dir);
    let cargo = &Cargo {
        offline: cargo.offline || refused.message().is_some(),
        ..*cargo
    };
    let lock = OnceLock::new();
    let read = || lock.get_or_init(|| Lock::read(root));
    let (answer, pending) = std::thread::scope(|scope| {
        scope.spawn(read);
        cargo.start(&["--locked"], |metadata| {
            metadata.into_answer(Resolution::Locked, read())
        })
    })?;
    let error = match answer {
        Ok(answer) => return Ok((answer, Some(pending))),
        Err(error) => error,
    };
    let Err(message) = pending.end()? else {
        return Err(not_understood(&error));
    };
    // The members are known even when they do not resolve; if they are not, the manifests are at fault.
    let mut answer = cargo.members_only(|metadata| {
        let resolution = classify(message, &metadata, read());
        metadata.into_answer(resolution, read())
    })?;
    if let Resolution::Unavailable(message) = &mut answer.resolution {
        match refused.message() {
            // Without the network cargo names another cause.
            Some(before) => before.clone_into(message),
            None if !cargo.offline => refused.note(message),
            None => {}
        }
    }
    Ok((answer, None))
}

/// Why `--locked` did not work, for manifests that are themselves in order.
fn classify(message: String, metadata: &Metadata<'_>, lock: &Lock) -> Resolution {
    if message.contains("failed to parse lock file") || message.contains("lock file version") {
        Resolution::Unreadable(message)
    } else if message.contains("--locked was passed") {
        Resolution::Stale(message)
    } else if let Some(contradiction) = metadata.contradiction(lock) {
        // Cargo may look for a newer version, and fail on that, before it gets to compare the lockfile.
        Resolution::Stale(contradiction)
    } else {
        Resolution::Unavailable(message)
    }
}
