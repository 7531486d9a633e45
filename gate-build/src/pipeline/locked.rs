//! The kernel lock in a build: taking PTX from it, writing it, comparing with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::plan::Plan;
use super::task::has_changed;
use crate::arch::Arch;
use crate::built::{BuiltImage, BuiltUnit, Provenance};
use crate::compiler::{Asked, CompilerIdentity, CompilerKind};
use crate::diagnostic::{Diagnostic, Id, Place};
use crate::digest::Digest;
use crate::disk;
use crate::env::Env;
use crate::error::Error;
use crate::headers::Headers;
use crate::kernels::Kernels;
use crate::lock::{
    Compilation, KernelLock, LOCK_FILE, LockProblem, LockedCompiler, LockedImage, LockedUnit, ProblemKind, RELOCK,
    digest_sources,
};
use crate::ptx::Roots;
use crate::resources::{Facts, Ptxas};
use crate::schedule::{self, Permits};
use crate::sorted::{Append as _, List as _, Map, Set};
use crate::unit::{Language, Unit, UnitName};

/// What `GATE_KERNELS_LOCK` asks of a build that compiles.
#[derive(PartialEq, Eq)]
pub(super) enum Lock {
    /// Nothing.
    Leave,
    /// Write it anew.
    Write,
    /// Fail where the compiler does not write again what is locked.
    Check,
}

impl Lock {
    pub(super) fn of(env: &Env) -> Result<Self, Error> {
        match env.variable("GATE_KERNELS_LOCK").map(|value| value.to_str()) {
            None => Ok(Lock::Leave),
            Some(Some("write")) => Ok(Lock::Write),
            Some(Some("check")) => Ok(Lock::Check),
            Some(_) => Err(Error::configuration(
                "invalid value for `GATE_KERNELS_LOCK`: expected `write` or `check`",
                "set it to `write` or `check`, or unset it",
            )),
        }
    }
}

fn id_of(kind: &ProblemKind) -> Id {
    match kind {
        ProblemKind::Lock => Id::LockInvalid,
        ProblemKind::Incomplete => Id::LockIncomplete,
        ProblemKind::SourceChanged => Id::SourceChanged,
        ProblemKind::FlagsChanged => Id::FlagsChanged,
        ProblemKind::PtxMissing => Id::PtxMissing,
        ProblemKind::PtxChanged => Id::PtxChanged,
        ProblemKind::PathEscapes => Id::PathEscapes,
        ProblemKind::Entries => Id::EntriesDiffer,
    }
}

fn diagnostic(root: &Path, problem: LockProblem) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(id_of(&problem.kind), problem.message).help(problem.help);
    diagnostic.place = Some(Box::new(Place {
        file: root.join(&problem.file),
        line: problem.line.and_then(|line| line.try_into().ok()).unwrap_or(1),
        column: None,
    }));
    diagnostic
}

/// What a build takes from the lock.
pub(super) struct Taken {
    pub units: Vec<BuiltUnit>,
    /// Files that were read for them.
    pub files: Vec<PathBuf>,
    pub warnings: Vec<Diagnostic>,
}

/// The image for a device: that of its architecture, else, where a variable names the device, the latest whose PTX runs there.
fn image_for(images: &Map<Arch, LockedImage>, device: Arch, of_variable: bool) -> Option<(Arch, &LockedImage)> {
    let exact = images.get(&device).map(|image| (device, image));
    exact.or_else(|| {
        let runs = images.iter().filter(|(arch, _)| of_variable && arch.runs_on(device));
        runs.map(|(arch, image)| (*arch, image)).last()
    })
}

