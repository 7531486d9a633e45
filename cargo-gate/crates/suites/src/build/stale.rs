//! Units that cargo would take for current although one of their sources changed after they were begun.

use std::fs::{self, File};
use std::path::Path;

use gate_base::error::{Error, Result};
use gate_world::index::Stamp;

use super::Build;
use super::owner::{self, Owner};
use super::units::{self, Unit, list};

/// A directory with more entries than this is taken to have changed.
const MOST_ENTRIES: usize = 20_000;

impl Build {
    /// Makes cargo build again whatever it built from other contents than those that are there now.
    ///
    /// Where the system does not say when a file was last changed (Windows), or where it is not known that this checkout was the
    /// last to build, that is every package whose sources can change.
    ///
    /// # Errors
    /// The record of a unit cannot be removed, or that this checkout builds there cannot be recorded.
    pub(in super::super) fn forget_stale(&self) -> Result<()> {
        for directory in &self.directories {
            let owner = Owner::recorded(directory).filter(|owner| owner.is(self.root()));
            let profiles = units::profiles(directory);
            for profile in &profiles {
                let ours = owner.as_ref().is_some_and(|owner| owner.built(profile));
                let units = units::units(profile, &self.roots, &self.packages);
                let stale: Vec<Unit> = units.into_iter().filter(|unit| !ours || is_stale(unit)).collect();
                forget(profile, &stale)?;
            }
            // Before cargo builds, so that what it leaves counts as that of this checkout even where the gate is killed.
            owner::claim(directory, self.root(), &profiles)?;
        }
        Ok(())
    }

    /// Records what a command of this checkout built. Returns the directory in which a checkout that none of `builds` is of has
    /// built since [`forget_stale`](Self::forget_stale).
    ///
    /// # Errors
    /// It cannot be recorded.
    pub(in super::super) fn keep(&self, builds: &[Build]) -> Result<Option<&Path>> {
        for directory in &self.directories {
            match Owner::recorded(directory).filter(|owner| !owner.is(self.root())) {
                Some(owner) if !builds.iter().any(|build| owner.is(build.root())) => return Ok(Some(directory)),
                Some(_) => {}
                None => owner::claim(directory, self.root(), &units::profiles(directory))?,
            }
        }
        Ok(None)
    }
}

/// Removes the records of units from a profile directory.
fn forget(profile: &Path, stale: &[Unit]) -> Result<()> {
    if stale.is_empty() {
        return Ok(());
    }
    // Another cargo that builds here holds this lock, and is waited for as cargo would.
    let lock = profile.join(".cargo-lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&lock);
    if let Ok(lock) = &lock {
        // A file system without locks has none of cargo's either.
        let _ = lock.lock();
    }
    for record in stale.iter().flat_map(|unit| &unit.records) {
        let removed = if record.is_dir() {
            fs::remove_dir_all(record)
        } else {
            fs::remove_file(record)
        };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove", record, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_stale(unit: &Unit) -> bool {
    let Some(began) = unit.began else { return true };
    unit.files.iter().any(|file| changed_since(file, began, &mut 0))
}

/// Whether a file, or anything in a directory, changed after a unit was begun. What is not there is left to cargo, which
/// builds again where a source is gone.
fn changed_since(path: &Path, began: i64, seen: &mut usize) -> bool {
    *seen += 1;
    let Ok(link) = fs::symlink_metadata(path) else {
        return false;
    };
    if *seen > MOST_ENTRIES || !Stamp::of(&link).settled_before(began) {
        return true;
    }
    if link.is_symlink() {
        // Where it leads to a directory, what is in there is found by the paths that name it.
        let target = fs::metadata(path).ok().filter(fs::Metadata::is_file);
        return target.is_some_and(|target| !Stamp::of(&target).settled_before(began));
    }
    link.is_dir()
        && list(path).iter().any(|entry| {
            let name = entry.file_name().unwrap_or_default();
            name != "target" && name != ".git" && changed_since(entry, began, seen)
        })
}
