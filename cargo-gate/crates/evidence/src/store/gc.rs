//! What the store holds, and which of it may go.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use gate_base::digest::Digest;
use gate_base::error::{Error, Result};

use super::{Store, parse_evidence};
use gate_base::atomic::TEMPORARY_PREFIX;

/// What the store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Number of stored pieces of evidence.
    pub entries: u64,
    /// Number of stored files (logs).
    pub blobs: u64,
    /// Size of everything, in bytes.
    pub bytes: u64,
    /// When the piece of evidence that was unused longest was last used (to the day).
    #[serde(skip)]
    pub oldest: Option<SystemTime>,
    /// When evidence was last used (to the day).
    #[serde(skip)]
    pub newest: Option<SystemTime>,
}

/// What [`Store::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Files that were read.
    pub checked: u64,
    /// Places of damaged files, below the store, which are removed; sorted.
    pub removed: Vec<String>,
}

/// What may stay in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Remove what was not used for longer than this.
    pub max_age: Option<Duration>,
    /// Then remove what was unused longest until the store is no larger than this many bytes.
    pub max_bytes: Option<u64>,
    /// Say what would go, and remove nothing.
    pub dry_run: bool,
}

/// A file that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Where it lies below the store: `evidence/ab/cdef…`.
    pub place: String,
    /// Its size.
    pub bytes: u64,
}

/// What [`Store::gc`] did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Pieces of evidence removed.
    pub removed_entries: u64,
    /// Files removed: logs that no remaining evidence names, damaged entries, leftovers of killed runs.
    pub removed_files: u64,
    /// Bytes freed.
    pub removed_bytes: u64,
    /// Pieces of evidence that remain.
    pub kept_entries: u64,
    /// Bytes that remain.
    pub kept_bytes: u64,
    /// Every file that goes, in the order in which they go.
    pub removed: Vec<Removed>,
    #[serde(skip)]
    dry_run: bool,
}

struct Stored {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

struct Entry {
    file: Stored,
    blobs: Vec<Digest>,
}

struct Blob {
    file: Stored,
    references: usize,
}

impl Store {
    /// What the store holds. A store that does not exist holds nothing.
    ///
    /// # Errors
    /// I/O errors other than absence.
    pub fn stats(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        for file in files(&self.root().join("evidence"))? {
            stats.entries += 1;
            stats.bytes += file.size;
            stats.oldest = Some(stats.oldest.map_or(file.used, |oldest| oldest.min(file.used)));
            stats.newest = Some(stats.newest.map_or(file.used, |newest| newest.max(file.used)));
        }
        for file in files(&self.root().join("blobs"))? {
            stats.blobs += 1;
            stats.bytes += file.size;
        }
        Ok(stats)
    }

    /// Reads everything again and removes what is damaged. Files of runs that were killed are left to [`Self::gc`].
    ///
    /// # Errors
    /// I/O errors other than absence.
    pub fn verify(&self) -> Result<Damage> {
        let mut damage = Damage::default();
        for directory in ["blobs", "evidence"] {
            for file in files(&self.root().join(directory))? {
                let Some(name) = name_of(&file.path) else { continue };
                damage.checked += 1;
                let is_whole = match directory {
                    "blobs" => self.bytes(&name).is_some(),
                    // Takes its files into account, which have been looked at by now.
                    _ => self.evidence(&name).is_some(),
                };
                if !is_whole {
                    damage.removed.push(place_of(directory, &name));
                }
            }
        }
        Ok(damage)
    }

