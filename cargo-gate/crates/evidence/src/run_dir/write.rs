//! Writing runs, and completing what a kill interrupted.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::history::{self, History, HistoryEntry};
use crate::own;
use crate::terms::Terms;
use crate::verify;
use gate_base::atomic;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_report::Tool;
use gate_text::secrets::mask_text;

use crate::record::{
    AUDIT, DECISION, DecisionRecord, ENVIRONMENT, HASHES, Hashes, LATEST, Link, MANIFEST, Manifest, ManifestArtifact,
    REDACTION, REPORT_HTML, REPORT_JSON, REPORT_MARKDOWN, RedactionAudit, RunRecord, SCHEMA_VERSION, canonical,
    is_plain_path,
};

/// The runs of one gate directory. The writer holds the [lock](crate::lock::Lock) on it.
#[derive(Debug, Clone)]
pub struct Runs {
    gate_dir: PathBuf,
    directory: PathBuf,
}

/// A run that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its directory, absolute if the gate directory is.
    pub directory: PathBuf,
    /// Its chain hash: the anchor a person keeps elsewhere.
    pub chain: String,
}

/// What [`Runs::recover`] found and repaired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Unfinished things of killed runs that were removed.
    pub removed: Vec<String>,
    /// A finished run whose history line was missing and was added.
    pub recorded: Option<String>,
    /// Whether `latest` was moved to the newest run.
    pub latest_moved: bool,
}

/// A run that lies complete under its temporary name.
#[derive(Debug)]
pub(crate) struct Staged {
    temporary: PathBuf,
    directory: PathBuf,
    entry: HistoryEntry,
}

impl Runs {
    /// The runs below the gate directory; nothing is created before the first write.
    pub fn new(gate_dir: &Path) -> Self {
        Self {
            gate_dir: gate_dir.to_owned(),
            directory: gate_dir.join("runs"),
        }
    }

    /// Directory that holds the run directories.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A new run id: UTC time and six hexadecimal digits, `20261121T101500Z-3fa9c1`. Ids of different seconds sort by
    /// time; within a second, the order is that of the history.
    pub fn new_id(&self, started: Timestamp, content: &str) -> String {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let second = started.strftime("%Y%m%dT%H%M%SZ");
        loop {
            let salt = format!(
                "{} {} {} {content}",
                started.as_nanosecond(),
                std::process::id(),
                COUNTER.fetch_add(1, Ordering::Relaxed)
            );
            let id = format!("{second}-{}", &sha256_hex(salt.as_bytes())[..6]);
            if fs::symlink_metadata(self.directory.join(&id)).is_err() {
                return id;
            }
        }
    }

    /// Completes what a kill interrupted: removes unfinished run directories, adds the history line of a run that was
    /// finished but not recorded, moves `latest`. Only states that a kill can leave are repaired; everything else is
    /// left for [`verify`] to name. With it comes the history as it is then, which had to be read for that.
    ///
    /// # Errors
    /// I/O errors.
    pub fn recover(&self) -> Result<(Recovery, History)> {
        let mut recovery = Recovery::default();
        let mut finished = Vec::new();
        for name in names(&self.directory)? {
            if name.starts_with(atomic::TEMPORARY_PREFIX) {
                remove(&self.directory.join(&name))?;
                recovery.removed.push(name);
            } else if name != LATEST {
                finished.push(name);
            }
        }
        let bytes = history::read(&self.gate_dir)?;
        let lines = history::parse(&bytes);
        let recorded: HashSet<&str> = lines.entries.iter().map(|entry| entry.run_id.as_str()).collect();
        let latest = verify::read_latest(&self.directory);
        let unrecorded: Vec<&String> = finished
            .iter()
            .filter(|run_id| !recorded.contains(run_id.as_str()))
            .collect();
        let mut newest = lines.entries.last().map(|entry| entry.run_id.clone());
        // A kill leaves at most one such run, and `latest` moves only after its line is on disk.
        if let [run_id] = unrecorded.as_slice()
            && latest.as_ref() != Some(*run_id)
            && let Ok(entry) = verify::unrecorded(&self.gate_dir, &lines.entries, run_id)
        {
            let torn = lines.torn.map(|start| (start, &bytes[start..]));
            let line = entry.line()?;
            if torn.is_none_or(|(_, tail)| line.as_bytes().starts_with(tail)) {
                if let Some((start, _)) = torn {
                    history::truncate(&self.gate_dir, start)?;
                }
                history::append(&self.gate_dir, &entry)?;
                newest = Some((*run_id).clone());
                recovery.recorded = Some((*run_id).clone());
            }
        }
        let before = lines.entries.iter().rev().nth(usize::from(recovery.recorded.is_none()));
        let behind = latest.is_none() || latest.as_ref() == before.map(|entry| &entry.run_id);
        if let Some(newest) = newest
            && behind
            && self.directory.join(&newest).is_dir()
        {
            atomic::point(&self.directory.join(LATEST), &newest)?;
            recovery.latest_moved = true;
        }
        let history = match recovery.recorded {
            Some(_) => History::load(&self.gate_dir),
            None => History::of(&self.gate_dir, lines),
        };
        Ok((recovery, history))
    }