/// The PTX of every unit from the lock, written below `out`, each verified by its digest and by its sources. `None`
/// when there is no lock.
pub(super) fn take(plan: &Plan, declared: &[Headers], root: &Path, out: &Path) -> Result<Option<Taken>, Error> {
    let lock = match KernelLock::read(root) {
        Ok(Some(lock)) => lock,
        Ok(None) => return Ok(None),
        Err(problem) => return Err(Error::Kernels(vec![diagnostic(root, problem)])),
    };
    let mut problems = Vec::new();
    problems.append_all(other_headers(&lock.headers, declared));
    let mut units = Vec::new();
    let mut files = vec![root.join(LOCK_FILE)];
    let mut instead = Set::new();
    for unit in &plan.units {
        let mut images: Vec<BuiltImage> = Vec::new();
        let locked = lock.units.get(&unit.name);
        let targets = plan.targets(unit);
        // What a compiler would know, the lock has.
        let known = locked.filter(|_| targets.all_major).into_iter();
        let known = known.flat_map(|locked| locked.images.keys().copied());
        let mut devices: Set<Arch> = targets.archs.iter().copied().chain(known).collect();
        if devices.is_empty() {
            devices.insert(Arch::DEFAULT);
        }
        for device in devices {
            let found = locked.and_then(|locked| image_for(&locked.images, device, plan.of_variable));
            let Some((arch, locked)) = found else {
                let arch = device;
                problems.push(
                    Diagnostic::error(Id::LockIncomplete, format!("`{LOCK_FILE}` has no PTX for it on {arch}"))
                        .unit(unit.name.as_str())
                        .help(format!("on a machine with a compiler, run `{RELOCK}`")),
                );
                continue;
            };
            if arch != device {
                instead.insert((device, arch));
            }
            if images.iter().any(|image| image.arch == arch) {
                continue;
            }
            if let Some(problem) = other_flags(plan, unit, arch, locked, root) {
                problems.push(problem);
                continue;
            }
            match image(unit, arch, locked, root, out) {
                Ok(image) => {
                    files.push(root.join(&locked.ptx));
                    files.append_all(image.dependencies.iter().cloned());
                    images.push(image);
                }
                Err(diagnostics) => problems.append_all(diagnostics),
            }
        }
        units.push(BuiltUnit {
            name: unit.name.clone(),
            language: unit.language,
            images,
        });
    }
    if problems.is_empty() {
        let warnings = instead.into_iter().map(|(device, arch)| {
            let message = format!("`{LOCK_FILE}` has no PTX for {device}: taking that for {arch}, which runs there");
            Diagnostic::warning(Id::LockIncomplete, message)
        });
        Ok(Some(Taken {
            units,
            files,
            warnings: warnings.list(),
        }))
    } else {
        Err(Error::Kernels(problems))
    }
}

/// Libraries of headers are what they were when the lock was written, as far as build.rs says it: they need not be on this machine.
fn other_headers(locked: &Set<String>, declared: &[Headers]) -> Option<Diagnostic> {
    let names: Vec<String> = declared.iter().map(Headers::name).list();
    let is_of = |shown: &String, name: &String| shown == name || shown.starts_with(&format!("{name} "));
    let same = names.len() == locked.len() && names.iter().all(|name| locked.iter().any(|shown| is_of(shown, name)));
    (!same).then(|| {
        let message = format!("the libraries of headers in build.rs are not those of `{LOCK_FILE}`");
        Diagnostic::error(Id::FlagsChanged, message).help(format!("on a machine with a compiler, run `{RELOCK}`"))
    })
}

/// What build.rs asks for decides about PTX as much as the source does.
fn other_flags(plan: &Plan, unit: &Unit, arch: Arch, locked: &LockedImage, root: &Path) -> Option<Diagnostic> {
    // Most flags are about CUDA sources alone.
    let flags = plan.flags(unit, arch);
    let same = locked.flags == flags;
    if same || unit.language == Language::Rust && Asked::of_rust(&flags) == Asked::of_rust(&locked.flags) {
        return None;
    }
    let text = fs::read_to_string(root.join(LOCK_FILE)).ok();
    let problem = locked.changed_flags(&unit.name, arch, &flags, text.as_deref())?;
    Some(diagnostic(root, problem).unit(unit.name.as_str()))
}

/// The patterns of a build script as the lock keeps them, `!` before those that leave sources out.
fn patterns(kernels: &Kernels) -> Set<String> {
    let relative = |pattern: &&String| !Path::new(pattern).is_absolute() && !pattern.starts_with(['/', '\\']);
    let excluded = kernels
        .excluded
        .iter()
        .filter(relative)
        .map(|pattern| format!("!{pattern}"));
    let named = kernels.cuda.iter().filter(relative).cloned();
    named
        .chain(excluded)
        .map(|pattern| pattern.replace('\\', "/"))
        .collect()
}

