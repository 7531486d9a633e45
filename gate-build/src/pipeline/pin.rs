//! What a crate with a kernel lock keeps in the store.

use std::fs;
use std::path::Path;

use crate::arch::Arch;
use crate::built::BuiltUnit;
use crate::digest::Digest;
use crate::index::Index;
use crate::lock::{KernelLock, LOCK_FILE, text_digest};
use crate::sorted::Map;
use crate::store::Local;
use crate::unit::UnitName;

/// Keeps in the store what was built from the sources that the lock of the crate is about, where it has one.
pub(super) fn keep(root: &Path, units: &[BuiltUnit], store: &Local, index: &Index) {
    let Ok(Some(lock)) = KernelLock::read(root) else {
        return;
    };
    let name = |unit: &UnitName, arch: Arch| format!("{unit} {arch}");
    let is_locked = |(source, digest): (&String, &Digest)| {
        let file = root.join(source);
        index.digest(&file) == Some(*digest)
            // The other line ends, as a checkout on Windows has them.
            || fs::read(&file).is_ok_and(|bytes| bytes.contains(&b'\r') && text_digest(&bytes) == *digest)
    };
    let mut built = Map::new();
    for (unit, image) in units
        .iter()
        .flat_map(|unit| unit.images.iter().map(move |image| (unit, image)))
    {
        let locked = lock
            .units
            .get(&unit.name)
            .and_then(|locked| locked.images.get(&image.arch));
        if locked.is_some_and(|locked| locked.sources.iter().all(is_locked)) {
            built.insert(name(&unit.name, image.arch), image.digest);
        }
    }
    let all = lock.units.iter();
    let all = all.flat_map(|(unit, locked)| locked.images.keys().map(move |&arch| name(unit, arch)));
    store.pin_locked(&root.join(LOCK_FILE), built, &all.collect());
}
