//! What `git status` and `git ls-files` said, remembered for as long as nothing that they looked at has changed.
//!
//! The answers depend on the contents of tracked files, on which files there are, on ignore rules and attributes, on
//! git's own index, on the commit, on configuration, on variables and on the program. All of that is looked at again,
//! by the rule of the digest index (size, times and inode are what they were, and the times are older than the scan
//! that made the record):
//!
//! - contents of files through the digest index itself, which is the same file as then;
//! - which files there are through the times of every directory that git walks, because creating, removing and renaming
//!   change the times of the directory; git's own untracked cache rests on the same;
//! - the rest through the file each of them stands in, present or not.
//!
//! What is not covered is not remembered: submodules and other repositories below the workspace, configuration that
//! includes other files, names that are not UTF-8, a git too old to say where its configuration lies, and systems whose
//! files have no change time.

use std::ffi::OsStr;
use std::fs::symlink_metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::error::Result;

use super::super::cache;
use super::super::index::{Index, Stamp, nanos_since_epoch};
use super::Program;
use super::repository::Repository;

const NAME: &str = "status";
const VERSION: u32 = 2;

/// What git said of a work tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// `git ls-files -z --stage`: what git tracks.
    pub(super) tracked: Vec<u8>,
    /// `git status --porcelain=v2 -z`: how the work tree differs from the commit.
    pub(super) status: Vec<u8>,
}

/// The answers of git with everything they depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStatus {
    /// When the scan began during which git was asked, by the system's clock.
    began: i64,
    /// How long it took from then until the record was made.
    duration: i64,
    /// The directory that was looked at and the variables that git heeds.
    asked: Digest,
    /// What the digest index looked like that vouches for the contents of files.
    index: Stamp,
    /// Files that decide about the answer, where they are.
    places: Vec<(String, Option<Stamp>)>,
    /// Every directory that git walks, below the workspace root.
    directories: Vec<(String, Stamp)>,
    answers: Answers,
}

impl KnownStatus {
    /// The remembered answers, if no place and no directory has changed and the digest index is the same. Whether the
    /// files are still what the index says is for the caller to see.
    pub fn load(program: &Program, gate_dir: &Path, index: &Index) -> Option<Self> {
        if !cfg!(unix) {
            return None;
        }
        let path = gate_dir.join(NAME);
        let known = gate_base::record::read::<Self>(&path, VERSION)?;
        if known.asked != asked(program) || index.stamp() != Some(known.index) {
            return None;
        }
        // The file system's own clock decides; the system's clock can only make the rule stricter.
        let written = Stamp::of(&symlink_metadata(&path).ok()?).modified;
        let before = written.saturating_sub(known.duration).min(known.began);
        let settled = |stamp: &Stamp| stamp.settled_before(before);
        let same_place = |(place, stamp): &(String, Option<Stamp>)| {
            stamp_of(Path::new(place)) == *stamp && stamp.as_ref().is_none_or(settled)
        };
        let same_directory = |(directory, stamp): &(String, Stamp)| {
            stamp_of(&program.root.join(directory)) == Some(*stamp) && settled(stamp)
        };
        (known.places.iter().all(same_place) && known.directories.iter().all(same_directory)).then_some(known)
    }

    /// The answers.
    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Makes the record of the answers, while `index` vouches for every file and git reported no repository below the
    /// workspace. `is_outside` says which directories below the root are not part of the workspace. `None` when
    /// something is not covered.
    pub fn of(
        program: &Program,
        top: &Path,
        index: &Index,
        answers: Answers,
        is_outside: impl Fn(&Path) -> bool,
        began: SystemTime,
    ) -> Option<Self> {
        if !cfg!(unix) {
            return None;
        }
        let ignored = program
            .output(&["ls-files", "-zoi", "--exclude-standard", "--directory", "--", "."])
            .ok()?;
        let ignored: Vec<&str> = std::str::from_utf8(&ignored)
            .ok()?
            .split('\0')
            .filter_map(|path| path.strip_suffix('/'))
            .collect();
        let mut places = places(program, top)?;
        let mut directories = Vec::new();
        let mut pending = vec![String::new()];
        while let Some(directory) = pending.pop() {
            let path = program.root.join(&directory);
            directories.push((directory.clone(), stamp_of(&path)?));
            for entry in std::fs::read_dir(&path).ok()? {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                if name == ".git" {
                    if directory.is_empty() {
                        continue;
                    }
                    return None;
                }
                let below = if directory.is_empty() {
                    name.clone()
                } else {
                    format!("{directory}/{name}")
                };
                if entry.file_type().ok()?.is_dir() {
                    if !ignored.contains(&below.as_str()) && !is_outside(Path::new(&below)) {
                        pending.push(below);
                    }
                } else if name == ".gitignore" || name == ".gitattributes" {
                    places.push(path.join(name));
                }
            }
        }
        let places = places.iter().map(|place| {
            let stamp = stamp_of(place);
            Some((place.to_str()?.to_owned(), stamp))
        });
        let duration = SystemTime::now().duration_since(began).unwrap_or_default();
        Some(Self {
            began: nanos_since_epoch(began),
            duration: i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX),
            asked: asked(program),
            index: index.stamp()?,
            places: places.collect::<Option<_>>()?,
            directories,
            answers,
        })
    }

    /// Whether the record could hold in the next run: nothing is as young as the scan.
    pub fn is_settled(&self) -> bool {
        let settled = |stamp: &Stamp| stamp.settled_before(self.began);
        self.places.iter().filter_map(|(_, stamp)| stamp.as_ref()).all(settled)
            && self.directories.iter().all(|(_, stamp)| settled(stamp))
    }

    /// Remembers the answers.
    ///
    /// # Errors
    /// I/O errors; what was remembered before stays.
    pub fn store(&self, gate_dir: &Path) -> Result<()> {
        cache::write(gate_dir, NAME, VERSION, self)
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    symlink_metadata(path).ok().as_ref().map(Stamp::of)
}

