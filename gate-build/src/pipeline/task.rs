//! One unit for one architecture: from the store, or from a compiler.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::codes::Codes;
use super::listing::{Listings, searched};
use super::moment;
use super::neutral::has_changed;
use crate::action::{self, Request};
use crate::arch::Arch;
use crate::compiler::{Compiled, Compiler, CompilerIdentity, CompilerKind, Text};
use crate::diagnostic::{Diagnostic, Id, Place, warning_of_line};
use crate::digest::{self, Digest};
use crate::index::Index;
use crate::ptx::Module;
use crate::schedule::{self, Begin, Permits};
use crate::store::{self, Action, Local, Manifest, Record, Seconds, Space, Store};
use crate::unit::Unit;

/// What tasks share.
pub(crate) struct Shop<'a> {
    pub store: Option<&'a dyn Store>,
    /// The part of it that other builds of this machine use.
    pub local: Option<&'a Local>,
    /// How long a compilation may take.
    pub timeout: Duration,
    pub index: &'a Index,
    pub listings: &'a Listings,
    pub codes: &'a Codes,
    /// For threads beside those that tasks run on.
    pub permits: &'a Permits,
    /// Whether there may be any.
    pub has_threads: bool,
    /// PTX that is in its place, by its file.
    pub intact: &'a BTreeMap<PathBuf, Digest>,
    /// Folder for scratch folders.
    pub scratch: PathBuf,
    /// When the build began, by the clock that dates files.
    pub began: SystemTime,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug)]
pub(crate) struct Done {
    /// Nothing where it is in its place.
    pub ptx: Option<Vec<u8>>,
    pub digest: Digest,
    /// What the PTX declares, where that is known already.
    pub module: Option<Module>,
    pub compiler: CompilerIdentity,
    pub files: Vec<PathBuf>,
    pub reason: Reason,
    pub compiled: bool,
    /// Whether another machine's result is in it.
    pub remote: bool,
    pub took: Seconds,
    pub note: Option<String>,
    pub warnings: Vec<Diagnostic>,
}

