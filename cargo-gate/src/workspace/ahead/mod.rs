//! What checks will ask for, done while cargo is asked: cargo keeps one core busy, and others would wait.
//!
//! Files are listed and digested by then, and what is found in a file depends on its bytes alone, so results go into
//! the caches by digest that the surveys read; an advisory database depends on its files alone.
//! Nothing is judged here. Files that are left when cargo answers are looked through, on all cores, once a survey asks.

mod files;

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::ci::{self, CiFiles};
use crate::policy;
use crate::rust::boundary::cache::ScanCache;
use crate::rust::code::CodeCache;
use crate::secrets::cache::ScanCache as SecretCache;
use crate::supply::{self, Advisories, Places};

use self::files::Pass;
use super::Options;
use super::document::Documents;
use super::files::File;
use super::git::Git;

pub(super) use self::files::Source;

/// Whether cargo is being asked.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicU8);

impl Waiting {
    const BEGUN: u8 = 1;
    const OVER: u8 = 2;

    /// From now on there is time.
    pub(super) fn begin(&self) {
        self.0.store(Self::BEGUN, Ordering::Relaxed);
    }

    /// From now on there is none.
    pub(super) fn end(&self) {
        self.0.store(Self::OVER, Ordering::Relaxed);
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::BEGUN
    }
}

/// What was done ahead; `None` once taken, or when there was no time.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) advisories: Option<Advisories>,
    /// The tracked documents, some of them with their outlines.
    pub(super) documents: Option<Documents>,
    /// Continuous integration, with the scripts that the policy names.
    pub(super) ci: Option<(Vec<String>, CiFiles)>,
    pass: Option<Pass>,
}

/// What is worth doing.
#[derive(Debug)]
struct Wanted {
    /// Whether the workspace lies in a repository.
    in_repository: bool,
    /// Whether checks will ask for [`Workspace::code`](super::Workspace::code).
    code: bool,
    /// Where advisory databases lie that checks will ask for.
    advisories: Option<Places>,
    /// Files of whose history checks will ask.
    inventories: Vec<String>,
    /// Scripts that continuous integration starts, as the policy names them.
    scripts: Vec<String>,
}

/// Sections of the policy whose checks read code.
const OF_CODE: [&str; 3] = ["deprecation", "failure", "uses"];

impl Wanted {
    /// What the checks will ask for, as far as the sections of the policy tell. A policy that cannot be read asks for
    /// nothing yet; it is judged later.
    fn by(options: &Options, root: &Path, in_repository: bool) -> Self {
        let default = root.join(policy::FILE_NAME);
        let text = std::fs::read_to_string(options.policy.as_deref().unwrap_or(&default)).unwrap_or_default();
        let sections = text.parse::<toml::Table>().unwrap_or_default();
        let database = sections.get("supply").and_then(|supply| supply.get("advisory-db"));
        let declared = database.and_then(|path| path.as_str());
        let inventory = |section: &str, key: &str| Some(sections.get(section)?.get(key)?.as_str()?.to_owned());
        let scripts = sections.get("ci").and_then(|ci| ci.get("scripts")?.as_array());
        let places = supply::places(declared, &options.environment, root, &options.cwd);
        Self {
            in_repository,
            code: OF_CODE.iter().any(|section| sections.contains_key(*section)),
            inventories: [("boundary", "inventory"), ("failure", "panic-inventory")]
                .into_iter()
                .filter_map(|(section, key)| inventory(section, key))
                .collect(),
            scripts: scripts
                .into_iter()
                .flatten()
                .filter_map(|script| Some(script.as_str()?.to_owned()))
                .collect(),
            advisories: (!places.all().is_empty() && root.join("Cargo.lock").is_file()).then_some(places),
        }
    }
}

impl Ahead {
    /// Works for as long as `goes_on`, that is while cargo is being asked.
    pub(super) fn work(
        source: Source<'_>,
        (options, git): (&Options, Option<&Git>),
        gate_dir: &Path,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        if !goes_on() {
            return Self::default();
        }
        let wanted = Wanted::by(options, source.root, git.is_some());
        // The core that cargo works on is left to it.
        let threads = cores().saturating_sub(1).max(1);
        // First what cannot be left off in the middle: whoever asked cargo would wait for the end of it.
        let advisories = wanted.advisories.as_ref().map(|places| {
            let load = || {
                let advisories = Advisories::look(places.clone(), gate_dir);
                advisories.load(gate_dir);
                advisories
            };
            match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                Ok(pool) => pool.install(load),
                Err(_) => load(),
            }
        });
        if let Some(git) = git {
            for path in wanted.inventories.iter().filter(|_| goes_on()) {
                // Git remembers what it answered.
                let _ = git.parents_of_last_change(path);
            }
        }
        let of_files = files::Wanted {
            in_repository: wanted.in_repository,
            code: wanted.code,
        };
        let mut pass = Pass::new(of_files, source.files, gate_dir, source.machine);
        pass.work(source, threads, goes_on);
        let documents = goes_on().then(|| documents(source, wanted.in_repository, goes_on));
        let ci = goes_on().then(|| {
            let files = ci::read(source.root, source.files, git, &wanted.scripts);
            (wanted.scripts, files)
        });
        Self {
            advisories,
            documents,
            ci,
            pass: Some(pass),
        }
    }

    /// Looks through the files that are left.
    pub(super) fn finish(&mut self, source: Source<'_>) {
        if let Some(pass) = &mut self.pass {
            pass.work(source, cores(), &|| true);
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
fn documents(source: Source<'_>, in_repository: bool, goes_on: &dyn Fn() -> bool) -> Documents {
    let read = |file: &File| source.contents.read(source.root, file);
    let documents = Documents::read(source.files, in_repository, &read);
    for at in (0..documents.count()).take_while(|_| goes_on()) {
        documents.outline(at);
    }
    documents
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