/// What git is asked about and with which variables.
fn asked(program: &Program) -> Digest {
    let mut digest = DigestBuilder::new("git-status");
    digest.part(program.root.as_os_str().as_encoded_bytes());
    digest.part(program.path.as_os_str().as_encoded_bytes());
    for (name, value) in program.environment.with_prefix("GIT_") {
        digest.part(name.as_bytes()).part(value.as_encoded_bytes());
    }
    for name in ["HOME", "XDG_CONFIG_HOME"] {
        digest.part(
            program
                .environment
                .get(name)
                .map_or(b"".as_slice(), OsStr::as_encoded_bytes),
        );
    }
    digest.finish()
}

/// Every file outside of the walk that decides about the answer, whether it exists or not.
fn places(program: &Program, top: &Path) -> Option<Vec<PathBuf>> {
    let variables = program.output(&["var", "-l"]).ok()?;
    let variables = std::str::from_utf8(&variables).ok()?;
    let mut places = vec![std::fs::canonicalize(&program.path).ok()?, program.path.clone()];
    let mut told = Vec::new();
    let (mut excludes, mut attributes) = (None, None);
    for (name, value) in variables.lines().filter_map(|line| line.split_once('=')) {
        match name.to_ascii_lowercase().as_str() {
            "git_config_system" | "git_config_global" | "git_attr_system" | "git_attr_global" => {
                told.push(name);
                places.push(value.into());
            }
            "core.excludesfile" => excludes = Some(value),
            "core.attributesfile" => attributes = Some(value),
            "core.worktree" => return None,
            name if name.starts_with("include.") || name.starts_with("includeif.") => return None,
            _ => {}
        }
    }
    // Older versions of git tell none.
    let needed = [
        ("GIT_CONFIG_GLOBAL", None),
        ("GIT_ATTR_GLOBAL", None),
        ("GIT_CONFIG_SYSTEM", Some("GIT_CONFIG_NOSYSTEM")),
        ("GIT_ATTR_SYSTEM", Some("GIT_ATTR_NOSYSTEM")),
    ];
    let switched_off = |variable: Option<&str>| variable.is_some_and(|name| program.environment.get(name).is_some());
    if !needed
        .iter()
        .all(|(name, off)| told.contains(name) || switched_off(*off))
    {
        return None;
    }
    let home = program.environment.home();
    for configured in [excludes, attributes].into_iter().flatten() {
        places.push(match configured.strip_prefix("~/") {
            Some(below) => home.as_ref()?.join(below),
            None => program.root.join(configured),
        });
    }
    let configuration = program.environment.path("XDG_CONFIG_HOME");
    if let Some(directory) = configuration.or_else(|| Some(home?.join(".config"))) {
        places.push(directory.join("git/ignore"));
        places.push(directory.join("git/attributes"));
    }

    let repository = Repository::of(top)?;
    let head = repository.own.join("HEAD");
    let points_to = std::fs::read_to_string(&head).ok()?;
    if let Some(reference) = points_to.strip_prefix("ref: ") {
        let reference = repository.common.join(reference.trim_end());
        if std::fs::read_to_string(&reference).is_ok_and(|text| text.starts_with("ref:")) {
            return None;
        }
        places.push(reference);
    }
    places.push(head);
    for name in ["index", "config.worktree", "info/sparse-checkout"] {
        places.push(repository.own.join(name));
    }
    let common = "config info/exclude info/attributes info/grafts packed-refs refs/replace reftable/tables.list";
    places.extend(common.split(' ').map(|name| repository.common.join(name)));
    let dot_git = top.join(".git");
    if dot_git.is_file() {
        places.extend([dot_git, repository.own.join("commondir")]);
    }
    let mut above = program.root.as_path();
    while above != top {
        above = above.parent()?;
        places.push(above.join(".gitignore"));
        places.push(above.join(".gitattributes"));
    }
    Some(places)
}

#[cfg(all(test, unix))]
mod tests;
