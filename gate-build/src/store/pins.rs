//! What stays in the store however old and large it gets.
//!
//! A pin is a small text file in the folder `pins` of the store: who holds it, and the digests of the PTX that stays. A crate with a
//! kernel lock has one that its builds write; it holds as long as the lock is there. The others are made by
//! `cargo gate kernels pin` for a release manifest, and hold until they are taken away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Action, Local, Manifest, Space};
use crate::digest::Digest;
use crate::disk;
use crate::ptx::{self, Roots};
use crate::sorted::{List as _, Map, Set};

const HEAD: &str = "gate-build pin 1";

/// Folder of the pins, which is no space of entries.
pub(super) const FOLDER: &str = "pins";

/// Who holds a pin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A kernel lock: the pin is gone when the file is.
    Lock(PathBuf),
    /// A manifest that was pinned by name.
    Manifest(PathBuf),
}

impl Holder {
    fn parts(&self) -> (&'static str, &Path) {
        match self {
            Holder::Lock(path) => ("lock", path),
            Holder::Manifest(path) => ("manifest", path),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.parts().1
    }
}

/// A pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Who holds it.
    pub holder: Holder,
    /// SHA-256 of each PTX that stays, by what it was compiled from (`kernels/softmax.cu sm_80`) or by itself.
    pub held: Map<String, Digest>,
}

impl Pin {
    fn to_text(&self) -> Option<String> {
        let (kind, path) = self.holder.parts();
        // A name with a line end cannot be written, one beyond Unicode not be read again.
        let path = path.to_str().filter(|path| !path.contains(['\n', '\r']))?;
        let mut text = format!("{HEAD}\n{kind} {path}\n");
        for (name, digest) in &self.held {
            text.push_str(&format!("{digest} {name}\n"));
        }
        Some(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(HEAD)?.strip_prefix('\n')?.lines();
        let (kind, path) = lines.next()?.split_once(' ')?;
        let holder = match kind {
            "lock" => Holder::Lock(path.into()),
            "manifest" => Holder::Manifest(path.into()),
            _ => return None,
        };
        let held = lines
            .map(|line| {
                let (digest, name) = line.split_once(' ')?;
                Some((name.to_owned(), digest.parse().ok()?))
            })
            .collect::<Option<_>>()?;
        Some(Self { holder, held })
    }
}

/// Every SHA-256 that stands in a text by itself, in hexadecimal.
fn digests(text: &str) -> Set<Digest> {
    text.split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| word.len() == 64)
        .filter_map(|word| word.parse().ok())
        .collect()
}

impl Local {
    fn pin_file(&self, holder: &Holder) -> PathBuf {
        let (kind, path) = holder.parts();
        let name = Digest::of(
            [kind.as_bytes(), b"\n", path.as_os_str().as_encoded_bytes()]
                .concat()
                .as_slice(),
        );
        self.root().join(FOLDER).join(name.prefix(16))
    }

    /// The pins, sorted by holder. One that cannot be read holds nothing and is left out.
    #[must_use]
    pub fn pins(&self) -> Vec<Pin> {
        let entries = fs::read_dir(self.root().join(FOLDER)).into_iter().flatten().flatten();
        let mut pins: Vec<Pin> = entries
            .filter_map(|entry| Pin::parse(&fs::read_to_string(entry.path()).ok()?))
            .filter(|pin| match &pin.holder {
                Holder::Lock(path) => path.is_file(),
                Holder::Manifest(_) => true,
            })
            .list();
        crate::sorted::sort_by(&mut pins, |a, b| a.holder.cmp(&b.holder));
        pins
    }

    /// Keeps the PTX whose digests stand in `text`, which is that of `manifest`: the digest of the PTX itself, or the one that a kernel
    /// lock of this folder has for it. What the store does not hold now is not kept. Returns the pin.
    ///
    /// # Errors
    /// As the operating system says; [`io::ErrorKind::InvalidInput`] for a path that is not Unicode.
    pub fn pin(&self, manifest: &Path, text: &str) -> io::Result<Pin> {
        let named = digests(text);
        let roots = Roots::new([manifest.parent().unwrap_or(manifest).to_string_lossy()]);
        let mut held = Map::new();
        for (key, path) in self.files(Space::Blob) {
            let Ok(bytes) = fs::read(&path) else { continue };
            let is_named = named.contains(&key)
                || named.contains(&crate::lock::text_digest(&bytes))
                || std::str::from_utf8(&bytes).is_ok_and(|text| {
                    named.contains(&crate::lock::text_digest(ptx::normalise(text, &roots).as_bytes()))
                });
            if is_named {
                held.insert(key.to_string(), key);
            }
        }
        let pin = Pin {
            holder: Holder::Manifest(manifest.to_path_buf()),
            held,
        };
        self.keep_pin(&pin)?;
        Ok(pin)
    }

