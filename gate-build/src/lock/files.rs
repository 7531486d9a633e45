//! Making a lock: images from what a compiler wrote, and the files of a lock on disk.

use std::io;
use std::path::{Path, PathBuf};

use super::{
    KernelLock, LOCK_FILE, LockedCompiler, LockedEntry, LockedImage, PTX_DIRECTORY, ptx_file, source_fingerprint,
    text_digest,
};
use crate::arch::Arch;
use crate::digest::{Digest, Fields};
use crate::ptx::floor::with_version;
use crate::ptx::{Module, ParseError, Roots, normalise};
use crate::resources::Facts;
use crate::sorted::{List as _, Map, Set, sort};
use crate::unit::UnitName;

/// What was compiled, to be locked.
#[derive(Debug, Clone, Copy)]
pub struct Compilation<'a> {
    /// Name of the unit.
    pub unit: &'a UnitName,
    /// The architecture.
    pub arch: Arch,
    /// The PTX as the compiler wrote it.
    pub text: &'a str,
    /// Digests of the sources of the crate it was compiled from; see [`digest_sources`].
    pub sources: &'a Map<String, Digest>,
    /// The compiler.
    pub compiler: &'a LockedCompiler,
    /// Flags without paths of the machine.
    pub flags: &'a [String],
    /// Directories whose absolute paths are left out.
    pub roots: &'a Roots,
    /// What ptxas says about the normalised text, and the version of that ptxas.
    pub facts: Option<(&'a Facts, &'a str)>,
}

impl LockedImage {
    /// The locked image of a compilation, with the text of its PTX file: normalised, and with the lowest `.version` that ptxas found.
    ///
    /// # Errors
    /// The compiler's output is no PTX.
    pub fn of(compilation: &Compilation<'_>) -> Result<(Self, String), ParseError> {
        let Compilation {
            unit,
            arch,
            text,
            sources,
            compiler,
            flags,
            roots,
            facts,
        } = *compilation;
        let normalised = normalise(text, roots);
        let normalised_digest = Digest::of(normalised.as_bytes());
        let lowered = facts.and_then(|(facts, _)| with_version(&normalised, facts.isa_floor));
        let stored = lowered.unwrap_or(normalised);
        let module = Module::parse(&stored)?;
        let mut entries: Map<String, LockedEntry> = module
            .entries
            .iter()
            .map(|entry| (entry.name.clone(), LockedEntry::of(entry)))
            .collect();
        for (name, entry) in entries.iter_mut() {
            entry.usage = facts.and_then(|(facts, _)| facts.usages.get(name).copied());
        }
        let image = Self {
            source_fingerprint: source_fingerprint(sources),
            sources: sources.clone(),
            compiler: compiler.clone(),
            flags: flags.to_vec(),
            ptx: ptx_file(unit, arch),
            ptx_digest: Digest::of(stored.as_bytes()),
            normalised_digest,
            isa: module.version,
            entries,
            ptxas: facts.map(|(_, version)| version.to_string()),
        };
        Ok((image, stored))
    }

    /// Digest over everything that decides about the PTX: sources, compiler, flags, architecture. The same in every directory and on every
    /// machine.
    #[must_use]
    pub fn fingerprint(&self, arch: Arch) -> Digest {
        let mut fields = Fields::new("kernel image 1");
        fields
            .add("sources", self.source_fingerprint.bytes())
            .add("compiler", self.compiler.to_string());
        for flag in &self.flags {
            fields.add("flag", flag);
        }
        fields.add("arch", arch.to_string());
        fields.finish()
    }

