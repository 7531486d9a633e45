//! One unit for one architecture, and what is known of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::codes::Codes;
use super::listing::{Listings, near, searched};
use crate::action;
use crate::arch::Arch;
use crate::compiler::{Compiler, CompilerIdentity, CompilerKind, Given};
use crate::diagnostic::{Diagnostic, Id, warning_of_line};
use crate::digest::Digest;
use crate::env::Env;
use crate::index::{Index, Signature};
use crate::ptx::Module;
use crate::rust;
use crate::schedule::Permits;
use crate::sorted::{Append as _, List as _, Map, Set, sort};
use crate::store::{self, Action, Local, Record, Seconds, Space, Store};
use crate::unit::{Language, Unit};

/// What tasks share.
pub(crate) struct Shared<'a> {
    pub store: Option<&'a dyn Store>,
    /// The part of it that other builds of this machine use.
    pub local: Option<&'a Local>,
    /// How long a compilation may take.
    pub timeout: Duration,
    pub index: &'a Index,
    pub env: &'a Env,
    /// What nvcc is given.
    pub given: &'a Given,
    /// Where headers are looked for that are not the user's: in folders of compilers and of the system.
    pub foreign: &'a [PathBuf],
    /// Folders that variables name for headers.
    pub named: &'a [PathBuf],
    pub listings: &'a Listings,
    pub codes: &'a Codes,
    /// For threads beside those that tasks run on.
    pub permits: &'a Permits,
    /// Whether there may be any.
    pub has_threads: bool,
    /// PTX that is in its place, by its file.
    pub intact: &'a Map<PathBuf, Digest>,
    /// Folder for scratch folders.
    pub scratch: PathBuf,
    /// When the build began, by the clock that dates files.
    pub began: SystemTime,
}

impl Shared<'_> {
    /// A digest of the value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<Digest> {
        value_of(self.env, name)
    }
}

/// A digest of the value of a variable of this environment.
pub(super) fn value_of(env: &Env, name: &str) -> Option<Digest> {
    let is_named = |(other, _): &(&OsStr, &OsStr)| *other == name;
    let (_, value) = env.variables().seek(is_named)?;
    Some(Digest::of(value.as_encoded_bytes()))
}

/// One unit for one architecture.
pub(crate) struct Task<'a> {
    pub unit: &'a Unit,
    pub arch: Arch,
    pub flags: &'a [String],
    /// Where its PTX belongs.
    pub output: &'a Path,
    /// Those to be tried first in front; not empty.
    pub compilers: &'a [Box<dyn Compiler + 'a>],
}

/// Why something was compiled or was not.
#[derive(PartialEq, Eq)]
pub(crate) enum Reason {
    /// Every file has the bytes it had in a compilation before.
    SameInputs,
    /// Files have changed, the preprocessed text has not.
    SameText(Vec<PathBuf>),
    /// Nothing is known of a compilation with these flags, variables and compilers.
    First,
    /// These files have changed.
    Changed(Vec<PathBuf>),
    /// These files have appeared where headers are searched.
    Appeared(Vec<PathBuf>),
    /// The result was known and is lost or damaged.
    Lost,
}

/// What a task gives.
pub(crate) struct Done {
    /// Nothing where it is in its place.
    pub ptx: Option<Vec<u8>>,
    pub digest: Digest,
    /// What the PTX declares, where that is known already.
    pub module: Option<Module>,
    pub compiler: CompilerIdentity,
    pub files: Vec<PathBuf>,
    /// Variables of the environment that the source asks for.
    pub variables: Set<String>,
    pub reason: Reason,
    pub compiled: bool,
    /// Whether another machine's result is in it.
    pub remote: bool,
    pub took: Seconds,
    pub note: Option<String>,
    pub warnings: Vec<Diagnostic>,
}