    /// Takes the pin of a manifest away; whether there was one.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn unpin(&self, manifest: &Path) -> io::Result<bool> {
        match fs::remove_file(self.pin_file(&Holder::Manifest(manifest.to_path_buf()))) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn keep_pin(&self, pin: &Pin) -> io::Result<()> {
        let text = pin.to_text().ok_or(io::ErrorKind::InvalidInput)?;
        disk::write_if_changed(&self.pin_file(&pin.holder), text.as_bytes())
    }

    /// Keeps what a build of a crate with a kernel lock gave for the units whose sources are those of the lock. What it kept for the
    /// others before stays.
    pub(crate) fn pin_locked(&self, lock: &Path, built: Map<String, Digest>, locked: &Set<String>) {
        let holder = Holder::Lock(lock.to_path_buf());
        let before = fs::read_to_string(self.pin_file(&holder)).ok();
        let mut held = before
            .and_then(|text| Pin::parse(&text))
            .map_or_else(Map::new, |pin| pin.held);
        held.retain(|name, _| locked.contains(name));
        held.extend(built);
        // A store that cannot be written to keeps nothing for long anyway.
        let _ = self.keep_pin(&Pin { holder, held });
    }

    /// Places of all entries that pins keep: PTX, and what leads a build to it.
    pub(super) fn pinned(&self) -> Set<PathBuf> {
        let blobs: Set<Digest> = self
            .pins()
            .into_iter()
            .flat_map(|pin| pin.held.into_iter().map(|(_, digest)| digest))
            .collect();
        let mut kept: Set<PathBuf> = blobs.iter().map(|key| self.path(Space::Blob, key)).collect();
        if blobs.is_empty() {
            return kept;
        }
        let mut actions = Set::new();
        for (key, path) in self.files(Space::Action) {
            let action = fs::read_to_string(&path).ok().and_then(|text| Action::parse(&text));
            if action.is_some_and(|action| blobs.contains(&action.digest)) {
                actions.insert(key);
                kept.insert(path);
            }
        }
        for (_, path) in self.files(Space::Manifest) {
            let manifest = fs::read_to_string(&path)
                .ok()
                .and_then(|text| Manifest::parse(&text, Path::new("")));
            if manifest.is_some_and(|manifest| manifest.records.iter().any(|record| actions.contains(&record.action))) {
                kept.insert(path);
            }
        }
        kept
    }

    /// Forgets the pins of kernel locks that are gone.
    pub(super) fn forget_pins(&self) {
        for entry in fs::read_dir(self.root().join(FOLDER)).into_iter().flatten().flatten() {
            let pin = fs::read_to_string(entry.path()).ok().and_then(|text| Pin::parse(&text));
            if let Some(Holder::Lock(path)) = pin.map(|pin| pin.holder)
                && !path.exists()
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(path in "[a-zé /]{1,30}", names in proptest::collection::btree_set("[a-z./ _0-9]{1,20}", 0..4)) {
            let held = names.into_iter().map(|name| (name.clone(), Digest::of(name.as_bytes()))).collect();
            let pin = Pin { holder: Holder::Manifest(path.into()), held };
            proptest::prop_assert_eq!(Pin::parse(&pin.to_text().unwrap()), Some(pin));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(gate-build pin 1\n)?(lock |manifest )?[0-9a-f \n]{0,80}") {
            let _ = Pin::parse(&text);
            let _ = digests(&text);
        }
    }

    #[test]
    fn digests_stand_by_themselves() {
        let one = Digest::of(b"1");
        let text = format!("\"{one}\", sha256:{one}  x{one} {}", &one.to_string()[1..]);
        assert_eq!(digests(&text), [one].into());
    }
}
