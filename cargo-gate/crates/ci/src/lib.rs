//! Continuous integration as its files describe it: workflows of GitHub Actions, pipelines of GitLab CI, and the scripts
//! of the repository and the recipes of task runners that they call. Nothing of it is run; what only a run could tell is unknown, and says so.

mod cargo_call;
mod expand;
mod expression;
mod github;
mod gitlab;
mod matrix;
mod model;
mod path;
mod recipe;
mod rows;
mod services;
pub mod shell;
mod step;
mod tree;
mod variables;
pub mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

pub use cargo_call::{Answer, CargoCall, base_name, program};
pub use expand::{Argument, UNKNOWN};
pub use model::{CiCommand, CiFile, CiFiles, Image, Include, Job, Kind, NotFollowed, Origin, Trigger, Use};
pub use services::of_other_services;
pub use tree::may_read;

use expand::Variables;
use gate_base::paths;
use gate_world::files::FileList;
use gate_world::git::Git;
use matrix::Row;
use step::{Steps, Text};
use tree::{Reader, Tree};
use yaml::YamlError;

impl CiFile {
    fn new(path: String, kind: Kind) -> Self {
        Self {
            path,
            kind,
            problem: None,
            start: Trigger::Automatic,
            jobs: Vec::new(),
            uses: Vec::new(),
            external: Vec::new(),
            includes: Vec::new(),
            images: Vec::new(),
        }
    }
}

/// Where the workspace in `root` lies in its repository: the top of the repository and the directory below it. `None` where
/// the workspace is the repository, or there is none.
fn in_repository<'g>(root: &Path, git: Option<&'g Git>) -> Option<(&'g Path, String)> {
    let top = &git?.top;
    let below = paths::spell(root.strip_prefix(top).ok()?);
    (!below.is_empty()).then_some((top, below))
}

/// Whether there is a file that a CI service reads. Only looks at names.
pub fn is_there(root: &Path, files: &FileList, git: Option<&Git>) -> bool {
    match in_repository(root, git) {
        Some((top, _)) => {
            let workflows = std::fs::read_dir(top.join(".github/workflows"));
            workflows.is_ok_and(|mut entries| entries.next().is_some()) || top.join(gitlab::ROOT).is_file()
        }
        None => files.iter().any(|file| is_entry(&file.path)),
    }
}

fn is_entry(path: &str) -> bool {
    let yaml = Path::new(path)
        .extension()
        .is_some_and(|found| found == "yml" || found == "yaml");
    path == gitlab::ROOT || yaml && github::is_workflow(path)
}

/// Whether the files of the workspace are all that is read, so that their digests vouch for the answer.
pub fn is_within(root: &Path, git: Option<&Git>) -> bool {
    in_repository(root, git).is_none()
}

/// Reads the CI files of the repository that holds the workspace in `root` with `files`, and the scripts that the policy names
/// (relative to the workspace root).
pub fn read(root: &Path, files: &FileList, git: Option<&Git>, scripts: &[String]) -> CiFiles {
    match in_repository(root, git) {
        Some((top, below)) => read_tree(Tree::Part { top }, &below, scripts),
        None => read_tree(Tree::Whole { root, files }, "", scripts),
    }
}

/// Reads CI files that are in memory, by their paths in the repository; those under `scripts` are entry points as well.
/// For tests and fuzzing.
pub fn of_texts(files: &BTreeMap<String, Vec<u8>>, scripts: &[String]) -> CiFiles {
    read_tree(Tree::Map(files), "", scripts)
}

fn read_tree(tree: Tree<'_>, below: &str, scripts: &[String]) -> CiFiles {
    let reader = Reader::new(tree, below);
    let mut files = gitlab::pipeline(&reader);
    for path in reader.paths() {
        if github::is_workflow(&path) {
            files.extend(github::workflow(&path, &reader));
        } else if github::is_action(&path) {
            files.extend(github::action(&path, &reader));
        }
    }
    for path in scripts {
        files.push(declared(path, below, &reader));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    CiFiles {
        files,
        directory: below.to_owned(),
        digest: Some(reader.digest()),
    }
}

/// A script that the policy names as what another CI system starts.
fn declared(path: &str, below: &str, reader: &Reader<'_>) -> CiFile {
    let full = path::join(Some(below), path).unwrap_or_else(|| path.to_owned());
    let Some(script) = reader.script(&full) else {
        let mut file = CiFile::new(reader.shown(&full), Kind::Script);
        file.problem = Some(YamlError {
            line: 1,
            message: "is named in `scripts` of `[ci]`, but there is no such text file".into(),
        });
        return file;
    };
    let mut file = CiFile::new(reader.shown(&full), Kind::Script);
    let rows = [Row::default()];
    let mut steps = Steps::new(reader, &rows, true);
    let text = Text {
        path: &full,
        text: &script,
        line_at: &step::lines_of(&script),
        is_posix: step::is_posix(&full),
        directory: Some(String::new()),
        stops: false,
        pipefail: false,
        ignored: None,
        depth: 1,
    };
    steps.run(&text, &Variables::new());
    file.jobs.push(Job {
        name: path.to_owned(),
        line: 1,
        machines: vec![None],
        commands: steps.commands,
        not_followed: steps.not_followed,
        ..Job::default()
    });
    file
}
