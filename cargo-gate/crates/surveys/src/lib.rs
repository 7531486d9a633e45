//! What is derived from a workspace: code, documents, continuous integration, secrets, advisories. The only lazy place: each
//! survey is made on first use, and what has not changed since the last time comes from the caches below
//! [`Workspace::gate_dir`].

pub mod authority;
pub mod boundary_inventory;
pub mod document;
pub mod kinds;
pub mod outside_root;
mod prefetch;
pub mod stability;
pub mod supply;

#[cfg(test)]
mod tests;

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, OnceLock};

use crate::supply::index::RegistryIndex;
use crate::supply::{Advisories, Places, snapshot};
use gate_base::error::Result;
use gate_ci::CiFiles;
use gate_policy::Policy;
use gate_report::claim::PackageKind;
use gate_rust::boundary::cache::ScanCache;
use gate_rust::boundary::survey::Survey;
use gate_rust::code::{Code, CodeCache};
use gate_rust::library;
use gate_text::secrets::cache::ScanCache as SecretCache;
use gate_text::secrets::file::MachinePaths;
use gate_text::secrets::survey::SecretSurvey;
use gate_world::files::File;
use gate_world::{Options, Workspace};

use self::document::{Document, Documents};
use self::outside_root::OutsideRoot;
use self::prefetch::Prefetch;
pub use self::prefetch::Wanted;

/// A workspace with what is derived from it.
#[derive(Debug)]
pub struct Surveys {
    /// The workspace as it was read.
    pub workspace: Workspace,
    prefetch: Mutex<Prefetch>,
    /// Raw boundaries of all members.
    pub boundaries: OnceLock<Survey>,
    /// Continuous integration.
    pub ci: OnceLock<CiFiles>,
    /// Advisory databases.
    pub advisories: OnceLock<Advisories>,
    /// The advisory database that is compiled in; none for workspaces made by hand, which are as old as they say.
    pub built_in_advisories: Option<&'static [u8]>,
    /// What cargo keeps of registries' indexes.
    pub registry_index: OnceLock<RegistryIndex>,
    /// Tracked Markdown files.
    pub documents: OnceLock<Documents>,
    /// What documents name above the workspace.
    pub outside_root: OnceLock<OutsideRoot>,
    /// Code of all members.
    pub code: OnceLock<Code>,
    /// Library code of all members.
    pub library: OnceLock<library::Survey>,
    /// Secrets and paths of machines.
    pub secrets: OnceLock<SecretSurvey>,
}

/// Whatever is asked of the workspace itself.
impl Deref for Surveys {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

/// For workspaces made by hand.
impl DerefMut for Surveys {
    fn deref_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }
}

impl From<Workspace> for Surveys {
    fn from(workspace: Workspace) -> Self {
        Self::new(workspace, Prefetch::default())
    }
}

impl Surveys {
    fn new(workspace: Workspace, prefetch: Prefetch) -> Self {
        Self {
            workspace,
            prefetch: Mutex::new(prefetch),
            boundaries: OnceLock::new(),
            ci: OnceLock::new(),
            advisories: OnceLock::new(),
            built_in_advisories: None,
            registry_index: OnceLock::new(),
            documents: OnceLock::new(),
            outside_root: OnceLock::new(),
            code: OnceLock::new(),
            library: OnceLock::new(),
            secrets: OnceLock::new(),
        }
    }

    /// Reads the workspace as [`Workspace::open`] does, and begins with what is `wanted` while cargo is asked. `wanted` is
    /// called with the root of the workspace.
    ///
    /// # Errors
    /// As for [`Workspace::open`].
    pub fn open(options: Options, wanted: impl FnOnce(&std::path::Path) -> Option<Wanted> + Send) -> Result<Self> {
        let (workspace, prefetched) = Workspace::open_with(options, |listed, goes_on| {
            wanted(listed.root).map(|wanted| Prefetch::work(&wanted, listed, goes_on))
        })?;
        Ok(Self {
            built_in_advisories: Some(snapshot::BUILT_IN),
            ..Self::new(workspace, prefetched.flatten().unwrap_or_default())
        })
    }

    fn prefetched<T>(&self, take: impl FnOnce(&mut Prefetch) -> Option<T>) -> Option<T> {
        self.prefetch
            .lock()
            .ok()
            .and_then(|mut prefetched| take(&mut prefetched))
    }

    /// As [`prefetched`](Self::prefetched), for what is found in files: those that were left when cargo answered are looked through first.
    fn prefetched_scan<T>(&self, take: impl FnOnce(&mut Prefetch) -> Option<T>) -> Option<T> {
        self.prefetched(|prefetched| {
            prefetched.finish(&self.listed());
            take(prefetched)
        })
    }

    /// Raw boundaries of all members, scanned on first use; sources that have not changed since the last time come from
    /// the cache under [`gate_dir`](Workspace::gate_dir).
    pub fn boundaries(&self) -> &Survey {
        self.boundaries.get_or_init(|| {
            let prefetched = self.prefetched_scan(Prefetch::boundaries);
            let mut cache = prefetched.unwrap_or_else(|| ScanCache::load(&self.gate_dir()));
            let listed = self.listed();
            let read = |file: &File| listed.read(file);
            let survey = Survey::new(self.cargo(), self.files(), &read, &mut cache);
            // Best effort: without the cache the next run scans again.
            let _ = self.create_gate_dir();
            cache.save();
            survey
        })
    }

    /// Kinds of the packages that a claim is limited to (all members, where it is not), in the order of their names.
    pub fn kinds(&self, policy: &Policy, packages: &[String]) -> Vec<PackageKind> {
        let mut kinds = kinds::of(self, policy.kinds.as_ref());
        kinds.retain(|kind| packages.is_empty() || packages.contains(&kind.package));
        kinds
    }

