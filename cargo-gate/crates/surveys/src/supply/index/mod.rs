//! What cargo's own copy of registries' indexes says of the packages of a lockfile. Cargo is not asked and nothing is
//! fetched: an answer is as old as cargo's last look at the registry.

mod entry;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;
use semver::Version;
use serde::{Deserialize, Serialize};

use gate_base::digest::{Digest, DigestBuilder};
use gate_world::cache;
use gate_world::cargo::lock::{Lock, LockedPackage};
use gate_world::index::{Stamp, nanos_since_epoch};

pub use entry::{Release, find};

use super::source::read;

const NAME: &str = "answers";
const VERSION: u32 = 1;
/// A file larger than this is not read; the largest of the public registry is a twentieth of it.
const MAX_FILE: u64 = 32 << 20;

/// Whether a version was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    /// The registry lists it.
    Listed,
    /// It was yanked.
    Yanked,
    /// Cargo keeps nothing of it.
    Unknown,
}

/// What the indexes say of every package of a lockfile that comes from a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryIndex {
    /// Of which lockfile.
    lock: Option<Digest>,
    answers: Answers,
}

/// By name, version and source.
type Answers = BTreeMap<(String, Version, String), Listing>;

/// What is kept for the next run.
#[derive(Serialize, Deserialize)]
struct Kept {
    lock: Digest,
    /// Names of the packages that come from a registry.
    names: Vec<String>,
    /// When they were read, in nanoseconds since 1970.
    scan: i64,
    /// What tells whether the files are still those that were read.
    state: Digest,
    answers: Vec<(String, Version, String, Listing)>,
}

impl RegistryIndex {
    /// Looks up the packages of a lockfile in the indexes below cargo's home. What has not changed since the last time is
    /// not read.
    pub fn look(home: Option<&Path>, lock: &[u8], gate_dir: &Path) -> Self {
        let directory = gate_dir.join("registry");
        let digest = Digest::of(lock);
        let kept: Option<Kept> = gate_base::record::read(&directory.join(NAME), VERSION);
        let kept = kept.filter(|kept| kept.lock == digest);
        let mut parsed = None;
        let names = match &kept {
            Some(kept) => kept.names.clone(),
            None => {
                let packages = parsed.insert(packages(lock)).iter();
                let mut names: Vec<String> = packages.map(|package| package.name.clone()).collect();
                names.dedup();
                names
            }
        };
        let scan = nanos_since_epoch(SystemTime::now());
        let files = Files::look(home, &names);
        let answers = match kept {
            Some(kept) if kept.state == files.state && files.settled_before(kept.scan) => {
                let answer = |(name, version, source, listing)| ((name, version, source), listing);
                kept.answers.into_iter().map(answer).collect()
            }
            _ => {
                let answers = files.answers(&parsed.unwrap_or_else(|| packages(lock)));
                let kept = Kept {
                    lock: digest,
                    names,
                    scan,
                    state: files.state,
                    answers: answers
                        .iter()
                        .map(|((name, version, source), listing)| {
                            (name.clone(), version.clone(), source.clone(), *listing)
                        })
                        .collect(),
                };
                // Best effort: without it the next run reads the files again.
                let _ = cache::write(&directory, NAME, VERSION, &kept);
                answers
            }
        };
        Self {
            lock: Some(digest),
            answers,
        }
    }

    /// Whether it is about this lockfile.
    pub fn is_of(&self, lock: &[u8]) -> bool {
        self.lock == Some(Digest::of(lock))
    }

    /// Digest over all answers.
    pub fn fingerprint(&self) -> Digest {
        let mut digest = DigestBuilder::new("registry index");
        for ((name, version, source), listing) in &self.answers {
            digest.part(name.as_bytes()).part(version.to_string().as_bytes());
            digest.part(source.as_bytes()).part(&[*listing as u8]);
        }
        digest.finish()
    }

    /// Whether the lockfile has no package from a registry.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Whether nothing is known of any package.
    pub fn knows_nothing(&self) -> bool {
        self.answers.values().all(|listing| *listing == Listing::Unknown)
    }

    /// What is known of a package; `None` where it does not come from a registry.
    pub fn listing(&self, package: &LockedPackage) -> Option<Listing> {
        let source = package.source.clone()?;
        let key = (package.name.clone(), package.version.clone(), source);
        self.answers.get(&key).copied()
    }
}

/// The packages of a lockfile that come from a registry; none where it cannot be read.
fn packages(lock: &[u8]) -> Vec<LockedPackage> {
    let lock = Lock::parse(lock).unwrap_or_default();
    let published = |package: &&LockedPackage| host(package).is_some();
    lock.packages().iter().filter(published).cloned().collect()
}

