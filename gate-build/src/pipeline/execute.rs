//! What a task does: it takes its result from the store, or has a compiler make it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::file_clock;
use super::task::{Done, Reason, Shared, Task, has_changed, keep, reused};
use crate::action::{self, Request};
use crate::compiler::{Compiled, Compiler, CompilerKind, Text};
use crate::diagnostic::{Diagnostic, Id, Place};
use crate::digest::{self, Digest};
use crate::ptx::Module;
use crate::schedule::{self, Begin};
use crate::sorted::{Append as _, List as _};
use crate::store::{Action, Manifest, Record, Seconds, Space};

impl Task<'_> {
    /// Takes the result from the store, or compiles and stores it.
    ///
    /// # Errors
    /// What the compilers say.
    pub(crate) fn run(&self, shared: &Shared<'_>) -> Result<Done, Diagnostic> {
        let shows_lines = shared.given.shows_lines();
        let request = Request::new(self.unit, self.arch, self.flags, self.compilers, shows_lines).key();
        let root = &self.unit.crate_root;
        let parse = |bytes: &[u8]| Manifest::parse(std::str::from_utf8(bytes).ok()?, root);
        let found = shared
            .store
            .and_then(|store| store.get(Space::Manifest, &request, &|bytes| parse(bytes).is_some()));
        let is_local = found.as_ref().is_some_and(|found| !found.remote);
        let mut manifest = found.and_then(|found| parse(&found.bytes)).unwrap_or_default();

        let mut reason = match self.known(&manifest.records, shared) {
            Ok(done) => return Ok(done),
            Err(reason) => reason,
        };
        // Line numbers that stand in the PTX do not stand in the text.
        if !shows_lines && let Some((record, done)) = self.by_code(&manifest, &request, &reason, shared) {
            self.keep_record(record, &mut manifest, &request, shared);
            return Ok(done);
        }
        // Others may have compiled what this machine has not.
        let others = shared.store.filter(|_| is_local && reason != Reason::Lost);
        let others = others.and_then(|store| parse(&store.behind(Space::Manifest, &request)?));
        if let Some(others) = others {
            let own = manifest.records.len();
            manifest.merge(others);
            match self.known(&manifest.records[own..], shared) {
                Ok(done) => {
                    keep(shared, Space::Manifest, &request, manifest.to_text(root).as_bytes());
                    return Ok(done);
                }
                Err(Reason::Lost) => reason = Reason::Lost,
                Err(_) => {}
            }
        }

        let claim = shared
            .local
            .map(|local| local.claim(&request, patience(shared.timeout)));
        if claim.as_ref().is_some_and(|claim| claim.waited) {
            let found = shared
                .store
                .and_then(|store| store.get(Space::Manifest, &request, &|bytes| parse(bytes).is_some()));
            if let Some(others) = found.and_then(|found| parse(&found.bytes)) {
                manifest = others;
                match self.known(&manifest.records, shared) {
                    Ok(done) => return Ok(done),
                    Err(now) => reason = now,
                }
            }
        }

        let scratch = Scratch::new(&shared.scratch, self);
        let began = self.began(&manifest, shared, scratch.path());
        let at_once = self.has_other_code(&manifest, &reason, shared);
        let known = (!shows_lines && !at_once)
            .then(|| self.preprocess(&manifest, &reason, scratch.path()))
            .flatten();
        if let Some(known) = &known
            && let Some((record, done)) = self.by_text(known, &request, &reason, began, shared)
        {
            if let Some(record) = record {
                self.keep_record(record, &mut manifest, &request, shared);
            }
            return Ok(done);
        }

        let started = Instant::now();
        let (compiler, compiled, note) = match (&known, manifest.records.first()) {
            (Some((kind, known)), _) => self.compile(scratch.path(), Text::Known(*kind, known))?,
            (None, Some(latest)) if at_once && !shows_lines && shared.has_threads => {
                self.compile_and_preprocess(latest.compiler, scratch.path(), shared)?
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
                warnings: compiled.warnings.iter().map(kept_line).list(),
            };
            self.remember(&mut manifest, &request, (&action, began), &compiled, shared);
            action
        };
        // Half a megabyte takes a hundredth of a second for each in a build script, which cargo does not optimise. What is no PTX is said
        // where the module is needed.
        let parse = || Module::parse(std::str::from_utf8(&compiled.ptx).ok()?).ok();
        let (action, module) = schedule::overlap(shared.permits, keep, parse);
        Ok(Done {
            ptx: Some(compiled.ptx),
            digest: action.digest,
            module,
            compiler: identity.clone(),
            files: compiled.dependencies,
            variables: compiled.variables,
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
    fn began(&self, manifest: &Manifest, shared: &Shared<'_>, scratch: &Path) -> SystemTime {
        let is_old = |record: &Record| !record.files.iter().any(|(file, _)| has_changed(file, shared.began));
        if manifest.records.first().is_some_and(is_old) {
            shared.began
        } else {
            file_clock::after(shared.began, scratch)
        }
    }

    /// The result of the first record whose files are what they were.
    ///
    /// # Errors
    /// There is none, and why.
    fn known(&self, records: &[Record], shared: &Shared<'_>) -> Result<Done, Reason> {
        let mut reason = Reason::First;
        for (at, record) in records.iter().enumerate() {
            match self.changes(record, shared) {
                None => {
                    let taken = self.take(shared, &record.action).ok_or(Reason::Lost)?;
                    let files = record.files.iter().map(|(file, _)| file.clone()).list();
                    let mut done = reused(taken, files, Reason::SameInputs);
                    done.variables = record.variables.iter().map(|(name, _)| name.clone()).collect();
                    return Ok(done);
                }
                Some(changes) if at == 0 => reason = changes,
                Some(_) => {}
            }
        }
        Err(reason)
    }

    /// What is different from when a record was made; `None` when nothing is.
    fn changes(&self, record: &Record, shared: &Shared<'_>) -> Option<Reason> {
        let changed: Vec<PathBuf> = record
            .files
            .iter()
            .filter(|(file, digest)| shared.index.digest(file) != Some(*digest))
            .map(|(file, _)| file.clone())
            .list();
        let others = record
            .variables
            .iter()
            .filter(|(name, value)| shared.value(name) != *value);
        let changed: Vec<PathBuf> = changed.into_iter().chain(others.map(|(name, _)| variable(name))).list();
        if !changed.is_empty() {
            return Some(Reason::Changed(changed));
        }
        let files: Vec<PathBuf> = record.files.iter().map(|(file, _)| file.clone()).list();
        let others = self.others(&files, shared);
        let appeared: Vec<PathBuf> = others.into_iter().filter(|file| !record.others.contains(file)).list();
        (!appeared.is_empty()).then_some(Reason::Appeared(appeared))
    }

    /// The first compiler that compiles it. Where none does, the last one says why, with the reasons of the others.
    fn compile(&self, scratch: &Path, text: Text<'_>) -> Result<ByOne<'_>, Diagnostic> {
        let mut refusals: Vec<Diagnostic> = Vec::new();
        for compiler in self.compilers {
            let text = text.of(compiler.identity().kind);
            match compiler.compile(self.unit, self.arch, self.flags, scratch, text) {
                Ok(mut compiled) => {
                    // A compiler that is broken is said aloud; one that does not know what a source needs is in the report.
                    let broken = refusals.iter().filter(|refusal| refusal.id == Id::CompilerUnusable);
                    compiled.warnings.append_all(broken.map(|refusal| {
                        let by = compiler.identity();
                        Diagnostic::warning(refusal.id, format!("{}; compiled by {by}", refusal.message))
                    }));
                    let note = refusals.first().map(short);
                    return Ok((compiler.as_ref(), compiled, note));
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        let last = refusals
            .pop()
            .unwrap_or_else(|| Diagnostic::error(Id::CompilerMissing, "no compiler found for it"));
        Err(last.unit(self.unit.name.as_str()))
    }

    /// Compiles, and has the compiler of this kind preprocess on another thread where that is sooner done.
    fn compile_and_preprocess(
        &self,
        kind: CompilerKind,
        scratch: &Path,
        shared: &Shared<'_>,
    ) -> Result<ByOne<'_>, Diagnostic> {
        let Some(apart) = self.compiler(kind).filter(|compiler| compiler.preprocesses_apart()) else {
            return self.compile(scratch, Text::Wanted);
        };
        let (compiled, text) = schedule::overlap(
            shared.permits,
            |begin| self.compile(scratch, Text::Elsewhere(kind, begin)),
            || apart.preprocess(self.unit, self.arch, self.flags, scratch),
        );
        let (compiler, mut compiled, note) = compiled?;
        // Where they read different files, one of those has changed in between.
        let text = text.filter(|text| text.dependencies == compiled.dependencies);
        if compiler.identity().kind == kind {
            compiled.preprocessed = text.and_then(|text| text.text);
        }
        Ok((compiler, compiled, note))
    }

    fn remember(
        &self,
        manifest: &mut Manifest,
        request: &Digest,
        (action, began): (&Action, SystemTime),
        compiled: &Compiled,
        shared: &Shared<'_>,
    ) {
        let read = (compiled.dependencies.as_slice(), &compiled.variables);
        let record = self.record(request, action, read, shared);
        // Asked when all of them have been read: what has changed meanwhile is not what was compiled.
        if compiled.dependencies.iter().any(|file| has_changed(file, began)) {
            return;
        }
        // The blob first: what an action names is there, or the action is a miss.
        keep(shared, Space::Blob, &action.digest, &compiled.ptx);
        let text = action.to_text();
        if let Some(digest) = &action.text {
            let key = action::of_text(request, action.compiler, digest);
            keep(shared, Space::Action, &key, text.as_bytes());
        }
        if let Some(record) = record {
            keep(shared, Space::Action, &record.action, text.as_bytes());
            self.keep_record(record, manifest, request, shared);
        }
    }

    fn keep_record(&self, record: Record, manifest: &mut Manifest, request: &Digest, shared: &Shared<'_>) {
        self.keep_codes(&record, shared);
        manifest.remember(record);
        let text = manifest.to_text(&self.unit.crate_root);
        keep(shared, Space::Manifest, request, text.as_bytes());
    }
}

/// A variable among the names of files in a report.
fn variable(name: &str) -> PathBuf {
    PathBuf::from(format!("${name}"))
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
        .seek(|line| line.contains("error"))
        .unwrap_or_default();
    if first.is_empty() {
        refusal.message.clone()
    } else {
        format!("{}: {}", refusal.message, first.trim())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::compiler::CompilerIdentity;
    use crate::sorted::Set;
    use crate::unit::{Language, Unit, UnitName};

    /// A compiler that compiles everything, or refuses it.
    struct Fixed(CompilerIdentity, Option<Diagnostic>);

    impl Compiler for Fixed {
        fn identity(&self) -> &CompilerIdentity {
            &self.0
        }

        fn compile(&self, _: &Unit, _: Arch, _: &[String], _: &Path, _: Text<'_>) -> Result<Compiled, Diagnostic> {
            match &self.1 {
                Some(refusal) => Err(refusal.clone()),
                None => Ok(Compiled {
                    ptx: b".version 8.0".to_vec(),
                    dependencies: Vec::new(),
                    warnings: Vec::new(),
                    preprocessed: None,
                    variables: Set::new(),
                }),
            }
        }
    }

    fn fixed(kind: CompilerKind, refusal: Option<Diagnostic>) -> Box<dyn Compiler> {
        let identity = CompilerIdentity {
            kind,
            version: "13.0".to_owned(),
            digest: Digest::of(b""),
        };
        Box::new(Fixed(identity, refusal))
    }

    /// What compiled, the note about it, and its warnings; or the error.
    fn compiled(compilers: &[Box<dyn Compiler>]) -> Result<(CompilerKind, Option<String>, Vec<String>), Diagnostic> {
        let unit = Unit {
            name: UnitName::from("k.cu"),
            path: PathBuf::from("/k.cu"),
            language: Language::Cuda,
            crate_root: PathBuf::from("/"),
        };
        let task = Task {
            unit: &unit,
            arch: Arch::DEFAULT,
            flags: &[],
            output: Path::new("k.ptx"),
            compilers,
        };
        let (compiler, compiled, note) = task.compile(Path::new("scratch"), Text::Wanted)?;
        let warnings = compiled.warnings.iter().map(ToString::to_string).collect();
        Ok((compiler.identity().kind, note, warnings))
    }

    #[test]
    fn a_broken_compiler_that_is_passed_over_is_said_aloud_with_the_one_that_compiled() {
        let broken = || {
            let refusal = Diagnostic::error(Id::CompilerUnusable, "NVRTC 13.0 has no library of builtins");
            fixed(CompilerKind::Nvrtc, Some(refusal))
        };
        let nvcc = || fixed(CompilerKind::Nvcc, None);
        let (kind, note, warnings) = compiled(&[broken(), nvcc()]).unwrap();
        assert_eq!(kind, CompilerKind::Nvcc);
        assert_eq!(note.as_deref(), Some("NVRTC 13.0 has no library of builtins"));
        assert_eq!(
            warnings,
            ["warning[compiler_unusable]: NVRTC 13.0 has no library of builtins; compiled by nvcc 13.0"]
        );
        // One that does not know what the source needs is in the note alone.
        let lacks = || {
            let refusal = Diagnostic::error(Id::SourceRefused, "NVRTC 13.0 refused the source");
            fixed(CompilerKind::Nvrtc, Some(refusal))
        };
        let (kind, note, warnings) = compiled(&[lacks(), nvcc()]).unwrap();
        assert_eq!((kind, warnings), (CompilerKind::Nvcc, Vec::new()));
        assert_eq!(note.as_deref(), Some("NVRTC 13.0 refused the source"));
        // The first that compiles is not told of the others.
        let (kind, note, warnings) = compiled(&[nvcc(), broken()]).unwrap();
        assert_eq!((kind, note, warnings), (CompilerKind::Nvcc, None, Vec::new()));
        let error = compiled(&[lacks(), broken()]).unwrap_err();
        assert_eq!((error.id, error.unit.as_deref()), (Id::CompilerUnusable, Some("k.cu")));
    }
}