impl Task<'_> {
    /// Takes the result from the store, or compiles and stores it.
    ///
    /// # Errors
    /// What the compilers say.
    pub(crate) fn run(&self, shop: &Shop<'_>) -> Result<Done, Diagnostic> {
        let request = Request::new(self.unit, self.arch, self.flags, self.compilers);
        let shows_lines = request.place.is_some();
        let request = request.key();
        let root = &self.unit.crate_root;
        let parse = |bytes: &[u8]| Manifest::parse(std::str::from_utf8(bytes).ok()?, root);
        let found = shop
            .store
            .and_then(|store| store.get(Space::Manifest, &request, &|bytes| parse(bytes).is_some()));
        let is_local = found.as_ref().is_some_and(|found| !found.remote);
        let mut manifest = found.and_then(|found| parse(&found.bytes)).unwrap_or_default();

        let mut reason = match self.known(&manifest.records, shop) {
            Ok(done) => return Ok(done),
            Err(reason) => reason,
        };
        // Line numbers that stand in the PTX do not stand in the text.
        if !shows_lines && let Some((record, done)) = self.by_code(&manifest, &request, &reason, shop) {
            self.keep_record(record, &mut manifest, &request, shop);
            return Ok(done);
        }
        // Others may have compiled what this machine has not.
        let others = shop.store.filter(|_| is_local && reason != Reason::Lost);
        let others = others.and_then(|store| parse(&store.behind(Space::Manifest, &request)?));
        if let Some(others) = others {
            let own = manifest.records.len();
            manifest.merge(others);
            match self.known(&manifest.records[own..], shop) {
                Ok(done) => {
                    keep(shop, Space::Manifest, &request, manifest.to_text(root).as_bytes());
                    return Ok(done);
                }
                Err(Reason::Lost) => reason = Reason::Lost,
                Err(_) => {}
            }
        }

        let claim = shop.local.map(|local| local.claim(&request, patience(shop.timeout)));
        if claim.as_ref().is_some_and(|claim| claim.waited) {
            let found = shop
                .store
                .and_then(|store| store.get(Space::Manifest, &request, &|bytes| parse(bytes).is_some()));
            if let Some(others) = found.and_then(|found| parse(&found.bytes)) {
                manifest = others;
                match self.known(&manifest.records, shop) {
                    Ok(done) => return Ok(done),
                    Err(now) => reason = now,
                }
            }
        }

        let scratch = Scratch::new(&shop.scratch, self);
        let began = self.began(&manifest, shop, scratch.path());
        let at_once = self.has_other_code(&manifest, &reason, shop);
        let known = (!shows_lines && !at_once)
            .then(|| self.preprocess(&manifest, &reason, scratch.path()))
            .flatten();
        if let Some(known) = &known
            && let Some((record, done)) = self.by_text(known, &request, &reason, began, shop)
        {
            if let Some(record) = record {
                self.keep_record(record, &mut manifest, &request, shop);
            }
            return Ok(done);
        }

        let started = Instant::now();
        let (compiler, compiled, note) = match (&known, manifest.records.first()) {
            (Some((kind, known)), _) => self.compile(scratch.path(), Text::Known(*kind, known))?,
            (None, Some(latest)) if at_once && !shows_lines && shop.has_threads => {
                self.compile_and_preprocess(latest.compiler, scratch.path(), shop)?
            }
            _ => self.compile(scratch.path(), Text::Wanted)?,
        };
        let took = Seconds(started.elapsed().as_millis().try_into().unwrap_or(u64::MAX));
        let identity = compiler.identity();
        let keep = |begin: Begin<'_>| {
            begin();
            let action = Action {
                compiler: identity.kind,
                version: identity.version.clone(),
                installation: identity.digest,
                digest: Digest::of(&compiled.ptx),
                length: compiled.ptx.len() as u64,
                checksum: digest::checksum(&compiled.ptx),
                took,
                text: compiled.preprocessed,
                note,
                warnings: compiled.warnings.iter().map(kept_line).collect(),
            };
            if !compiled.dependencies.iter().any(|file| has_changed(file, began)) {
                self.remember(&mut manifest, &request, &action, &compiled, shop);
            }
            action
        };
        // Half a megabyte takes a hundredth of a second for each in a build script, which cargo does not optimise. What is no PTX is said
        // where the module is needed.
        let parse = || Module::parse(std::str::from_utf8(&compiled.ptx).ok()?).ok();
        let (action, module) = schedule::beside(shop.permits, keep, parse);
        Ok(Done {
            ptx: Some(compiled.ptx),
            digest: action.digest,
            module,
            compiler: identity.clone(),
            files: compiled.dependencies,
            reason,
            compiled: true,
            remote: false,
            took,
            note: action.note,
            warnings: compiled.warnings,
        })
    }

    /// When the compilation begins, by the clock that dates files. Where no file that is known to be read is as young as the build, one that is
    /// saved from now on is dated later than they are: there is nothing to wait for.
    fn began(&self, manifest: &Manifest, shop: &Shop<'_>, scratch: &Path) -> SystemTime {
        let is_old = |record: &Record| !record.files.iter().any(|(file, _)| has_changed(file, shop.began));
        if manifest.records.first().is_some_and(is_old) {
            shop.began
        } else {
            moment::after(shop.began, scratch)
        }
    }

    /// The result of the first record whose files are what they were.
    ///
    /// # Errors
    /// There is none, and why.
    fn known(&self, records: &[Record], shop: &Shop<'_>) -> Result<Done, Reason> {
        let mut reason = Reason::First;
        for (at, record) in records.iter().enumerate() {
            match self.changes(record, shop) {
                None => {
                    let taken = self.take(shop, &record.action).ok_or(Reason::Lost)?;
                    let files = record.files.iter().map(|(file, _)| file.clone()).collect();
                    return Ok(reused(taken, files, Reason::SameInputs));
                }
                Some(changes) if at == 0 => reason = changes,
                Some(_) => {}
            }
        }
        Err(reason)
    }

    /// What is different from when a record was made; `None` when nothing is.
    fn changes(&self, record: &Record, shop: &Shop<'_>) -> Option<Reason> {
        let changed: Vec<PathBuf> = record
            .files
            .iter()
            .filter(|(file, digest)| shop.index.digest(file) != Some(*digest))
            .map(|(file, _)| file.clone())
            .collect();
        if !changed.is_empty() {
            return Some(Reason::Changed(changed));
        }
        let files: Vec<PathBuf> = record.files.iter().map(|(file, _)| file.clone()).collect();
        let others = self.others(&files, shop);
        let appeared: Vec<PathBuf> = others
            .into_iter()
            .filter(|file| !record.others.contains(file))
            .collect();
        (!appeared.is_empty()).then_some(Reason::Appeared(appeared))
    }

    pub(super) fn others(&self, files: &[PathBuf], shop: &Shop<'_>) -> Vec<PathBuf> {
        let root = &self.unit.crate_root;
        let mut folders = searched(&self.unit.path, root, self.flags);
        // A header is looked for beside the one that includes it, too.
        folders.extend(
            files
                .iter()
                .filter(|file| file.starts_with(root))
                .filter_map(|file| file.parent().map(Path::to_path_buf)),
        );
        shop.listings.others(&folders, files)
    }

    /// A record of files as they are now; `None` when one cannot be read any more.
    pub(super) fn record(
        &self,
        request: &Digest,
        action: &Action,
        files: &[PathBuf],
        shop: &Shop<'_>,
    ) -> Option<Record> {
        let mut files: Vec<PathBuf> = files.to_vec();
        files.sort();
        files.dedup();
        let others = self.others(&files, shop);
        let files: Vec<(PathBuf, Digest)> = files
            .into_iter()
            .map(|file| {
                let digest = shop.index.digest(&file)?;
                Some((file, digest))
            })
            .collect::<Option<_>>()?;
        Some(Record {
            action: action::of_files(request, &self.unit.crate_root, &files, &others),
            compiler: action.compiler,
            files,
            others,
        })
    }

    /// The compiler of this kind.
    pub(super) fn compiler(&self, kind: CompilerKind) -> Option<&dyn Compiler> {
        let mut compilers = self.compilers.iter().map(AsRef::as_ref);
        compilers.find(|compiler: &&dyn Compiler| compiler.identity().kind == kind)
    }

    /// The first compiler that compiles it. Where none does, the last one says why, with the reasons of the others.
    fn compile(&self, scratch: &Path, text: Text<'_>) -> Result<ByOne<'_>, Diagnostic> {
        let mut refusals: Vec<Diagnostic> = Vec::new();
        for compiler in self.compilers {
            let text = text.of(compiler.identity().kind);
            match compiler.compile(self.unit, self.arch, self.flags, scratch, text) {
                Ok(compiled) => {
                    let note = refusals.first().map(short);
                    return Ok((compiler.as_ref(), compiled, note));
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        let last = refusals
            .pop()
            .unwrap_or_else(|| Diagnostic::error(Id::CompilerMissing, "no compiler is there for it"));
        Err(last.unit(self.unit.name.as_str()))
    }

    /// Compiles, and has the compiler of this kind preprocess on another thread where that is sooner done.
    fn compile_and_preprocess(
        &self,
        kind: CompilerKind,
        scratch: &Path,
        shop: &Shop<'_>,
    ) -> Result<ByOne<'_>, Diagnostic> {
        let Some(apart) = self.compiler(kind).filter(|compiler| compiler.preprocesses_apart()) else {
            return self.compile(scratch, Text::Wanted);
        };
        let (compiled, text) = schedule::beside(
            shop.permits,
            |begin| self.compile(scratch, Text::Elsewhere(kind, begin)),
            || apart.preprocess(self.unit, self.arch, self.flags, scratch),
        );
        let (compiler, mut compiled, note) = compiled?;
        // Where they read different files, one of those has changed in between.
        let text = text.filter(|text| text.dependencies == compiled.dependencies);
        if compiler.identity().kind == kind {
            compiled.preprocessed = text.map(|text| text.text);
        }
        Ok((compiler, compiled, note))
    }

    /// The result under this key. PTX that is in its place is not read: of ten megabytes that nobody edited, all would be.
    pub(super) fn take(&self, shop: &Shop<'_>, key: &Digest) -> Option<Taken> {
        let store = shop.store?;
        let parse = |bytes: &[u8]| Action::parse(std::str::from_utf8(bytes).ok()?);
        let found = store.get(Space::Action, key, &|bytes| parse(bytes).is_some())?;
        let action = parse(&found.bytes)?;
        let (ptx, remote) = if shop.intact.get(self.output) == Some(&action.digest) {
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

    fn remember(
        &self,
        manifest: &mut Manifest,
        request: &Digest,
        action: &Action,
        compiled: &Compiled,
        shop: &Shop<'_>,
    ) {
        // The blob first: what an action names is there, or the action is a miss.
        keep(shop, Space::Blob, &action.digest, &compiled.ptx);
        let text = action.to_text();
        if let Some(digest) = &action.text {
            let key = action::of_text(request, action.compiler, digest);
            keep(shop, Space::Action, &key, text.as_bytes());
        }
        if let Some(record) = self.record(request, action, &compiled.dependencies, shop) {
            keep(shop, Space::Action, &record.action, text.as_bytes());
            self.keep_record(record, manifest, request, shop);
        }
    }

    fn keep_record(&self, record: Record, manifest: &mut Manifest, request: &Digest, shop: &Shop<'_>) {
        self.keep_codes(&record, shop);
        manifest.remember(record);
        let text = manifest.to_text(&self.unit.crate_root);
        keep(shop, Space::Manifest, request, text.as_bytes());
    }
}

/// A compiler, what it compiled, and why it was not the first of the choice.
type ByOne<'a> = (&'a dyn Compiler, Compiled, Option<String>);

/// Waits a little each time it is asked, until a compilation would have been stopped.
fn patience(timeout: Duration) -> impl FnMut() -> bool {
    const LOOK: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + timeout;
    move || {
        thread::sleep(LOOK);
        Instant::now() < deadline
    }
}

/// A warning as one line, as a compiler would print it.
fn kept_line(warning: &Diagnostic) -> String {
    match warning.place.as_deref() {
        Some(Place { file, line, .. }) => format!("{}({line}): warning: {}", file.display(), warning.message),
        None => format!("warning: {}", warning.message),
    }
}

/// One line that says why a compiler was passed over.
fn short(refusal: &Diagnostic) -> String {
    let first = refusal
        .output
        .lines()
        .find(|line| line.contains("error"))
        .unwrap_or_default();
    if first.is_empty() {
        refusal.message.clone()
    } else {
        format!("{}: {}", refusal.message, first.trim())
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
pub(super) fn keep(shop: &Shop<'_>, space: Space, key: &Digest, bytes: &[u8]) {
    if let Some(store) = shop.store {
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
            .collect(),
    }
}

/// A folder for the files of one compilation, gone when it is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: &Path, task: &Task<'_>) -> Self {
        let path = folder.join(format!("{}.{}", task.unit.name.file_stem(), task.arch));
        let _ = fs::create_dir_all(&path);
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