    /// Continuous integration of the repository that holds the workspace, read on first use. `scripts` are further entry
    /// points, relative to the root, as the policy names them.
    pub fn ci(&self, scripts: &[String]) -> &CiFiles {
        self.ci.get_or_init(|| {
            let prefetched = self.prefetched(|prefetched| prefetched.ci.take());
            let prefetched = prefetched.filter(|(of, _)| of == scripts).map(|(_, files)| files);
            prefetched.unwrap_or_else(|| gate_ci::read(self.root(), self.files(), self.git(), scripts))
        })
    }

    /// Whether a file is a tracked Markdown file (outside version control: a Markdown file).
    pub fn is_document(&self, file: &File) -> bool {
        document::is_document(file, self.git().is_some())
    }

    /// Every tracked Markdown file, read on first use.
    pub fn documents(&self) -> &Documents {
        self.documents.get_or_init(|| {
            let prefetched = self.prefetched(|prefetched| prefetched.documents.take());
            prefetched.unwrap_or_else(|| {
                let listed = self.listed();
                let read = |file: &File| listed.read(file);
                Documents::read(self.files(), self.git().is_some(), &read)
            })
        })
    }

    /// The tracked Markdown files that one of the globs matches, sorted by path; no other file is read.
    ///
    /// # Errors
    /// The path of the first one that cannot be read.
    pub fn documents_matching(&self, patterns: &[String]) -> std::result::Result<Vec<Document>, String> {
        let globs = document::globs(patterns);
        if let Some(known) = self.documents.get() {
            if let Some(path) = known.unreadable.iter().find(|path| globs.is_match(path)) {
                return Err(path.clone());
            }
            let matching = known.iter().filter(|document| globs.is_match(&document.path));
            return Ok(matching.cloned().collect());
        }
        let wanted = |file: &&File| self.is_document(file) && globs.is_match(&file.path);
        let read = |file: &File| match self.read(&file.path) {
            Ok(bytes) => Ok(Document::from_bytes(&file.path, bytes)),
            Err(_) => Err(file.path.clone()),
        };
        self.files().iter().filter(wanted).map(read).collect()
    }

    /// What documents name above the workspace, looked at on first use.
    pub fn outside_root(&self) -> &OutsideRoot {
        self.outside_root
            .get_or_init(|| outside_root::survey(self.root(), self.git(), self.documents()))
    }

    /// Where advisory databases lie; `declared` is the path in the policy.
    pub fn advisory_places(&self, declared: Option<&str>) -> Places {
        supply::places(declared, self.environment(), self.root(), &self.workspace.options.cwd)
    }

    /// The advisory databases and the state they are in, looked at on first use; files that have not changed since the
    /// last time are not read. `declared` is the path in the policy, which is one for the life of a workspace.
    pub fn advisories(&self, declared: Option<&str>) -> &Advisories {
        self.advisories.get_or_init(|| {
            let places = self.advisory_places(declared);
            let prefetched = self.prefetched(|prefetched| prefetched.advisories.take());
            prefetched
                .filter(|advisories| *advisories.places() == places)
                .unwrap_or_else(|| Advisories::look(places, self.built_in_advisories, &self.gate_dir()))
        })
    }

    /// What cargo keeps of registries' indexes about the packages of `Cargo.lock`, looked up on first use.
    pub fn registry_index(&self) -> &RegistryIndex {
        self.registry_index.get_or_init(|| {
            let lock = self.lockfile().bytes.as_deref().unwrap_or_default();
            let prefetched = self.prefetched(|prefetched| prefetched.registry_index.take());
            prefetched.filter(|index| index.is_of(lock)).unwrap_or_else(|| {
                let home = self.environment().cargo_home(&self.workspace.options.cwd);
                RegistryIndex::look(home.as_deref(), lock, &self.gate_dir())
            })
        })
    }

    /// Code of all members, scanned on first use as [`boundaries`](Self::boundaries) are.
    pub fn code(&self) -> &Code {
        self.code.get_or_init(|| {
            let prefetched = self.prefetched_scan(Prefetch::code);
            let mut cache = prefetched.unwrap_or_else(|| CodeCache::load(&self.gate_dir()));
            let listed = self.listed();
            let read = |file: &File| listed.read(file);
            let code = Code::new(self.cargo(), self.files(), &read, &mut cache);
            // Best effort: without the cache the next run scans again.
            let _ = self.create_gate_dir();
            cache.save();
            code
        })
    }

    /// Library code of all members, sorted out of their [`code`](Self::code) on first use.
    pub fn library(&self) -> &library::Survey {
        self.library
            .get_or_init(|| library::Survey::new(self.cargo(), self.code()))
    }

    /// Secrets and paths of machines in the tracked files, scanned on first use; what has not changed since the last time
    /// comes from the cache under [`gate_dir`](Workspace::gate_dir).
    pub fn secrets(&self) -> &SecretSurvey {
        self.secrets.get_or_init(|| {
            let machine = self.machine_paths();
            let prefetched = self.prefetched_scan(Prefetch::secrets);
            let mut cache = prefetched.unwrap_or_else(|| SecretCache::load(&self.gate_dir(), machine.digest()));
            let listed = self.listed();
            let read = |file: &File| listed.read(file);
            let survey = SecretSurvey::new(self.files(), self.git().is_some(), &read, &machine, &mut cache);
            // Best effort: without the cache the next run scans again.
            let _ = self.create_gate_dir();
            cache.save();
            survey
        })
    }

    /// Directories that exist on this machine only.
    pub fn machine_paths(&self) -> MachinePaths {
        MachinePaths::new(self.environment(), self.root())
    }
}
