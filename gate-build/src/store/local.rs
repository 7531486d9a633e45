//! The store on this machine's disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use super::counts::{self, Counts, History};
use super::{Bounds, FORMAT, Found, Space, Store};
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::Digest;
use crate::disk;
use crate::env::{Env, Os};
use crate::error::Error;
use crate::sorted::List as _;

/// An entry that was used this long ago or longer is marked as used again; more often would only cost.
const MARK: Duration = Duration::from_secs(3600);

/// The store on this machine's disk: one file for each entry, written beside its place and renamed into it.
#[derive(Debug)]
pub struct Local {
    pub(super) root: PathBuf,
    bounds: Bounds,
    /// The first thing that could not be written, and why.
    refused: OnceLock<String>,
}

/// Where the store lies: `GATE_CACHE_DIR`, else the user's folder for caches; `None` when there is neither.
pub fn folder(env: &Env) -> Option<PathBuf> {
    if let Some(folder) = env.variable("GATE_CACHE_DIR") {
        return Some(PathBuf::from(folder));
    }
    let below = |name: &str, parts: &[&str]| {
        let mut folder = PathBuf::from(env.variable(name)?);
        folder.extend(parts);
        folder.is_absolute().then_some(folder)
    };
    match env.os() {
        Os::Linux => below("XDG_CACHE_HOME", &["cargo-gate"]).or_else(|| below("HOME", &[".cache", "cargo-gate"])),
        Os::MacOs => below("HOME", &["Library", "Caches", "cargo-gate"]),
        Os::Windows => below("LOCALAPPDATA", &["cargo-gate"]),
    }
}

impl Local {
    /// The store in `folder`. Nothing is created before something is put.
    #[must_use]
    pub fn new(folder: &Path, bounds: Bounds) -> Self {
        Self {
            root: folder.join(FORMAT),
            bounds,
            refused: OnceLock::new(),
        }
    }

    /// The store of this environment, bounded as its variables say; `None` where there is no place for one.
    ///
    /// # Errors
    /// A variable holds no number.
    pub fn of(env: &Env) -> Result<Option<Self>, Error> {
        let bounds = Bounds::of(env)?;
        Ok(folder(env).map(|folder| Self::new(&folder, bounds)))
    }

    /// A warning where something could not be kept: the next build then does the work again.
    pub(crate) fn warning(&self) -> Option<Diagnostic> {
        let why = self.refused.get()?;
        let message = format!("the kernel store is not usable, so kernels are compiled again in every crate: {why}");
        let help = "correct the permissions or free space, or set `GATE_CACHE_DIR` to another directory";
        Some(Diagnostic::warning(Id::FileAccess, message).help(help))
    }

    /// How much it may hold.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Folder of everything it holds.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What builds asked it and got.
    #[must_use]
    pub fn history(&self) -> History {
        counts::read(&self.counts_file())
    }

    /// Remembers what a build asked and got.
    pub(crate) fn record(&self, counts: &Counts) {
        if *counts != Counts::default() {
            counts::append(&self.counts_file(), counts);
        }
    }

    fn counts_file(&self) -> PathBuf {
        self.root.join("builds")
    }

    /// The bytes of an entry, whatever they are.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn read(&self, space: Space, key: &Digest) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(space, key)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes an entry away that is no use.
    pub(crate) fn discard(&self, space: Space, key: &Digest) {
        let _ = fs::remove_file(self.path(space, key));
    }

    /// Where facts about files are kept.
    pub(crate) fn index_file(&self) -> PathBuf {
        self.root.join("index")
    }

    /// A folder of the store for what another part keeps; it is bounded with the rest.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Every entry of a space, by key, with its file.
    pub(super) fn files(&self, space: Space) -> Vec<(Digest, PathBuf)> {
        let mut files = Vec::new();
        disk::files_below(&self.root.join(space.name()), &mut files);
        let keyed = files
            .into_iter()
            .filter_map(|(_, _, path)| Some((key_of(&path)?.0, path)));
        keyed.list()
    }

    pub(super) fn path(&self, space: Space, key: &Digest) -> PathBuf {
        self.root.join(space.place(key))
    }
}

/// The key that a path stands for, and its last two parts; `None` for what is not an entry.
pub(super) fn key_of(path: &Path) -> Option<(Digest, String)> {
    let file = path.file_name()?.to_str()?;
    let folder = path.parent()?.file_name()?.to_str()?;
    let key = format!("{folder}{file}").parse().ok()?;
    (folder.len() == 2).then(|| (key, format!("{folder}/{file}")))
}

/// Says that the entry of this file was used, unless that was said lately.
fn mark(path: &Path) {
    let now = SystemTime::now();
    let used = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    if used.is_some_and(|used| now.duration_since(used).is_ok_and(|age| age > MARK)) {
        // A store that cannot be written to still serves.
        let _ = fs::File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_modified(now));
    }
}

impl Store for Local {
    fn get(&self, space: Space, key: &Digest, intact: &dyn Fn(&[u8]) -> bool) -> Option<Found> {
        let path = self.path(space, key);
        let bytes = fs::read(&path).ok().filter(|bytes| intact(bytes))?;
        mark(&path);
        Some(Found { bytes, remote: false })
    }

    fn mark(&self, space: Space, key: &Digest) {
        mark(&self.path(space, key));
    }

    fn behind(&self, _: Space, _: &Digest) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, space: Space, key: &Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(space, key);
        disk::write_atomically(&path, bytes).inspect_err(|error| {
            self.refused
                .get_or_init(|| format!("cannot write `{}`: {error}", path.display()));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users_unless_it_is_named() {
        let folder =
            |os, variables: &[(&str, &str)]| folder(&Env::new(os, variables.iter().copied(), crate::env::Disk));
        assert_eq!(
            folder(Os::Linux, &[("GATE_CACHE_DIR", "x"), ("HOME", "/h")]),
            Some("x".into())
        );
        assert_eq!(folder(Os::Linux, &[]), None);
        if cfg!(unix) {
            assert_eq!(
                folder(Os::Linux, &[("HOME", "/h")]),
                Some("/h/.cache/cargo-gate".into())
            );
            assert_eq!(
                folder(Os::MacOs, &[("HOME", "/h")]),
                Some("/h/Library/Caches/cargo-gate".into())
            );
        }
    }
}
