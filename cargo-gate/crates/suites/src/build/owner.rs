//! Which checkout built last in a build directory. Cargo names units by paths that count from the root of the workspace, so
//! those of two checkouts have the same names: where both build in one directory, or one receives the directory of the other,
//! cargo takes what it built from the other's sources for current.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gate_base::error::Result;
use gate_base::{paths, record};
use gate_world::index::{Stamp, nanos_since_epoch};
use serde::{Deserialize, Serialize};

/// Format of the record.
const VERSION: u32 = 1;

/// The checkout that built last in a build directory, and the directories of units that it left there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    root: Place,
    profiles: BTreeMap<String, Place>,
}

/// A directory: one that is moved away and another in its place are two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    path: String,
    device: u64,
    inode: u64,
    /// When it was made, where the file system says so.
    created: Option<i64>,
}

impl Place {
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let stamp = Stamp::of(&meta);
        Some(Self {
            path: paths::spell(path),
            device: stamp.device,
            inode: stamp.inode,
            created: meta.created().ok().map(nanos_since_epoch),
        })
    }
}

impl Owner {
    /// The checkout at `root`, with the profiles of a build directory as they are now; `None` where the root cannot be read.
    fn now(root: &Path, profiles: &[PathBuf]) -> Option<Self> {
        let place = |profile: &PathBuf| Some((paths::spell(profile), Place::of(&profile.join(".fingerprint"))?));
        Some(Self {
            root: Place::of(root)?,
            profiles: profiles.iter().filter_map(place).collect(),
        })
    }

    /// Who is on record for a build directory.
    pub(super) fn recorded(directory: &Path) -> Option<Self> {
        record::read(&file(directory), VERSION)
    }

    /// Whether this is the checkout at `root`.
    pub(super) fn is(&self, root: &Path) -> bool {
        Place::of(root).is_some_and(|place| place == self.root)
    }

    /// Whether this checkout built in a profile directory, and it is still the same directory.
    pub(super) fn built(&self, profile: &Path) -> bool {
        let known = self.profiles.get(&paths::spell(profile));
        known.is_some() && known == Place::of(&profile.join(".fingerprint")).as_ref()
    }
}

/// Puts the checkout at `root` on record for a build directory that has these profiles.
///
/// # Errors
/// The record cannot be written.
pub(super) fn claim(directory: &Path, root: &Path, profiles: &[PathBuf]) -> Result<()> {
    let Some(owner) = Owner::now(root, profiles).filter(|owner| !owner.profiles.is_empty()) else {
        return Ok(());
    };
    if Owner::recorded(directory).as_ref() == Some(&owner) {
        return Ok(());
    }
    record::write(&file(directory), VERSION, &owner)
}

fn file(directory: &Path) -> PathBuf {
    directory.join("gate").join("built-from")
}