    /// Writes a run: its directory, its history line, `latest`.
    ///
    /// # Errors
    /// I/O errors, a full disk among them (before the run directory has its final name nothing is visible, after that
    /// the next run completes it), and a record that contradicts itself.
    pub fn write(&self, record: &RunRecord<'_>) -> Result<Written> {
        let staged = self.stage(record)?;
        self.publish(&staged)?;
        self.record(&staged)?;
        self.point_latest(&staged)?;
        Ok(Written {
            directory: staged.directory,
            chain: staged.entry.chain,
        })
    }

    /// Step 1: everything under the temporary name, on disk.
    pub(crate) fn stage(&self, record: &RunRecord<'_>) -> Result<Staged> {
        let previous = history::last(&self.gate_dir)?.map(|entry| Link {
            run_id: entry.run_id,
            chain: entry.chain,
        });
        let contents = Contents::of(record)?;
        let mut files: BTreeMap<&str, &[u8]> = contents.files.iter().map(|(path, bytes)| (*path, &**bytes)).collect();
        let hashes = Hashes::new(contents.hashes, previous);
        let hashes_json = json(HASHES, &hashes)?;
        files.insert(HASHES, &hashes_json);

        let temporary = self
            .directory
            .join(format!("{}{}", atomic::TEMPORARY_PREFIX, record.run_id));
        if let Err(error) = write_all(&temporary, &files) {
            // What cannot be removed now is removed by the next run.
            let _ = fs::remove_dir_all(&temporary);
            return Err(Error::io("write", &temporary, &error));
        }
        own::mark(&self.gate_dir, record.run_id, &hashes.chain)?;
        Ok(Staged {
            temporary,
            directory: self.directory.join(record.run_id),
            entry: HistoryEntry::of(&contents.manifest, &contents.decision, &hashes),
        })
    }

    /// Step 2: the final name.
    pub(crate) fn publish(&self, staged: &Staged) -> Result<()> {
        atomic::rename(&staged.temporary, &staged.directory)
            .and_then(|()| atomic::sync_directory(&self.directory))
            .map_err(|error| Error::io("write", &staged.directory, &error))
    }

    /// Step 3: the history line.
    pub(crate) fn record(&self, staged: &Staged) -> Result<()> {
        history::append(&self.gate_dir, &staged.entry)
    }

    /// Step 4: `latest`.
    pub(crate) fn point_latest(&self, staged: &Staged) -> Result<()> {
        atomic::point(&self.directory.join(LATEST), &staged.entry.run_id)
    }
}

/// The files of a run but for `hashes.json`.
struct Contents<'a> {
    manifest: Manifest,
    decision: DecisionRecord,
    files: BTreeMap<&'a str, std::borrow::Cow<'a, [u8]>>,
    hashes: BTreeMap<String, String>,
}

