//! Kernel sets: the locks, the PTX and the locked sources of a run that was ready, kept so that they can be had back.
//!
//! ```text
//! target/gate/kernels/sets/<fingerprint>/set.json   which files, and the run that was ready with them
//!                                        blobs/     their bytes, by SHA-256
//! ```
//!
//! The fingerprint of a set is the SHA-256 over one line `<sha256>  <path>` for each file, sorted by path: what `sha256sum` prints. The report of
//! a run has the fingerprint of its set, and the history has the report, so an altered set is not used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use gate_base::atomic;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_report::Report;
use gate_world::Workspace;

/// Version of `set.json`.
const SCHEMA: u32 = 1;

/// Most sets that are kept; the ones whose runs are oldest go first.
const KEPT: usize = 20;

/// A kernel set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelSet {
    schema_version: u32,
    /// SHA-256 over the files, hexadecimal.
    pub fingerprint: String,
    /// Id of the newest run that was ready with it.
    pub run_id: String,
    /// The stage of that run.
    pub stage: Stage,
    /// Commit that it judged.
    pub commit: Option<String>,
    /// The files, sorted by path.
    pub files: Vec<SetFile>,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFile {
    /// Path relative to the workspace root, with `/`.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// The files of the present kernel set with their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// The files, sorted by path.
    pub files: Vec<(SetFile, Vec<u8>)>,
}

impl Present {
    /// Reads the locks of a workspace and what they name below its root. `None` where there is no lock.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(workspace: &Workspace) -> io::Result<Option<Self>> {
        let Some(paths) = super::named_files(workspace) else {
            return Err(io::Error::other("cannot read a kernel lock"));
        };
        if paths.is_empty() {
            return Ok(None);
        }
        let mut files = Vec::new();
        // What lies beyond the root is not the workspace's to restore.
        for path in paths.into_iter().filter(|path| is_below(path)) {
            let bytes = workspace.read(&path)?;
            let sha256 = sha256_hex(&bytes);
            files.push((SetFile { path, sha256 }, bytes));
        }
        Ok(Some(Self { files }))
    }

    /// The fingerprint.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.files.iter().map(|(file, _)| file))
    }
}

/// Fingerprint of the kernel set of a workspace; `None` where there is no lock, or where a file that one names cannot be read.
pub fn present_fingerprint(workspace: &Workspace) -> Option<String> {
    Present::read(workspace).ok()?.map(|present| present.fingerprint())
}

fn fingerprint<'a>(files: impl Iterator<Item = &'a SetFile>) -> String {
    let lines: String = files.map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
    sha256_hex(lines.as_bytes())
}

/// Whether a path of a set stays where it belongs.
fn is_below(path: &str) -> bool {
    let relative = !path.starts_with('/') && path.as_bytes().get(1) != Some(&b':') && !path.contains('\\');
    relative && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn directory(gate_dir: &Path) -> PathBuf {
    gate_dir.join("kernels").join("sets")
}

/// Keeps the present kernel set under a run that was ready. Nothing is done for a run that was not, or without a lock.
///
/// # Errors
/// A file cannot be read or written, or changed since the run looked at it.
pub fn keep(workspace: &Workspace, report: &Report) -> Result<()> {
    let (true, Some(judged)) = (report.decision.is_ready(), &report.subject.kernels) else {
        return Ok(());
    };
    let present = Present::read(workspace).map_err(|error| Error::io("read", workspace.root(), &error))?;
    let Some(present) = present.filter(|present| present.fingerprint() == *judged) else {
        return Err(Error::tool("the kernels changed while the gate ran").with_help("run the gate again"));
    };
    let sets = directory(&workspace.gate_dir());
    let set = sets.join(judged);
    for (file, bytes) in &present.files {
        let blob = set.join("blobs").join(&file.sha256);
        if !fs::read(&blob).is_ok_and(|there| there == *bytes) {
            atomic::write(&blob, bytes)?;
        }
    }
    let record = KernelSet {
        schema_version: SCHEMA,
        fingerprint: judged.clone(),
        run_id: report.run_id.clone(),
        stage: report.stage,
        commit: report.subject.commit.clone(),
        files: present.files.into_iter().map(|(file, _)| file).collect(),
    };
    let text = serde_json::to_vec_pretty(&record)
        .map_err(|error| Error::tool(format!("cannot write a kernel set: {error}")))?;
    // Last: a set without it does not count.
    atomic::write(&set.join("set.json"), &text)?;
    let (kept, _) = all(&workspace.gate_dir());
    for old in kept.iter().rev().skip(KEPT) {
        let path = sets.join(&old.fingerprint);
        fs::remove_dir_all(&path).map_err(|error| Error::io("remove", &path, &error))?;
    }
    Ok(())
}

/// Every set, the one with the oldest run first, and the directories that hold no valid set.
pub fn all(gate_dir: &Path) -> (Vec<KernelSet>, Vec<String>) {
    let mut sets = Vec::new();
    let mut damaged = Vec::new();
    for entry in fs::read_dir(directory(gate_dir)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let read = || {
            let text = fs::read(entry.path().join("set.json")).ok()?;
            let set: KernelSet = serde_json::from_slice(&text).ok()?;
            let sound = set.schema_version == SCHEMA
                && set.fingerprint == name
                && fingerprint(set.files.iter()) == name
                && set.files.iter().all(|file| is_below(&file.path));
            sound.then_some(set)
        };
        match read() {
            Some(set) => sets.push(set),
            None => damaged.push(name),
        }
    }
    sets.sort_by(|a, b| (&a.run_id, &a.fingerprint).cmp(&(&b.run_id, &b.fingerprint)));
    damaged.sort();
    (sets, damaged)
}

impl KernelSet {
    /// The bytes of its files, each held against its digest.
    ///
    /// # Errors
    /// A file is missing or altered.
    pub fn contents(&self, gate_dir: &Path) -> Result<Present> {
        let blobs = directory(gate_dir).join(&self.fingerprint).join("blobs");
        let mut files = Vec::new();
        for file in &self.files {
            let path = blobs.join(&file.sha256);
            let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
            if sha256_hex(&bytes) != file.sha256 {
                return Err(Error::usage(format!(
                    "`{}` of kernel set {} was altered",
                    file.path,
                    &self.fingerprint[..12]
                ))
                .with_help("`cargo gate kernels rollback --list` shows the other sets"));
            }
            files.push((file.clone(), bytes));
        }
        Ok(Present { files })
    }
}

/// What [`restore`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Files that were written, sorted.
    pub written: Vec<String>,
    /// PTX files that the set does not have and the present locks named, sorted.
    pub removed: Vec<String>,
}

