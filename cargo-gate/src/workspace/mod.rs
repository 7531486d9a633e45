//! The world, read once: cargo's view of the workspace, git, files and their digests, lockfile, cargo configuration,
//! toolchain. Nothing outside this module reads the workspace, and nothing here judges it.

pub mod above;
pub(crate) mod ahead;
pub(crate) mod cache;
pub mod cargo;
pub mod code_owners;
pub mod config;
mod contents;
pub mod document;
pub mod environment;
pub mod files;
pub mod git;
pub mod index;
pub mod lockfile;
pub mod manifest;
mod open;
pub mod profile;
mod scan;
pub mod toolchain;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use crate::base::digest::{Digest, DigestBuilder};
use crate::base::error::{Error, Result};
use crate::base::paths;
use crate::ci::{self, CiFiles};
use crate::rust::boundary::cache::ScanCache;
use crate::rust::boundary::survey::Survey;
use crate::rust::code::{Code, CodeCache};
use crate::rust::library;
use crate::secrets::cache::ScanCache as SecretCache;
use crate::secrets::file::MachinePaths;
use crate::secrets::survey::SecretSurvey;
use crate::supply::{self, Advisories, Places};

use self::ahead::Ahead;
use self::cargo::{CargoModel, ManifestText, Resolution};
use self::config::CargoConfig;
use self::contents::Contents;
use self::document::Documents;
use self::environment::Environment;
use self::files::{File, FileList};
use self::git::Git;
use self::lockfile::Lockfile;
use self::manifest::Manifest;
use self::toolchain::Toolchain;