impl<'a> Contents<'a> {
    fn of(record: &RunRecord<'a>) -> Result<Self> {
        let mut files: BTreeMap<&'a str, std::borrow::Cow<'a, [u8]>> = BTreeMap::new();
        let mut hashes = BTreeMap::new();
        let mut artifacts = Vec::new();
        for file in record.files {
            let sha256 = sha256_hex(&file.bytes);
            artifacts.push(ManifestArtifact {
                path: file.path.clone(),
                sha256: sha256.clone(),
                size: file.bytes.len() as u64,
                check: file.check.clone(),
            });
            if !is_plain_path(&file.path) || !file.path.contains('/') || files.contains_key(file.path.as_str()) {
                return Err(Error::tool(format!(
                    "`{}` cannot be the name of an artifact",
                    file.path
                )));
            }
            files.insert(&file.path, (&*file.bytes).into());
            hashes.insert(file.path.clone(), sha256);
        }
        artifacts.sort_by(|a, b| a.path.cmp(&b.path));

        let report = record.report;
        if report.run_id != record.run_id || report.chain.is_some() {
            return Err(Error::tool("the report belongs to another run"));
        }
        for artifact in report
            .checks
            .iter()
            .filter_map(|check| check.evidence.as_ref())
            .flat_map(|e| &e.artifacts)
        {
            if hashes.get(&artifact.path) != Some(&artifact.sha256) {
                return Err(Error::tool(format!(
                    "the report lists `{}`, which the run lacks",
                    artifact.path
                )));
            }
        }
        files.insert(REPORT_JSON, record.json.as_bytes().into());
        files.insert(REPORT_MARKDOWN, record.markdown.as_bytes().into());
        files.insert(REPORT_HTML, record.html.as_bytes().into());
        let decision = DecisionRecord::of(report, record.catalogue_sha256);
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            run_id: record.run_id.to_owned(),
            started: report.started.clone(),
            tool: Tool {
                name: "cargo-gate".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            stage: decision.stage,
            command: record
                .command
                .iter()
                .map(|argument| mask_text(&record.environment.redact(argument)).into_owned())
                .collect(),
            policy_sha256: report.subject.policy_sha256.clone(),
            terms: Some(Terms::recorded(&report.subject)),
            subject: Some(report.subject.clone()),
            artifacts,
        };
        let mut audit = Vec::new();
        for step in record.audit {
            serde_json::to_writer(&mut audit, step).map_err(|error| unwritable(AUDIT, &error))?;
            audit.push(b'\n');
        }
        files.insert(MANIFEST, json(MANIFEST, &manifest)?.into());
        files.insert(DECISION, json(DECISION, &decision)?.into());
        files.insert(ENVIRONMENT, json(ENVIRONMENT, record.environment)?.into());
        files.insert(AUDIT, audit.into());
        // Everything is read twice, for secrets and for its hash: beside each other, as a run waits for both.
        let redaction = std::thread::scope(|scope| {
            let searched = files.iter().map(|(path, bytes)| (*path, &**bytes));
            let redaction = scope.spawn(|| RedactionAudit::of(record.run_id, searched));
            for (path, bytes) in &files {
                hashes.entry((*path).to_owned()).or_insert_with(|| sha256_hex(bytes));
            }
            redaction.join()
        })
        .map_err(|_| Error::tool("the search of the run's files for secrets ended early"))?;
        let redaction = json(REDACTION, &redaction)?;
        hashes.insert(REDACTION.to_owned(), sha256_hex(&redaction));
        files.insert(REDACTION, redaction.into());
        Ok(Self {
            manifest,
            decision,
            files,
            hashes,
        })
    }
}

fn json<T: serde::Serialize>(name: &str, value: &T) -> Result<Vec<u8>> {
    canonical(value).map_err(|error| unwritable(name, &error))
}

fn unwritable(name: &str, error: &serde_json::Error) -> Error {
    Error::tool(format!("cannot write `{name}`: {error}"))
}

/// Threads that wait for the disk at once; more than a run has files, unless it has many suites.
const SYNC_THREADS: usize = 16;

/// Writes everything first and waits for the disk then, for all files at once: journals commit them together, where one
/// wait after the other costs four to ten times as much on a busy disk.
fn write_all(directory: &Path, files: &BTreeMap<&str, &[u8]>) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut directories = BTreeSet::from([directory.to_owned()]);
    let mut handles = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let path = directory.join(path);
        if let Some(parent) = path.parent()
            && directories.insert(parent.to_owned())
        {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        handles.push(file);
    }
    std::thread::scope(|scope| {
        let waits: Vec<_> = handles
            .chunks(handles.len().div_ceil(SYNC_THREADS).max(1))
            .map(|chunk| scope.spawn(|| chunk.iter().try_for_each(File::sync_all)))
            .collect();
        let directories = directories
            .iter()
            .try_for_each(|directory| atomic::sync_directory(directory));
        let files = waits
            .into_iter()
            .try_for_each(|wait| wait.join().unwrap_or_else(|_| Err(io::Error::other("panic"))));
        directories.and(files)
    })
}

fn names(directory: &Path) -> Result<Vec<String>> {
    let failed = |error: &io::Error| Error::io("read", directory, error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // Names that are not UTF-8 are not ours.
        names.extend(entry.map_err(|error| failed(&error))?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    removed.map_err(|error| Error::io("remove", path, &error))
}