fn image(
    unit: &Unit,
    arch: Arch,
    locked: &LockedImage,
    root: &Path,
    out: &Path,
) -> Result<BuiltImage, Vec<Diagnostic>> {
    let mut read = |path: &str| fs::read(root.join(path));
    let changed = locked.changed_sources(&unit.name, arch, &mut read);
    if !changed.is_empty() {
        return Err(changed
            .into_iter()
            .map(|problem| diagnostic(root, problem).unit(unit.name.as_str()))
            .list());
    }
    let one = |diagnostic: Diagnostic| vec![diagnostic.unit(unit.name.as_str())];
    let ptx = locked
        .verified_ptx(&unit.name, arch, &mut read)
        .map_err(|problem| one(diagnostic(root, problem)))?;
    let file = out.join(format!("{}.{arch}.ptx", unit.name.file_stem()));
    disk::write_if_changed(&file, &ptx).map_err(|error| {
        one(Diagnostic::error(
            Id::FileAccess,
            format!("cannot write `{}`: {error}", file.display()),
        ))
    })?;
    let compiler = CompilerKind::named(&locked.compiler.kind).map(|kind| CompilerIdentity {
        kind,
        version: locked.compiler.version.clone(),
        // The installation is on another machine.
        digest: Digest::of(b""),
    });
    Ok(BuiltImage {
        arch,
        ptx: file,
        digest: locked.ptx_digest,
        provenance: Provenance::Locked,
        compiler,
        flags: locked.flags.clone(),
        dependencies: locked.sources.keys().map(|name| root.join(name)).list(),
    })
}

/// One image as it would be locked, and the text of its PTX file.
struct Candidate<'a> {
    unit: &'a BuiltUnit,
    image: &'a BuiltImage,
}

/// What writing and comparing need.
pub(super) struct Locker<'a> {
    pub kernels: &'a Kernels,
    pub plan: &'a Plan,
    /// Libraries of headers, as the lock keeps them.
    pub headers: Set<String>,
    pub root: &'a Path,
    pub env: &'a Env,
    /// When the build began, by the clock that dates files.
    pub began: SystemTime,
    /// ptxas, where there is one, and a folder to remember its answers in.
    pub ptxas: Option<(Ptxas, PathBuf)>,
}