/// Writes a set below `root`. The locks come last, so that a restoration that was cut off is found by `kernels.locked`. PTX that `present` has and the
/// set has not is removed; other files stay.
///
/// # Errors
/// A file cannot be written or removed.
pub fn restore(set: &Present, present: &Present, root: &Path) -> Result<Restored> {
    let mut restored = Restored::default();
    let is_lock = |path: &str| path.ends_with(gate_build::lock::LOCK_FILE);
    let (locks, others): (Vec<_>, Vec<_>) = set.files.iter().partition(|(file, _)| is_lock(&file.path));
    for (file, bytes) in others.into_iter().chain(locks) {
        let path = root.join(&file.path);
        if fs::read(&path).is_ok_and(|there| there == *bytes) {
            continue;
        }
        atomic::write_tracked(&path, bytes)?;
        restored.written.push(file.path.clone());
    }
    let wanted: BTreeSet<&str> = set.files.iter().map(|(file, _)| file.path.as_str()).collect();
    let stray = present.files.iter().map(|(file, _)| file.path.as_str());
    for path in stray.filter(|path| path.ends_with(".ptx") && !wanted.contains(path)) {
        let full = root.join(path);
        match fs::remove_file(&full) {
            Ok(()) => restored.removed.push(path.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("remove", &full, &error)),
        }
    }
    restored.written.sort();
    restored.removed.sort();
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(files: &[(&str, &str)]) -> Present {
        let files = files.iter().map(|(path, text)| {
            let sha256 = sha256_hex(text.as_bytes());
            let path = (*path).to_owned();
            (SetFile { path, sha256 }, text.as_bytes().to_vec())
        });
        Present { files: files.collect() }
    }

    #[test]
    fn a_restoration_writes_what_differs_and_removes_stray_ptx() {
        let root = tempfile::tempdir().expect("a directory");
        let new = present(&[
            ("kernels.lock", "new"),
            ("kernels/a.cu", "same"),
            ("ptx/a.ptx", "new"),
            ("ptx/b.ptx", "b"),
        ]);
        let old = present(&[("kernels.lock", "old"), ("kernels/a.cu", "same"), ("ptx/a.ptx", "old")]);
        let empty = Present::default();
        restore(&new, &empty, root.path()).expect("restored");
        let restored = restore(&old, &new, root.path()).expect("restored");
        assert_eq!(restored.written, ["kernels.lock", "ptx/a.ptx"]);
        assert_eq!(restored.removed, ["ptx/b.ptx"]);
        assert_eq!(
            fs::read_to_string(root.path().join("ptx/a.ptx")).expect("a file"),
            "old"
        );
        assert_eq!(restore(&old, &old, root.path()).expect("restored"), Restored::default());
    }

    #[test]
    fn the_fingerprint_is_what_sha256sum_prints() {
        let set = present(&[("a", "x")]);
        let line = format!("{}  a\n", sha256_hex(b"x"));
        assert_eq!(set.fingerprint(), sha256_hex(line.as_bytes()));
    }

    #[test]
    fn no_path_leads_out_of_the_workspace() {
        for path in ["a/b.ptx", "kernels.lock", "a b/ü.cu"] {
            assert!(is_below(path), "{path}");
        }
        for path in ["../a", "/a", "a/../../b", "C:/a", "a\\..\\b", "", "a//b", "./a"] {
            assert!(!is_below(path), "{path}");
        }
    }

    #[test]
    fn a_set_that_was_altered_is_none() {
        let gate = tempfile::tempdir().expect("a directory");
        let files = present(&[("kernels.lock", "v1")]);
        let set = KernelSet {
            schema_version: SCHEMA,
            fingerprint: files.fingerprint(),
            run_id: "R1".into(),
            stage: Stage::Pilot,
            commit: None,
            files: files.files.iter().map(|(file, _)| file.clone()).collect(),
        };
        let at = directory(gate.path()).join(&set.fingerprint);
        let write = |set: &KernelSet| {
            atomic::write(&at.join("set.json"), &serde_json::to_vec(set).expect("JSON")).expect("written");
        };
        write(&set);
        let blob = at.join("blobs").join(&files.files[0].0.sha256);
        atomic::write(&blob, b"v1").expect("written");
        assert_eq!(all(gate.path()), (vec![set.clone()], vec![]));
        assert_eq!(set.contents(gate.path()).expect("whole"), files);
        fs::write(&blob, "v2").expect("written");
        assert!(set.contents(gate.path()).unwrap_err().message.contains("was altered"));
        let mut other = set.clone();
        other.files[0].path = "../kernels.lock".into();
        write(&other);
        assert_eq!(all(gate.path()), (vec![], vec![set.fingerprint]));
    }
}