    /// Digest over what no file of the crate shows: compiler, flags, the digest of the PTX file, and what ptxas reported about it. Whoever edits
    /// one of them by hand is found out; it keeps nobody from writing another one beside it.
    #[must_use]
    pub fn facts_fingerprint(&self) -> Digest {
        let mut fields = Fields::new("kernel facts 1");
        fields.add("compiler", self.compiler.to_string());
        for flag in &self.flags {
            fields.add("flag", flag);
        }
        fields.add("ptx", self.ptx_digest.bytes());
        if let Some(ptxas) = &self.ptxas {
            fields.add("ptxas", ptxas);
        }
        let usages = self
            .entries
            .iter()
            .filter_map(|(name, entry)| Some((name, entry.usage?)));
        for (name, usage) in usages {
            fields.add("entry", name);
            for number in [
                usage.registers,
                usage.spill_stores,
                usage.spill_loads,
                usage.stack,
                usage.shared,
                usage.constant,
                usage.local,
                usage.barriers,
            ] {
                fields.add("usage", number.to_le_bytes());
            }
        }
        fields.finish()
    }

    /// Whether a compiler wrote again what is locked: its output is the same after normalisation.
    #[must_use]
    pub fn reproduced_by(&self, text: &str, roots: &Roots) -> bool {
        Digest::of(normalise(text, roots).as_bytes()) == self.normalised_digest
    }
}

/// Digests of the dependencies of a unit that belong to its crate or lie beside it: files outside of `outside` directories (the compiler's own
/// headers) by their path relative to the crate, with `/`, as many `..` as it takes.
///
/// # Errors
/// A file cannot be read.
pub fn digest_sources(
    crate_root: &Path,
    dependencies: &[PathBuf],
    outside: &[PathBuf],
) -> io::Result<Map<String, Digest>> {
    let mut sources = Map::new();
    for path in dependencies
        .iter()
        .filter(|path| !outside.iter().any(|directory| path.starts_with(directory)))
    {
        let name = UnitName::of(crate_root, path);
        let bytes = std::fs::read(path)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display())))?;
        sources.insert(name.to_string(), text_digest(&bytes));
    }
    Ok(sources)
}

impl KernelLock {
    /// Writes the lock and its PTX files, `texts` by the path of their image, and removes PTX files below `ptx/` that no image names any more. The lock is
    /// written last and each file as a whole: after an interruption the old lock tells which files do not belong to it. Files that
    /// are already as they should be are not touched. Returns the paths that changed, sorted.
    ///
    /// # Errors
    /// A file cannot be written, or an image has no text.
    pub fn write(&self, crate_root: &Path, texts: &Map<String, String>) -> io::Result<Vec<String>> {
        let mut changed = Set::new();
        let named: Set<&str> = self
            .units
            .values()
            .flat_map(|unit| unit.images.values())
            .map(|image| image.ptx.as_str())
            .collect();
        for &path in &named {
            let text = texts
                .get(path)
                .ok_or_else(|| io::Error::other(format!("no text for `{path}`")))?;
            if replace(&crate_root.join(path), text)? {
                changed.insert(path.to_string());
            }
        }
        for path in stored(crate_root)? {
            if !named.contains(path.as_str()) {
                std::fs::remove_file(crate_root.join(&path))?;
                changed.insert(path);
            }
        }
        if replace(&crate_root.join(LOCK_FILE), &self.to_toml())? {
            changed.insert(LOCK_FILE.to_string());
        }
        Ok(changed.into_iter().list())
    }
}

/// PTX files below `ptx/`, relative to the crate with `/`, sorted.
///
/// # Errors
/// A directory cannot be read.
pub fn stored(crate_root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut pending = vec![PTX_DIRECTORY.to_string()];
    while let Some(directory) = pending.pop() {
        let entries = match std::fs::read_dir(crate_root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(|name| format!("{directory}/{name}")) else {
                continue;
            };
            // Links are not followed: what they lead to is not ours to remove.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                pending.push(name);
            } else if kind.is_file() && name.ends_with(".ptx") {
                found.push(name);
            }
        }
    }
    sort(&mut found);
    Ok(found)
}

/// Writes a file as a whole unless it already holds the text; whether it changed.
fn replace(path: &Path, text: &str) -> io::Result<bool> {
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("cannot write `{}`: {error}", path.display()));
    if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    std::fs::write(&temporary, text).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)?;
    Ok(true)
}
