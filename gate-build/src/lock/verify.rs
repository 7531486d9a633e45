//! Comparing a lock with the files of its crate.

use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{KernelLock, LOCK_FILE, LockedEntry, LockedImage, LockedUnit, Part, RELOCK, line_of, script};
use crate::arch::Arch;
use crate::compiler::plain;
use crate::digest::{Digest, Fields};
use crate::glob;
use crate::ptx::Module;
use crate::sorted::{Append as _, List as _, Map, Set};
use crate::unit::UnitName;

/// The build script, as cargo calls it where no manifest does.
const SCRIPT: &str = "build.rs";

/// Digest of a text file, the same whichever line ends a checkout has: `\r\n` counts as `\n`. For files with `\n`
/// it is what `sha256sum` prints.
#[must_use]
pub fn text_digest(bytes: &[u8]) -> Digest {
    Digest::of(&unix_lines(bytes))
}

/// The bytes with `\r\n` as `\n`.
fn unix_lines(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if !bytes.contains(&b'\r') {
        return std::borrow::Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    std::borrow::Cow::Owned(out)
}

/// Fingerprint of a list of sources: SHA-256 over the text `kernel sources 1` and then each path and its 32 bytes of digest in the order of the
/// paths, every part preceded by its length as eight bytes, least significant first.
#[must_use]
pub fn source_fingerprint(sources: &Map<String, Digest>) -> Digest {
    let mut fields = Fields::new("kernel sources 1");
    for (path, digest) in sources {
        fields.add(path, digest.bytes());
    }
    fields.finish()
}

/// What is wrong with a lock or a file it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// `kernels.lock` is missing, cannot be read or understood, or contradicts itself.
    Lock,
    /// A source is there for which the lock has no PTX.
    Incomplete,
    /// A source is missing or differs from the one that was locked.
    SourceChanged,
    /// The build script has other flags than those that were locked.
    FlagsChanged,
    /// A PTX file is missing or cannot be read.
    PtxMissing,
    /// A PTX file differs from the one that was locked.
    PtxChanged,
    /// A path of the lock leads out of the crate.
    PathEscapes,
    /// The entries of a PTX file are not those of the lock.
    Entries,
}

impl ProblemKind {
    /// Stable code: `source_changed`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ProblemKind::Lock => "lock_invalid",
            ProblemKind::Incomplete => "lock_incomplete",
            ProblemKind::SourceChanged => "source_changed",
            ProblemKind::FlagsChanged => "flags_changed",
            ProblemKind::PtxMissing => "ptx_missing",
            ProblemKind::PtxChanged => "ptx_changed",
            ProblemKind::PathEscapes => "path_escapes",
            ProblemKind::Entries => "entries_differ",
        }
    }
}

/// A problem, in the words a user reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockProblem {
    /// The file it is about, relative to the crate with `/`.
    pub file: String,
    /// Its line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong.
    pub message: String,
    /// What to do about it: a command or an edit.
    pub help: String,
}

impl fmt::Display for LockProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for LockProblem {}

impl KernelLock {
    /// Reads `kernels.lock` of a crate; `None` when there is none.
    ///
    /// # Errors
    /// The file cannot be read or is no kernel lock.
    pub fn read(crate_root: &Path) -> Result<Option<Self>, LockProblem> {
        let problem = |line, message| LockProblem {
            file: LOCK_FILE.to_string(),
            line,
            kind: ProblemKind::Lock,
            message,
            help: format!("restore it from version control, or regenerate it with `{RELOCK}`"),
        };
        let bytes = match std::fs::read(crate_root.join(LOCK_FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(problem(None, format!("cannot read the lock: {error}"))),
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
            problem(Some(line), "the lock is not UTF-8".to_string())
        })?;
        Self::parse(&text)
            .map(Some)
            .map_err(|error| problem(Some(error.line), error.message))
    }

    /// Compares the lock with the sources and PTX files of the crate. Sorted; empty when everything is as it was locked.
    #[must_use]
    pub fn verify(&self, crate_root: &Path) -> Vec<LockProblem> {
        let mut read = |path: &str| std::fs::read(crate_root.join(path));
        let names = self.sources_in(crate_root);
        self.verify_with(&mut read, names.iter().map(String::as_str))
    }

    /// Names of the files that the patterns of the build script match now, sorted.
    #[must_use]
    pub fn sources_in(&self, crate_root: &Path) -> Set<String> {
        // What matches nothing any more is about sources that are gone, which is said of each of them.
        let expand = |pattern: &String| match pattern.strip_prefix('!') {
            Some(_) => Vec::new(),
            None => glob::expand(crate_root, pattern).unwrap_or_default(),
        };
        let files = self.cuda.iter().flat_map(expand);
        files
            .map(|file| UnitName::of(crate_root, &plain(&file)).to_string())
            .collect()
    }

