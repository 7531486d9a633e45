//! What checks will ask for, done while cargo is asked: cargo keeps one core busy, and others would wait.
//!
//! Files are listed and digested by then, and what is found in a file depends on its bytes alone, so results go into
//! the caches by digest that the surveys read; an advisory database depends on its files alone. Nothing is judged here, and what is not done when cargo answers is left
//! to the surveys, which use all cores.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::boundary::cache::ScanCache;
use crate::boundary::scan::{Depth, scan_tokens, source_text};
use crate::boundary::tokens::Tokens;
use crate::code::CodeCache;
use crate::code::scan::scan_with_boundaries;
use crate::digest::Digest;
use crate::library::interface::SourceFile;
use crate::policy;
use crate::secrets::cache::ScanCache as SecretCache;
use crate::secrets::file::{self, MachinePaths};
use crate::secrets::survey;
use crate::stability::{Release, Released};
use crate::supply::{self, Advisories, Places};

use super::Options;
use super::files::{FileKind, FileList};
use super::git::Git;

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

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::BEGUN
    }
}

/// Caches with what was found ahead; `None` once taken, or when there was no time.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) boundaries: Option<ScanCache>,
    pub(crate) code: Option<CodeCache>,
    pub(crate) advisories: Option<Advisories>,
    pub(crate) secrets: Option<SecretCache>,
    /// Sources that were parsed, by content.
    pub(crate) parsed: Arc<BTreeMap<Digest, SourceFile>>,
    /// The files of the last release.
    pub(crate) released: Option<Arc<Released>>,
}

/// What is worth doing.
#[derive(Debug)]
struct Wanted {
    /// Whether the workspace lies in a repository.
    in_repository: bool,
    /// Whether checks will ask for [`Workspace::code`](super::Workspace::code).
    code: bool,
    /// What the last release is called that checks will compare with.
    release: Option<String>,
    /// Where advisory databases lie that checks will ask for.
    advisories: Option<Places>,
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
        let places = supply::places(declared, &options.environment, root, &options.cwd);
        Self {
            in_repository,
            release: sections
                .get("stability")
                .and_then(|stability| Some(stability.get("reference")?.as_str()?.to_owned())),
            code: OF_CODE.iter().any(|section| sections.contains_key(*section)),
            advisories: (!places.all().is_empty() && root.join("Cargo.lock").is_file()).then_some(places),
        }
    }
}

impl Ahead {
    /// Scans files below `root` for as long as cargo is being asked.
    pub(super) fn work(
        root: &Path,
        files: &FileList,
        (options, git): (&Options, Option<&Git>),
        gate_dir: &Path,
        machine: &MachinePaths,
        waiting: &Waiting,
    ) -> Self {
        if !waiting.is_on() {
            return Self::default();
        }
        let wanted = Wanted::by(options, root, git.is_some());
        let mut boundaries = ScanCache::load(gate_dir);
        let mut secrets = SecretCache::load(gate_dir, machine.digest());
        let mut code = wanted.code.then(|| CodeCache::load(gate_dir));
        let mut parsed = BTreeMap::new();
        for file in files.iter().filter(|file| file.kind == FileKind::Regular) {
            if !waiting.is_on() {
                break;
            }
            let Some(digest) = file.digest else { continue };
            let boundary = file.path.ends_with(".rs") && boundaries.get(&digest, Depth::Sites).is_none();
            let secret = survey::is_wanted(file, wanted.in_repository) && secrets.get(&digest).is_none();
            let cache = code
                .as_mut()
                .filter(|cache| may_be_code(&file.path) && cache.get(&digest).is_none());
            if !boundary && !secret && cache.is_none() {
                continue;
            }
            // What cannot be read now is reported by the survey.
            let Ok(bytes) = std::fs::read(root.join(&file.native)) else {
                continue;
            };
            // The file may have changed since it was listed: what is kept is kept for what was read.
            let digest = Digest::of(&bytes);
            if boundary || cache.is_some() {
                let text = source_text(&bytes);
                let tokens = Tokens::new(&text);
                if let Some(cache) = cache {
                    let (found, scan) = scan_with_boundaries(&tokens);
                    boundaries.insert(digest, found);
                    cache.insert(digest, scan);
                } else {
                    // Which modules a file declares is asked for some files later, and costs little more now.
                    boundaries.insert(digest, scan_tokens(&tokens));
                }
                if wanted.release.is_some() && may_be_code(&file.path) {
                    parsed.insert(digest, SourceFile::of_tokens(&tokens));
                }
            }
            if secret {
                secrets.insert(digest, &file::scan_file(&bytes, machine));
            }
        }
        let released = wanted.release.as_ref().zip(git).and_then(|(reference, git)| {
            // What keeps it from being found is told by whoever asks.
            let release = waiting
                .is_on()
                .then(|| Release::find(git, reference, gate_dir).ok())??;
            let released = waiting
                .is_on()
                .then(|| Released::read(&release, git, files, root).ok())??;
            Some(Arc::new(released))
        });
        let advisories = wanted.advisories.as_ref().filter(|_| waiting.is_on()).map(|places| {
            let load = || {
                let advisories = Advisories::look(places.clone(), gate_dir);
                advisories.load(gate_dir);
                advisories
            };
            // The core that cargo works on is left to it.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(cores.saturating_sub(1).max(1));
            match pool.build() {
                Ok(pool) => pool.install(load),
                Err(_) => load(),
            }
        });
        Self {
            boundaries: Some(boundaries),
            code,
            advisories,
            secrets: Some(secrets),
            parsed: Arc::new(parsed),
            released,
        }
    }
}

/// Whether the file may be code of a library or a binary, by its name alone: which targets there are is not known yet.
fn may_be_code(path: &str) -> bool {
    path.ends_with(".rs")
        && !path
            .split('/')
            .any(|part| matches!(part, "tests" | "benches" | "examples"))
}