    /// Removes what the retention does not allow, unused longest first, and whatever is damaged or left over from a
    /// killed run. Run directories keep their own copies of logs and are never touched. The caller holds the
    /// [lock](crate::lock::Lock) on the gate directory: without it, logs of a run in progress could go.
    ///
    /// # Errors
    /// I/O errors; what was removed before stays removed, and the store stays sound.
    pub fn gc(&self, retention: Retention, now: SystemTime) -> Result<GcReport> {
        let mut report = GcReport {
            dry_run: retention.dry_run,
            ..GcReport::default()
        };
        let mut blobs = BTreeMap::new();
        for file in files(&self.root().join("blobs"))? {
            match name_of(&file.path) {
                Some(digest) => {
                    blobs.insert(digest, Blob { file, references: 0 });
                }
                None => report.remove(&file)?,
            }
        }
        let mut entries = Vec::new();
        for file in files(&self.root().join("evidence"))? {
            let evidence = name_of(&file.path).and_then(|fingerprint| {
                let evidence = parse_evidence(&fs::read(&file.path).ok()?)?;
                (evidence.fingerprint == fingerprint).then_some(evidence)
            });
            // Evidence without its files is as useless as damaged evidence.
            match evidence {
                Some(evidence) if evidence.files.iter().all(|file| blobs.contains_key(&file.digest)) => {
                    let used: Vec<Digest> = evidence.files.iter().map(|file| file.digest).collect();
                    for digest in &used {
                        if let Some(blob) = blobs.get_mut(digest) {
                            blob.references += 1;
                        }
                    }
                    entries.push(Entry { file, blobs: used });
                }
                _ => report.remove(&file)?,
            }
        }

        // Nothing can use a log that no evidence names.
        let orphans: Vec<Digest> = blobs
            .iter()
            .filter(|(_, blob)| blob.references == 0)
            .map(|(key, _)| *key)
            .collect();
        for digest in orphans {
            report.remove_blob(&mut blobs, &digest)?;
        }

        // Ties are broken by path so that equal stores shrink equally.
        entries.sort_by(|a, b| (a.file.used, &a.file.path).cmp(&(b.file.used, &b.file.path)));
        let mut bytes: u64 = entries.iter().map(|entry| entry.file.size).sum::<u64>()
            + blobs.values().map(|blob| blob.file.size).sum::<u64>();
        for entry in entries {
            let age = now.duration_since(entry.file.used).unwrap_or_default();
            let too_old = retention.max_age.is_some_and(|max| age > max);
            let too_large = retention.max_bytes.is_some_and(|max| bytes > max);
            if !too_old && !too_large {
                report.kept_entries += 1;
                continue;
            }
            let before = report.removed_bytes;
            report.remove(&entry.file)?;
            report.removed_files -= 1;
            report.removed_entries += 1;
            for digest in &entry.blobs {
                if let Some(blob) = blobs.get_mut(digest) {
                    blob.references -= 1;
                    if blob.references == 0 {
                        report.remove_blob(&mut blobs, digest)?;
                    }
                }
            }
            bytes -= report.removed_bytes - before;
        }
        report.kept_bytes = bytes;
        Ok(report)
    }
}

impl GcReport {
    fn remove(&mut self, file: &Stored) -> Result<()> {
        if !self.dry_run {
            match fs::remove_file(&file.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", &file.path, &error));
                }
                _ => {}
            }
        }
        self.removed_files += 1;
        self.removed_bytes += file.size;
        // `evidence/ab/cdef…`: the last three parts.
        let parts: Vec<_> = file.path.iter().map(|part| part.to_string_lossy()).collect();
        self.removed.push(Removed {
            place: parts[parts.len().saturating_sub(3)..].join("/"),
            bytes: file.size,
        });
        Ok(())
    }

    fn remove_blob(&mut self, blobs: &mut BTreeMap<Digest, Blob>, digest: &Digest) -> Result<()> {
        blobs.remove(digest).map_or(Ok(()), |blob| self.remove(&blob.file))
    }
}

fn place_of(directory: &str, name: &Digest) -> String {
    let name = name.to_hex();
    let (folder, file) = name.split_at(2);
    format!("{directory}/{folder}/{file}")
}

/// The digest that the path of a stored file stands for; `None` for leftovers.
fn name_of(path: &Path) -> Option<Digest> {
    let name = path.file_name()?.to_str()?;
    let directory = path.parent()?.file_name()?.to_str()?;
    if name.starts_with(TEMPORARY_PREFIX) {
        return None;
    }
    Digest::parse(&format!("{directory}{name}"))
}

/// Every file two levels below `root`, sorted by path.
fn files(root: &Path) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    for directory in list(root)? {
        for path in list(&directory)? {
            let metadata = match fs::symlink_metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("read", path, &error)),
            };
            if metadata.is_file() {
                let used = metadata.modified().map_err(|error| Error::io("read", &path, &error))?;
                found.push(Stored {
                    path,
                    size: metadata.len(),
                    used,
                });
            }
        }
    }
    Ok(found)
}

fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    use std::io::ErrorKind;
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", directory, &error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| Error::io("read", directory, &error))?.path());
    }
    paths.sort();
    Ok(paths)
}