    /// [`KernelLock::verify`] over files that `read` knows by their path relative to the crate, with `/`. `files` are the paths of all files in
    /// which there may be sources.
    pub fn verify_with<'a>(
        &self,
        read: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
        files: impl IntoIterator<Item = &'a str>,
    ) -> Vec<LockProblem> {
        let mut problems = self.unlocked(files);
        if let Some(script) = read(SCRIPT).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
            problems.append_all(self.other_archs(&script));
        }
        for (unit, locked) in &self.units {
            for (arch, image) in &locked.images {
                problems.append_all(image.changed_sources(unit, *arch, read));
                if let Err(problem) = image.verified_ptx(unit, *arch, read) {
                    problems.push(problem);
                }
            }
        }
        crate::sorted::sort(&mut problems);
        problems.dedup();
        problems
    }

    /// Architectures that the text of the build script names and the lock has not, and the other way round.
    fn other_archs(&self, text: &str) -> Vec<LockProblem> {
        let Some(asked) = script::asked(text) else {
            return Vec::new();
        };
        let asked = asked.of(self.units.keys().map(UnitName::as_str));
        let locked = |unit: &LockedUnit| unit.images.keys().copied().collect::<Set<_>>();
        let all: Set<Arch> = self.units.values().flat_map(locked).collect();
        let problem = |message: String| LockProblem {
            file: SCRIPT.to_string(),
            line: None,
            kind: ProblemKind::Incomplete,
            message,
            help: format!("recompile and lock it with `{RELOCK}`"),
        };
        if self.units.is_empty() {
            return Vec::new();
        }
        let missing = asked.difference(&all);
        let missing = missing.map(|arch| problem(format!("it names {arch}, and `{LOCK_FILE}` has no PTX for that")));
        let spare = all.difference(&asked);
        let spare = spare.map(|arch| problem(format!("it does not name {arch}, and `{LOCK_FILE}` has PTX for that")));
        missing.chain(spare).list()
    }

    /// Whether the patterns of the build script name a file, and none leaves it out.
    fn covers(&self, file: &str) -> bool {
        let mut excluded = self.cuda.iter().filter_map(|pattern| pattern.strip_prefix('!'));
        self.cuda.iter().any(|pattern| glob::covers(pattern, file))
            && !excluded.any(|pattern| glob::covers(pattern, file))
    }

    /// Those of these files that the patterns of the build script name and that are no unit of the lock.
    fn unlocked<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Vec<LockProblem> {
        files
            .into_iter()
            .filter(|file| self.covers(file))
            .filter(|file| !self.units.contains_key(&UnitName::from(*file)))
            .map(|file| LockProblem {
                file: file.to_string(),
                line: None,
                kind: ProblemKind::Incomplete,
                message: format!("`{LOCK_FILE}` has no PTX for it"),
                help: format!("compile and lock it with `{RELOCK}`"),
            })
            .list()
    }
}

impl LockedImage {
    /// The sources of this image that are not as they were locked.
    pub fn changed_sources(
        &self,
        unit: &UnitName,
        arch: Arch,
        read: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
    ) -> Vec<LockProblem> {
        let mut problems = Vec::new();
        for (path, digest) in &self.sources {
            let relock = format!("recompile and lock it with `{RELOCK}`");
            let (message, help) = match read(path) {
                Ok(bytes) if text_digest(&bytes) == *digest => continue,
                Ok(_) => (
                    format!("changed since the PTX of `{unit}` for {arch} was locked"),
                    relock,
                ),
                Err(error) => (
                    format!("cannot read this source of the PTX of `{unit}` for {arch}: {error}"),
                    format!("restore it from version control, or {relock}"),
                ),
            };
            problems.push(LockProblem {
                file: path.clone(),
                line: None,
                kind: ProblemKind::SourceChanged,
                message,
                help,
            });
        }
        problems
    }

    /// Whether a build script has other flags now than those that this image was compiled with.
    #[must_use]
    pub fn changed_flags(
        &self,
        unit: &UnitName,
        arch: Arch,
        now: &[String],
        text: Option<&str>,
    ) -> Option<LockProblem> {
        if self.flags == now {
            return None;
        }
        let shown = |flags: &[String]| match flags {
            [] => "no flags".to_string(),
            flags => format!("`{}`", flags.join(" ")),
        };
        Some(LockProblem {
            file: LOCK_FILE.to_string(),
            line: text.and_then(|text| line_of(text, unit.as_str(), &arch.to_string(), Part::Field("flags"))),
            kind: ProblemKind::FlagsChanged,
            message: format!(
                "the PTX of `{unit}` for {arch} was compiled with {}, but the build script has {}",
                shown(&self.flags),
                shown(now)
            ),
            help: format!("recompile and lock it with `{RELOCK}`, or correct `.flag(…)` in build.rs"),
        })
    }

