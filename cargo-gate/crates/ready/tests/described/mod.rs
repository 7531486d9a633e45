//! A directory that is made, edited and judged, and tables of edits with what each must be found as.

use std::fs;
use std::path::PathBuf;

use gate_base::digest::sha256_hex;
use gate_ready::{CheckReport, Options, Report, Status, validate};
use tempfile::TempDir;

pub(crate) struct Described(TempDir);

impl Described {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let directory = Self(tempfile::tempdir().expect("a directory"));
        for (path, text) in files {
            directory.write(path, text);
        }
        directory
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect(path)
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`: {text}");
        self.write(path, text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).expect(path);
    }

    pub(crate) fn sha256(&self, path: &str) -> String {
        sha256_hex(&fs::read(self.path(path)).expect(path))
    }

    /// Records the hashes of these files.
    pub(crate) fn record(&self, paths: &[&str]) {
        let files: serde_json::Map<String, serde_json::Value> = paths
            .iter()
            .map(|path| ((*path).to_owned(), self.sha256(path).into()))
            .collect();
        self.write("hashes.json", serde_json::json!({ "files": files }).to_string());
    }

    pub(crate) fn judged(&self) -> Report {
        let options = Options {
            run_id: Some("described".to_owned()),
            ..Options::default()
        };
        validate(self.0.path(), &options).expect("judged")
    }

    pub(crate) fn check(&self, name: &str) -> CheckReport {
        let mut checks = self.judged().checks.into_iter();
        checks.find(|check| check.name == name).expect("it is one of seven")
    }

    /// The check has this status, and tells this.
    pub(crate) fn tells(&self, name: &str, status: Status, told: &str) {
        assert_eq!(self.complaint(name, status, told), None);
    }

    /// What the check says, where that is something else.
    fn complaint(&self, name: &str, status: Status, told: &str) -> Option<String> {
        let check = self.check(name);
        let text = format!("{} {:?}", check.message, check.details.get("problems")).replace("\\\"", "\"");
        (check.status != status || !text.contains(told))
            .then(|| format!("{name} does not tell `{told}`: {} {text}", check.status.name()))
    }
}

/// What is done to a directory: the check that finds it, what it tells, and the edit.
pub(crate) type Edit = (&'static str, &'static str, fn(&Described));

/// After each edit, its check has this status and tells what the table says.
pub(crate) fn found(new: fn() -> Described, edits: &[Edit], status: Status) {
    let complaint = |(check, told, edit): &Edit| {
        let directory = new();
        edit(&directory);
        directory.complaint(check, status, told)
    };
    let complaints: Vec<String> = edits.iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A payment card, in pieces so that it is in no file.
pub(crate) fn card() -> String {
    ["4111", "1111", "1111", "1111"].concat()
}