/// How to find and read the workspace.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory to start from.
    pub cwd: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`.
    pub target_dir: Option<PathBuf>,
    /// `--offline`: no process may use the network.
    pub offline: bool,
    /// Environment variables, read once.
    pub environment: Environment,
    /// The policy file, where it is another than the one in the root. It is not judged here: its sections tell what is
    /// worth doing while cargo is asked.
    pub policy: Option<PathBuf>,
}

/// One Cargo workspace on disk.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) options: Options,
    pub(crate) root: PathBuf,
    pub(crate) target_dir: PathBuf,
    pub(crate) git: Option<Git>,
    pub(crate) files: FileList,
    pub(crate) contents: Contents,
    pub(crate) cargo: CargoModel,
    pub(crate) resolution: Resolution,
    pub(crate) lockfile: Lockfile,
    pub(crate) config: CargoConfig,
    pub(crate) toolchain: Toolchain,
    pub(crate) manifests: OnceLock<Vec<Manifest>>,
    pub(crate) manifest_texts: Vec<ManifestText>,
    pub(crate) git_problem: Option<String>,
    pub(crate) cache_error: Option<Error>,
    pub(crate) boundaries: OnceLock<Survey>,
    pub(crate) ahead: Mutex<Ahead>,
    pub(crate) ci: OnceLock<CiFiles>,
    pub(crate) advisories: OnceLock<Advisories>,
    pub(crate) documents: OnceLock<Documents>,
    pub(crate) above: OnceLock<above::Above>,
    pub(crate) code: OnceLock<Code>,
    pub(crate) library: OnceLock<library::Survey>,
    pub(crate) secrets: OnceLock<SecretSurvey>,
}

impl Workspace {
    /// Reads the workspace. Whatever was read before and has not changed is taken from the cache under
    /// [`gate_dir`](Self::gate_dir). Never writes outside that directory and never touches a lockfile.
    ///
    /// # Errors
    /// No `Cargo.toml` (usage), cargo or rustc missing (toolchain missing), manifests that cargo refuses (usage, with
    /// cargo's own message), I/O errors (tool).
    pub fn open(options: Options) -> Result<Self> {
        open::open(options)
    }

    /// Directory of the root manifest, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory, absolute.
    pub fn target_dir(&self) -> &Path {
        &self.target_dir
    }

    /// The only directory this tool writes to: `<target>/gate`.
    pub fn gate_dir(&self) -> PathBuf {
        self.target_dir.join("gate")
    }

    /// Version control; `None` outside a git work tree or without git.
    pub fn git(&self) -> Option<&Git> {
        self.git.as_ref()
    }

    /// Every tag of the repository; `None` without version control.
    pub fn tags(&self) -> Option<std::result::Result<Vec<git::Tag>, String>> {
        self.git.as_ref().map(|git| git.tags(&self.gate_dir()))
    }

    /// Every file below the root that git tracks or would offer to track (outside git: that no ignore rule hides),
    /// sorted by path, with digests.
    pub fn files(&self) -> &FileList {
        &self.files
    }

    /// Members, targets and direct dependencies.
    pub fn cargo(&self) -> &CargoModel {
        &self.cargo
    }

    /// What resolving under `--locked` said.
    pub fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// The lockfile.
    pub fn lockfile(&self) -> &Lockfile {
        &self.lockfile
    }

    /// Cargo's configuration files, merged as cargo merges them.
    pub fn config(&self) -> &CargoConfig {
        &self.config
    }

    /// The toolchain cargo would use, and the file that pins it.
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// Environment variables as they were at the start.
    pub fn environment(&self) -> &Environment {
        &self.options.environment
    }

    /// Whether processes must stay off the network.
    pub fn offline(&self) -> bool {
        self.options.offline
    }

    /// Why there is no [`git`](Self::git) although the workspace lies in a repository: git's message.
    pub fn git_problem(&self) -> Option<&str> {
        self.git_problem.as_deref()
    }

    /// Why the caches under [`gate_dir`](Self::gate_dir) could not be written, if they could not.
    pub fn cache_error(&self) -> Option<&Error> {
        self.cache_error.as_ref()
    }

    /// Creates [`gate_dir`](Self::gate_dir) with its `CACHEDIR.TAG`.
    ///
    /// # Errors
    /// I/O errors, among them a read-only target directory.
    pub fn create_gate_dir(&self) -> Result<()> {
        cache::create_gate_dir(&self.gate_dir())
    }

    /// The text of every manifest that cargo read from this machine.
    pub(crate) fn manifest_texts(&self) -> &[ManifestText] {
        &self.manifest_texts
    }

    /// Digest over the text of every manifest that cargo read from this machine: the root, members, path dependencies.
    pub fn manifests_digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("manifests");
        for manifest in &self.manifest_texts {
            builder
                .part(paths::relative(&self.root, &manifest.path).as_bytes())
                .part(manifest.text.as_deref().unwrap_or_default().as_bytes());
        }
        builder.finish()
    }

    /// Manifests of the root and of all members, parsed with spans on first use; the root first.
    pub fn manifests(&self) -> &[Manifest] {
        self.manifests.get_or_init(|| open::manifests(self))
    }

    fn ahead<T>(&self, take: impl FnOnce(&mut Ahead) -> Option<T>) -> Option<T> {
        self.ahead.lock().ok().and_then(|mut ahead| take(&mut ahead))
    }

    /// As [`ahead`](Self::ahead), for what is found in files: those that were left when cargo answered are looked through first.
    fn found_ahead<T>(&self, take: impl FnOnce(&mut Ahead) -> Option<T>) -> Option<T> {
        self.ahead(|ahead| {
            let machine = self.machine_paths();
            ahead.finish(ahead::Source {
                root: &self.root,
                files: &self.files,
                contents: &self.contents,
                machine: &machine,
            });
            take(ahead)
        })
    }

    /// Raw boundaries of all members, scanned on first use; sources that have not changed since the last time come from
    /// the cache under [`gate_dir`](Self::gate_dir).
    pub fn boundaries(&self) -> &Survey {
        self.boundaries.get_or_init(|| {
            let ahead = self.found_ahead(Ahead::boundaries);
            let mut cache = ahead.unwrap_or_else(|| ScanCache::load(&self.gate_dir()));
            let read = |file: &File| self.contents.read(&self.root, file);
            let survey = Survey::new(&self.cargo, &self.files, &read, &mut cache);
            // Best effort: without the cache the next run scans again.
            let _ = self.create_gate_dir();
            cache.save();
            survey
        })
    }

    /// Continuous integration of the repository that holds the workspace, read on first use. `scripts` are further entry
    /// points, relative to the root, as the policy names them.
    pub fn ci(&self, scripts: &[String]) -> &CiFiles {
        self.ci.get_or_init(|| {
            let ahead = self.ahead(|ahead| ahead.ci.take());
            let ahead = ahead.filter(|(of, _)| of == scripts).map(|(_, files)| files);
            ahead.unwrap_or_else(|| ci::read(&self.root, &self.files, self.git.as_ref(), scripts))
        })
    }

    /// Digest of the program of this name, which `cargo` would start as a subcommand: found on the `PATH` or in cargo's
    /// own directory. `None` when there is none, or when it cannot be read. What was read before comes from an index.
    pub(crate) fn program_digest(&self, name: &str) -> Option<Digest> {
        let environment = &self.options.environment;
        let path = environment.find_program(name.as_ref(), &self.root).or_else(|| {
            let own = environment.cargo_home(&self.options.cwd)?.join("bin").join(name);
            environment.find_program(own.as_os_str(), &self.root)
        })?;
        let cache = self.gate_dir().join("programs").join(name);
        let key = paths::spell(&path);
        let began = std::time::SystemTime::now();
        let stamp = index::Stamp::of(&std::fs::metadata(&path).ok()?);
        if let Some(digest) = index::Index::load(&cache).lookup(&key, &stamp) {
            return Some(digest);
        }
        let digest = Digest::of(&std::fs::read(&path).ok()?);
        let known = index::Entry {
            path: key,
            stamp,
            digest,
        };
        // Best effort: without the index the next run reads the program again.
        let _ = std::fs::create_dir_all(&cache);
        let _ = index::Index::store(&cache, vec![known], began);
        Some(digest)
    }

    /// Where advisory databases lie; `declared` is the path in the policy.
    pub fn advisory_places(&self, declared: Option<&str>) -> Places {
        supply::places(declared, &self.options.environment, &self.root, &self.options.cwd)
    }

    /// The advisory databases and the state they are in, looked at on first use; files that have not changed since the
    /// last time are not read. `declared` is the path in the policy, which is one for the life of a workspace.
    pub fn advisories(&self, declared: Option<&str>) -> &Advisories {
        self.advisories.get_or_init(|| {
            let places = self.advisory_places(declared);
            let ahead = self.ahead(|ahead| ahead.advisories.take());
            ahead
                .filter(|advisories| *advisories.places() == places)
                .unwrap_or_else(|| Advisories::look(places, &self.gate_dir()))
        })
    }

    /// Code of all members, scanned on first use as [`boundaries`](Self::boundaries) are.
    pub fn code(&self) -> &Code {
        self.code.get_or_init(|| {
            let ahead = self.found_ahead(Ahead::code);
            let mut cache = ahead.unwrap_or_else(|| CodeCache::load(&self.gate_dir()));
            let read = |file: &File| self.contents.read(&self.root, file);
            let code = Code::new(&self.cargo, &self.files, &read, &mut cache);
            // Best effort: without the cache the next run scans again.
            let _ = self.create_gate_dir();
            cache.save();
            code
        })
    }

    /// Library code of all members, sorted out of their [`code`](Self::code) on first use.
    pub fn library(&self) -> &library::Survey {
        self.library
            .get_or_init(|| library::Survey::new(&self.cargo, self.code()))
    }

    /// Secrets and paths of machines in the tracked files, scanned on first use; what has not changed since the last time
    /// comes from the cache under [`gate_dir`](Self::gate_dir).
    pub fn secrets(&self) -> &SecretSurvey {
        self.secrets.get_or_init(|| {
            let machine = self.machine_paths();
            let ahead = self.found_ahead(Ahead::secrets);
            let mut cache = ahead.unwrap_or_else(|| SecretCache::load(&self.gate_dir(), machine.digest()));
            let read = |file: &File| self.contents.read(&self.root, file);
            let survey = SecretSurvey::new(&self.files, self.git.is_some(), &read, &machine, &mut cache);
            // Best effort: without the cache the next run scans again.
            let _ = self.create_gate_dir();
            cache.save();
            survey
        })
    }

    /// Directories that exist on this machine only.
    pub fn machine_paths(&self) -> MachinePaths {
        MachinePaths::new(&self.options.environment, &self.root)
    }

    /// Every file of the directory `top` around the workspace, listed and digested as [`files`](Self::files) are; what
    /// was read before comes from an index of its own below [`gate_dir`](Self::gate_dir).
    ///
    /// # Errors
    /// `top` cannot be listed.
    pub(crate) fn files_around(&self, top: &Path) -> Result<FileList> {
        let cache = self.gate_dir().join("around");
        let outside = scan::Outside::new(top, &self.target_dir);
        let mut scan = scan::scan(top, &outside, &cache, &self.options.environment, &|| false)?;
        if let Some(entries) = scan.entries.take()
            && std::fs::create_dir_all(&cache).is_ok()
        {
            // Best effort: without the index the next run reads everything again.
            let _ = index::Index::store(&cache, entries, scan.began);
        }
        Ok(scan.files)
    }

    /// Paths of the files that `keep` accepts and that changed since the workspace was read, sorted.
    pub fn changed_since_read(&self, keep: impl Fn(&File) -> bool + Sync) -> Vec<String> {
        scan::changed(&self.root, &self.files, keep)
    }

    /// The first `CODEOWNERS` file in the order of GitHub and GitLab: its path relative to the top of the repository (of
    /// the workspace, outside version control), its bytes, and the path of the workspace below that top.
    pub(crate) fn code_owners(&self) -> Option<(&'static str, Vec<u8>, String)> {
        let top = self.git.as_ref().map_or(&self.root, |git| &git.top);
        let below = self.root.strip_prefix(top).ok()?;
        [
            ".github/CODEOWNERS",
            "CODEOWNERS",
            "docs/CODEOWNERS",
            ".gitlab/CODEOWNERS",
        ]
        .into_iter()
        .find_map(|path| Some((path, std::fs::read(top.join(path)).ok()?)))
        .map(|(path, bytes)| {
            (
                path,
                bytes,
                below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"),
            )
        })
    }

    /// Reads a file of the workspace by its [`files`](Self::files) path.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.look(path).map(Cow::into_owned)
    }

    /// As [`read`](Self::read), for those who only look: the bytes may be kept already.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn look(&self, path: &str) -> std::io::Result<Cow<'_, [u8]>> {
        let file = self.files.get(path).ok_or(std::io::ErrorKind::NotFound)?;
        self.contents.look(&self.root, file)
    }
}