impl Task<'_> {
    /// Files that are found where headers are searched and were not read.
    pub(super) fn others(&self, files: &[PathBuf], shared: &Shared<'_>) -> Vec<PathBuf> {
        let root = &self.unit.crate_root;
        if self.unit.language == Language::Rust {
            let settings = rust::settings(shared.env, &self.unit.path, files);
            let is_other = |file: &PathBuf| self.unit.path.is_dir() && file.is_file() && !files.contains(file);
            return settings.into_iter().filter(is_other).list();
        }
        let mut folders = searched(&self.unit.path, root, &shared.given.flags);
        // A header is looked for beside the one that includes it, too.
        folders.extend(
            files
                .iter()
                .filter(|file| file.starts_with(root))
                .filter_map(|file| file.parent().map(Path::to_path_buf)),
        );
        let mut others = shared.listings.others(&folders, files);
        let near = near(files, root, shared.foreign);
        let near = near.into_iter().chain(shared.named.iter().cloned());
        let near: Set<PathBuf> = near.filter(|folder| !folders.contains(folder)).collect();
        for folder in &near {
            others.append_all(shared.listings.shadows(folder, files));
        }
        sort(&mut others);
        others.dedup();
        others
    }

    /// A record of files as they are now; `None` when one cannot be read any more.
    pub(super) fn record(
        &self,
        request: &Digest,
        action: &Action,
        (files, variables): (&[PathBuf], &Set<String>),
        shared: &Shared<'_>,
    ) -> Option<Record> {
        let mut files: Vec<PathBuf> = files.to_vec();
        sort(&mut files);
        files.dedup();
        let others = self.others(&files, shared);
        let files: Vec<(PathBuf, Digest)> = files
            .into_iter()
            .map(|file| {
                let digest = shared.index.digest(&file)?;
                Some((file, digest))
            })
            .list_some()?;
        let variables: Vec<_> = variables.iter().map(|name| (name.clone(), shared.value(name))).list();
        Some(Record {
            action: action::of_files(request, &self.unit.crate_root, &files, &variables, &others),
            compiler: action.compiler,
            files,
            variables,
            others,
        })
    }

    /// The compiler of this kind.
    pub(super) fn compiler(&self, kind: CompilerKind) -> Option<&dyn Compiler> {
        let mut compilers = self.compilers.iter().map(AsRef::as_ref);
        compilers.seek(|compiler: &&dyn Compiler| compiler.identity().kind == kind)
    }

    /// The result under this key. PTX that is in its place is not read: of ten megabytes that nobody edited, all would be.
    pub(super) fn take(&self, shared: &Shared<'_>, key: &Digest) -> Option<Taken> {
        let store = shared.store?;
        let parse = |bytes: &[u8]| Action::parse(std::str::from_utf8(bytes).ok()?);
        let found = store.get(Space::Action, key, &|bytes| parse(bytes).is_some())?;
        let action = parse(&found.bytes)?;
        let (ptx, remote) = if shared.intact.get(self.output) == Some(&action.digest) {
            store.mark(Space::Blob, &action.digest);
            (None, false)
        } else {
            let blob = store::blob_of(store, &action)?;
            (Some(blob.bytes), blob.remote)
        };
        Some(Taken {
            action,
            remote: found.remote || remote,
            ptx,
        })
    }
}

/// A result of the store.
pub(super) struct Taken {
    pub action: Action,
    ptx: Option<Vec<u8>>,
    /// Whether a part of it comes from another machine.
    remote: bool,
}

/// A store that cannot be written to costs time at the next build and nothing else.
pub(super) fn keep(shared: &Shared<'_>, space: Space, key: &Digest, bytes: &[u8]) {
    if let Some(store) = shared.store {
        let _ = store.put(space, key, bytes);
    }
}

pub(super) fn reused(taken: Taken, files: Vec<PathBuf>, reason: Reason) -> Done {
    let action = taken.action;
    Done {
        ptx: taken.ptx,
        remote: taken.remote,
        digest: action.digest,
        module: None,
        compiler: CompilerIdentity {
            kind: action.compiler,
            version: action.version,
            digest: action.installation,
        },
        files,
        variables: Set::new(),
        reason,
        compiled: false,
        took: action.took,
        note: action.note,
        warnings: action
            .warnings
            .iter()
            .map(|line| {
                warning_of_line(line).unwrap_or_else(|| Diagnostic::warning(Id::CompilerWarning, line.as_str()))
            })
            .list(),
    }
}

/// Whether a file has changed since: nobody knows then which of its contents was read.
pub(super) fn has_changed(file: &Path, since: SystemTime) -> bool {
    Signature::of(file).is_none_or(|signature| signature.changed() >= since)
}
