//! What checks will ask for, done while cargo is asked: cargo keeps one core busy, and others would wait.
//!
//! Files are listed and digested by then, and what is found in a file depends on its bytes alone, so results go into
//! the caches by digest that the surveys read; an advisory database depends on its files alone.
//! Nothing is judged here. Files that are left when cargo answers are looked through, on all cores, once a survey asks.

mod files;

use crate::supply::index::RegistryIndex;
use crate::supply::{self, Advisories, snapshot};
use gate_ci::CiFiles;
use gate_policy::Policy;
use gate_rust::boundary::cache::ScanCache;
use gate_rust::code::CodeCache;
use gate_text::secrets::cache::ScanCache as SecretCache;
use gate_world::Listed;
use gate_world::files::File;

use self::files::Pass;
use super::document::Documents;

/// What was done ahead; `None` once taken, or when there was no time.
#[derive(Debug, Default)]
pub(super) struct Prefetch {
    pub(super) advisories: Option<Advisories>,
    pub(super) registry_index: Option<RegistryIndex>,
    /// The tracked documents, some of them with their outlines.
    pub(super) documents: Option<Documents>,
    /// Continuous integration, with the scripts that the policy names.
    pub(super) ci: Option<(Vec<String>, CiFiles)>,
    pass: Option<Pass>,
}

/// What checks will ask for, and so is worth beginning with.
#[derive(Debug)]
pub struct Wanted {
    /// Whether checks will ask for [`Surveys::code`](super::Surveys::code).
    code: bool,
    /// Path of the advisory database as it is declared, where checks will ask for one.
    advisories: Option<String>,
    /// Files of whose history checks will ask.
    inventories: Vec<String>,
    /// Scripts that continuous integration starts, as the policy names them.
    scripts: Vec<String>,
}

impl Wanted {
    /// What the checks of a policy will ask for.
    pub fn by(policy: &Policy) -> Self {
        let boundary = policy.boundary.as_ref().and_then(|boundary| boundary.inventory.clone());
        let panics = policy
            .failure
            .as_ref()
            .and_then(|failure| failure.panic_inventory.clone());
        Self {
            code: policy.failure.is_some() || policy.uses.is_some() || !policy.deprecations.is_empty(),
            advisories: policy.advisory_db().map(str::to_owned),
            inventories: boundary.into_iter().chain(panics).collect(),
            scripts: policy.ci_scripts().to_vec(),
        }
    }
}

impl Prefetch {
    /// Works for as long as `goes_on`, that is while cargo is being asked.
    pub(super) fn work(wanted: &Wanted, listed: &Listed<'_>, goes_on: &(dyn Fn() -> bool + Sync)) -> Self {
        let (git, gate_dir) = (listed.git, listed.gate_dir.as_path());
        let in_repository = git.is_some();
        // The core that cargo works on is left to it.
        let threads = cores().saturating_sub(1).max(1);
        // First what cannot be left off in the middle: whoever asked cargo would wait for the end of it.
        let (environment, cwd) = (&listed.options.environment, &listed.options.cwd);
        let places = supply::places(wanted.advisories.as_deref(), environment, listed.root, cwd);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok();
        let on_pool = |act: &mut (dyn FnMut() + Send)| match &pool {
            Some(pool) => pool.install(act),
            None => act(),
        };
        let (mut advisories, mut registry_index) = (None, None);
        if let Ok(lock) = std::fs::read(listed.root.join("Cargo.lock")) {
            on_pool(&mut || {
                if !places.all().is_empty() {
                    let looked = Advisories::look(places.clone(), Some(snapshot::BUILT_IN), gate_dir);
                    looked.load(gate_dir);
                    advisories = Some(looked);
                }
                let home = environment.cargo_home(cwd);
                registry_index = Some(RegistryIndex::look(home.as_deref(), &lock, gate_dir));
            });
        }
        if let Some(git) = git {
            for path in wanted.inventories.iter().filter(|_| goes_on()) {
                // Git remembers what it answered.
                let _ = git.parents_of_last_change(path);
            }
        }
        let of_files = files::Wanted {
            in_repository,
            code: wanted.code,
        };
        let mut pass = Pass::new(of_files, listed);
        pass.work(listed, threads, goes_on);
        let documents = goes_on().then(|| documents(listed, in_repository, goes_on));
        let ci = goes_on().then(|| {
            let files = gate_ci::read(listed.root, listed.files, git, &wanted.scripts);
            (wanted.scripts.clone(), files)
        });
        Self {
            advisories,
            registry_index,
            documents,
            ci,
            pass: Some(pass),
        }
    }

    /// Looks through the files that are left.
    pub(super) fn finish(&mut self, listed: &Listed<'_>) {
        if let Some(pass) = &mut self.pass {
            pass.work(listed, cores(), &|| true);
        }
    }

    pub(super) fn boundaries(&mut self) -> Option<ScanCache> {
        self.pass.as_mut()?.boundaries.take()
    }

    pub(super) fn code(&mut self) -> Option<CodeCache> {
        self.pass.as_mut()?.code.take()
    }

    pub(super) fn secrets(&mut self) -> Option<SecretCache> {
        self.pass.as_mut()?.secrets.take()
    }
}

/// The tracked documents, with as many outlines as there is time for.
fn documents(listed: &Listed<'_>, in_repository: bool, goes_on: &dyn Fn() -> bool) -> Documents {
    let read = |file: &File| listed.read(file);
    let documents = Documents::read(listed.files, in_repository, &read);
    for at in (0..documents.count()).take_while(|_| goes_on()) {
        documents.outline(at);
    }
    documents
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