    /// Reads the PTX file of this image and compares it with the lock: place, digest, version, entries with the types of their parameters.
    /// Line ends are `\n` in what is returned.
    ///
    /// # Errors
    /// The file is missing or differs.
    pub fn verified_ptx(
        &self,
        unit: &UnitName,
        arch: Arch,
        read: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, LockProblem> {
        let problem = |file: &str, line, kind, message| LockProblem {
            file: file.to_string(),
            line,
            kind,
            message,
            help: format!("restore it from version control, or recompile and lock it with `{RELOCK}`"),
        };
        let line_in_lock = |read: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>, part: Part<'_>| {
            let text = String::from_utf8(read(LOCK_FILE).ok()?).ok()?;
            line_of(&text, unit.as_str(), &arch.to_string(), part)
        };
        if escapes(&self.ptx) {
            let message = format!(
                "`ptx = \"{}\"` of `{unit}` for {arch} points outside the crate",
                self.ptx
            );
            let line = line_in_lock(read, Part::Field("ptx"));
            return Err(problem(LOCK_FILE, line, ProblemKind::PathEscapes, message));
        }
        let bytes = read(&self.ptx).map_err(|error| {
            let message = format!("cannot read the locked PTX of `{unit}` for {arch}: {error}");
            problem(&self.ptx, None, ProblemKind::PtxMissing, message)
        })?;
        let bytes = unix_lines(&bytes).into_owned();
        let found = Digest::of(&bytes);
        if found != self.ptx_digest {
            let cut = std::str::from_utf8(&bytes)
                .ok()
                .and_then(|text| Module::parse(text).err());
            let (line, detail) = match cut {
                Some(error) => (Some(error.line), format!("; {}", error.message)),
                None => (None, String::new()),
            };
            let message = format!(
                "differs from the locked PTX of `{unit}` for {arch}: its digest is {found}, not {}{detail}",
                self.ptx_digest
            );
            return Err(problem(&self.ptx, line, ProblemKind::PtxChanged, message));
        }
        let found = std::str::from_utf8(&bytes)
            .map_err(|_| {
                (
                    Part::Field("ptx"),
                    format!("the locked file `{}` is not text", self.ptx),
                )
            })
            .and_then(|text| {
                Module::parse(text).map_err(|error| {
                    (
                        Part::Field("ptx"),
                        format!("the locked file `{}` is not valid PTX: {error}", self.ptx),
                    )
                })
            });
        let disagreement = match &found {
            Ok(module) => self.disagreement(arch, module).map(|(part, message)| {
                let message = format!("`{}` does not match its entry in the lock: {message}", self.ptx);
                (part, message)
            }),
            Err(wrong) => Some(wrong.clone()),
        };
        if let Some((part, message)) = disagreement {
            let line = line_in_lock(read, part);
            return Err(problem(LOCK_FILE, line, ProblemKind::Entries, message));
        }
        Ok(bytes)
    }

    /// How a module contradicts what the lock says about it, and where that stands.
    fn disagreement<'a>(&'a self, arch: Arch, module: &'a Module) -> Option<(Part<'a>, String)> {
        if module.target != arch {
            let message = format!("it targets {}, but the lock says {arch}", module.target);
            return Some((Part::Field("arch"), message));
        }
        if module.version != self.isa {
            let message = format!("its `.version` is {}, but the lock says {}", module.version, self.isa);
            return Some((Part::Field("isa"), message));
        }
        for entry in &module.entries {
            let Some(locked) = self.entries.get(&entry.name) else {
                return Some((Part::Whole, format!("entry `{}` is not in the lock", entry.name)));
            };
            let wrong = |message| Some((Part::Entry(&entry.name), message));
            let found = LockedEntry {
                usage: locked.usage,
                ..LockedEntry::of(entry)
            };
            if found.params != locked.params {
                let list = |entry: &LockedEntry| entry.params.iter().map(ToString::to_string).list().join(", ");
                return wrong(format!(
                    "entry `{}` takes ({}), but the lock says ({})",
                    entry.name,
                    list(&found),
                    list(locked)
                ));
            }
            if found.performance != locked.performance {
                return wrong(format!(
                    "the performance directives of entry `{}` differ from the lock",
                    entry.name
                ));
            }
        }
        let missing = self.entries.keys().seek(|name| module.entry(name).is_none())?;
        let message = format!("entry `{missing}` is in the lock but not in the module");
        Some((Part::Entry(missing), message))
    }
}

/// Whether a path is anything else than a plain path below the directory it is relative to, on any operating system.
fn escapes(path: &str) -> bool {
    path.is_empty()
        || path.contains(['\\', ':', '\0'])
        || PathBuf::from(path)
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
}