impl Locker<'_> {
    fn roots(&self) -> Roots {
        Roots::new([self.root.to_string_lossy()])
    }

    /// The files of a dependency list that belong to the crate or lie beside it, not those of compilers.
    fn sources(&self, image: &BuiltImage) -> Vec<PathBuf> {
        image
            .dependencies
            .iter()
            .filter(|file| {
                file.starts_with(self.root) || self.plan.folders.iter().any(|folder| file.starts_with(folder))
            })
            .cloned()
            .list()
    }

    fn locked(&self, candidate: &Candidate<'_>) -> Result<(LockedImage, String), Diagnostic> {
        let Candidate { unit, image } = candidate;
        let error = |id, message: String| Diagnostic::error(id, message).unit(unit.name.as_str());
        let text = fs::read_to_string(&image.ptx).map_err(|problem| {
            error(
                Id::FileAccess,
                format!("cannot read `{}`: {problem}", image.ptx.display()),
            )
        })?;
        let files = self.sources(image);
        let sources =
            digest_sources(self.root, &files, &[]).map_err(|problem| error(Id::FileAccess, problem.to_string()))?;
        if let Some(file) = files.iter().seek(|file| has_changed(file, self.began)) {
            let name = UnitName::of(self.root, file);
            let message = format!("`{name}` was saved while the PTX for {} was compiled", image.arch);
            return Err(error(Id::SourceChanged, message).help("run the command again"));
        }
        let facts: Option<(Facts, String)> = match &self.ptxas {
            Some((ptxas, cache)) => {
                // Of the text without what differs between machines, so that each of them asks for the same.
                let normal = crate::ptx::normalise(&text, &self.roots());
                let facts = ptxas
                    .examine(&normal, Some(cache))
                    .map_err(|problem| error(Id::PtxasFailed, problem.to_string()))?;
                Some((facts, ptxas.version()))
            }
            None => None,
        };
        let Some(identity) = &image.compiler else {
            return Err(error(
                Id::LockInvalid,
                "the compiler that produced it is unknown".to_owned(),
            ));
        };
        let compiler = LockedCompiler {
            kind: identity.kind.to_string(),
            version: identity.version.clone(),
        };
        LockedImage::of(&Compilation {
            unit: &unit.name,
            arch: image.arch,
            text: &text,
            sources: &sources,
            compiler: &compiler,
            flags: &image.flags,
            roots: &self.roots(),
            facts: facts.as_ref().map(|(facts, version)| (facts, version.as_str())),
        })
        .map_err(|problem| error(Id::PtxInvalid, problem.to_string()))
    }

    /// Writes the lock anew.
    pub(super) fn write(&self, units: &[BuiltUnit]) -> Result<(), Error> {
        let candidates: Vec<Candidate<'_>> = units
            .iter()
            .flat_map(|unit| unit.images.iter().map(move |image| Candidate { unit, image }))
            .list();
        let results = schedule::run(self.env, &Permits::default(), candidates, |candidate| {
            let locked = self.locked(&candidate);
            (candidate.unit.name.clone(), candidate.image.arch, locked)
        });
        let mut lock = KernelLock {
            budgets: self.kernels.budgets.clone(),
            cuda: patterns(self.kernels),
            headers: self.headers.clone(),
            ..KernelLock::default()
        };
        let mut texts = Map::new();
        let mut problems = Vec::new();
        for (name, arch, result) in results.into_iter().map(|ran| ran.result) {
            match result {
                Ok((image, text)) => {
                    texts.insert(image.ptx.clone(), text);
                    let unit: &mut LockedUnit = lock.units.or_default(name);
                    unit.images.insert(arch, image);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Kernels(problems));
        }
        lock.write(self.root, &texts)
            .map_err(Error::io("cannot write", self.root.join(LOCK_FILE)))?;
        Ok(())
    }

    /// Fails where the compiler that is named in the lock, or one whose output is the same, does not write again what
    /// is locked.
    pub(super) fn check(&self, units: &[BuiltUnit]) -> Result<(), Error> {
        let lock = match KernelLock::read(self.root) {
            Ok(Some(lock)) => lock,
            Ok(None) => {
                return Err(Error::missing(
                    Id::LockMissing,
                    format!("no `{LOCK_FILE}` to compare with"),
                    format!("write it with `{RELOCK}`"),
                ));
            }
            Err(problem) => return Err(Error::Kernels(vec![diagnostic(self.root, problem)])),
        };
        let mut problems: Vec<Diagnostic> = lock
            .verify(self.root)
            .into_iter()
            .map(|problem| diagnostic(self.root, problem))
            .list();
        let kept = [
            ("budgets", lock.budgets == self.kernels.budgets),
            ("source patterns", lock.cuda == patterns(self.kernels)),
            ("libraries of headers", lock.headers == self.headers),
        ];
        for (what, _) in kept.into_iter().filter(|(_, same)| !same) {
            let message = format!("the {what} in `{LOCK_FILE}` differ from the build script");
            let remedy = format!("run `{RELOCK}`");
            problems.push(Diagnostic::error(Id::LockNotReproduced, message).help(remedy));
        }
        for unit in units {
            for image in &unit.images {
                let locked = lock
                    .units
                    .get(&unit.name)
                    .and_then(|locked| locked.images.get(&image.arch));
                problems.append_all(self.difference(unit, image, locked));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Kernels(problems))
        }
    }

    fn difference(&self, unit: &BuiltUnit, image: &BuiltImage, locked: Option<&LockedImage>) -> Option<Diagnostic> {
        let help = format!("see the differences with `cargo gate kernels diff`, then run `{RELOCK}`");
        let error = |id, message: String| Some(Diagnostic::error(id, message).unit(unit.name.as_str()).help(&help));
        let Some(locked) = locked else {
            return error(
                Id::LockIncomplete,
                format!("`{LOCK_FILE}` has no PTX for it on {}", image.arch),
            );
        };
        let text = match fs::read_to_string(&image.ptx) {
            Ok(text) => text,
            Err(problem) => {
                return error(
                    Id::FileAccess,
                    format!("cannot read `{}`: {problem}", image.ptx.display()),
                );
            }
        };
        if locked.reproduced_by(&text, &self.roots()) {
            return match self.locked(&Candidate { unit, image }) {
                Ok((now, _)) => other_facts(&now, locked).and_then(|what| {
                    error(
                        Id::LockNotReproduced,
                        format!("the PTX for {} matches the lock, but {what}", image.arch),
                    )
                }),
                Err(problem) => Some(problem),
            };
        }
        let now = image.compiler.as_ref().map(ToString::to_string).unwrap_or_default();
        error(
            Id::LockNotReproduced,
            format!(
                "{now} does not reproduce the locked PTX for {}, which {} produced",
                image.arch, locked.compiler
            ),
        )
    }
}

/// What the lock says of an image, beside its PTX, that is not so: somebody edited it, or build.rs.
fn other_facts(now: &LockedImage, locked: &LockedImage) -> Option<String> {
    if now.flags != locked.flags {
        return Some(format!(
            "its flags are `{}`, and the lock says `{}`",
            now.flags.join(" "),
            locked.flags.join(" ")
        ));
    }
    // Another ptxas may well give other numbers.
    if now.ptxas.is_none() || now.ptxas != locked.ptxas {
        return None;
    }
    let (name, _) = now.entries.iter().seek(|(name, entry)| {
        let said = locked.entries.get(*name).and_then(|entry| entry.usage);
        entry.usage != said
    })?;
    Some(format!("the ptxas resource usage of `{name}` differs from the lock"))
}