/// The host of a package's registry.
fn host(package: &LockedPackage) -> Option<&str> {
    let source = package.source.as_deref()?;
    let url = source
        .strip_prefix("registry+")
        .or_else(|| source.strip_prefix("sparse+"))?;
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next().unwrap_or(host))
}

/// Files about packages, in the caches of all indexes.
struct Files {
    /// By name: the host of the registry, and where the file is.
    by_name: BTreeMap<String, Vec<(String, PathBuf)>>,
    stamps: Vec<Stamp>,
    /// Digest over what their directories say of them.
    state: Digest,
}

impl Files {
    /// Looks at the files; none is read.
    fn look(home: Option<&Path>, names: &[String]) -> Self {
        let caches = home.map(caches).unwrap_or_default();
        let mut wanted = Vec::new();
        for name in names {
            let Some(below) = entry::path(name) else { continue };
            let may_have = |cache: &&Cache| below.split('/').next().is_some_and(|first| cache.first.contains(first));
            let having = caches.iter().filter(may_have);
            wanted.extend(having.map(|cache| (name, &cache.host, cache.directory.join(&below))));
        }
        let look = |(name, host, path): (&String, &String, PathBuf)| {
            let stamp = Stamp::of(&fs::metadata(&path).ok()?);
            Some((name.clone(), host.clone(), path, stamp))
        };
        let found: Vec<_> = wanted.into_par_iter().with_min_len(64).filter_map(look).collect();
        let mut digest = DigestBuilder::new("files of registry indexes");
        let mut by_name: BTreeMap<String, Vec<(String, PathBuf)>> = BTreeMap::new();
        let mut stamps = Vec::new();
        for (name, host, path, stamp) in found {
            digest.part(path.as_os_str().as_encoded_bytes());
            for number in [
                stamp.size,
                stamp.modified as u64,
                stamp.changed as u64,
                stamp.inode,
                stamp.device,
            ] {
                digest.part(&number.to_le_bytes());
            }
            stamps.push(stamp);
            by_name.entry(name).or_default().push((host, path));
        }
        Self {
            by_name,
            stamps,
            state: digest.finish(),
        }
    }

    /// Whether a change after `scan` would show.
    fn settled_before(&self, scan: i64) -> bool {
        self.stamps.iter().all(|stamp| stamp.settled_before(scan))
    }

    fn answers(&self, packages: &[LockedPackage]) -> Answers {
        let answer = |package: &LockedPackage| {
            let source = package.source.clone().unwrap_or_default();
            (
                (package.name.clone(), package.version.clone(), source),
                self.listing(package),
            )
        };
        packages.par_iter().map(answer).collect()
    }

    /// What the registry of a package says of it. A mirror of crates.io is as good: the same archive has the same checksum.
    fn listing(&self, package: &LockedPackage) -> Listing {
        let files = self.by_name.get(&package.name).map(Vec::as_slice).unwrap_or_default();
        let own = host(package).unwrap_or_default();
        let is_own =
            |host: &str| host == own || package.is_published() && matches!(host, "index.crates.io" | "github.com");
        let found = |mirrors: bool| -> Vec<Release> {
            let files = files.iter().filter(|(host, _)| is_own(host) != mirrors);
            let release = |path: &PathBuf| find(&read(path, MAX_FILE).ok()?, &package.version.to_string());
            let of = files.filter_map(|(_, path)| release(path));
            // Other packages have the same name and version in other registries.
            of.filter(|release| match package.checksum() {
                Some(checksum) => release.checksum == checksum,
                None => !mirrors,
            })
            .collect()
        };
        let mut releases = found(false);
        if releases.is_empty() && package.is_published() {
            releases = found(true);
        }
        match releases.as_slice() {
            [] => Listing::Unknown,
            all if all.iter().any(|release| release.yanked) => Listing::Yanked,
            _ => Listing::Listed,
        }
    }
}

/// What cargo keeps of one index.
struct Cache {
    /// Host of the registry.
    host: String,
    directory: PathBuf,
    /// Names of the directories in it. Most indexes of a machine that has many hold a few packages: only these are looked for.
    first: BTreeSet<String>,
}

/// The caches of all indexes below cargo's home, in a stable order.
fn caches(home: &Path) -> Vec<Cache> {
    let directory = home.join("registry").join("index");
    let mut names = names_in(&directory);
    names.sort();
    // `<host>-<hash>`
    let cache = |name: String| {
        let host = name.rsplit_once('-')?.0.to_owned();
        let directory = directory.join(&name).join(".cache");
        let first = names_in(&directory).into_iter().collect();
        Some(Cache { host, directory, first })
    };
    names.into_par_iter().filter_map(cache).collect()
}

/// Names of what is in a directory; none where it cannot be read.
fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    entries.filter_map(name).collect()
}

#[cfg(test)]
mod tests;
