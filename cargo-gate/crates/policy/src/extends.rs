//! `extends`: the files that a policy is made of, its own first, each base behind the file that names it.

use std::fs;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use gate_base::error::Result;
use gate_base::paths;

use super::format;
use super::position::{PolicyFile, behind};
use super::problem::{Problem, shown};
use super::read::read;
use super::rule;
use super::tables::text;

/// The key that names a base.
pub(super) const EXTENDS: &str = "extends";

/// Most files of a policy. More are a mistake, and each is read in every run.
const MOST_FILES: usize = 16;

/// Where a policy lies.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The workspace root, absolute.
    pub root: &'a Path,
    /// The file, absolute.
    pub file: &'a Path,
}

/// The text of a file at an absolute path, which messages call by the second argument; `None` if there is none.
pub type Reader<'r> = dyn FnMut(&Path, &str) -> Result<Option<String>> + 'r;

/// The files of a policy, and what keeps one of them from being read.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) files: Vec<PolicyFile>,
    /// The path of each, absolute; as many as there are files, or none where nothing says where they lie.
    pub(super) paths: Vec<PathBuf>,
    /// The workspace root.
    pub(super) root: PathBuf,
    pub(super) problems: Vec<Problem>,
}

impl Files {
    /// A text of which nobody knows where it lies: what it extends is left out.
    pub(super) fn alone(path: &str, text: &str) -> Self {
        Self {
            files: vec![PolicyFile::new(path, text)],
            paths: Vec::new(),
            root: PathBuf::new(),
            problems: Vec::new(),
        }
    }
}

/// Reads what `own` extends, and what that extends.
pub(super) fn gather(own: PolicyFile, place: Place<'_>, reader: &mut Reader<'_>) -> Files {
    let top = repository(place.root);
    let mut gathered = Files {
        files: vec![own],
        paths: vec![paths::normalize(place.file)],
        root: place.root.to_owned(),
        problems: Vec::new(),
    };
    let mut start = 0;
    while let Some(file) = gathered.files.last()
        && file.text.contains(EXTENDS)
    {
        let (table, _) = DeTable::parse_recoverable(file.body());
        let Some((named, span)) = text(table.get_ref(), EXTENDS) else {
            break;
        };
        // What is malformed is told with everything else that is.
        if format::check("base", named).is_err() {
            break;
        }
        let span = start + span.start..start + span.end;
        let next = paths::normalize(&parent(gathered.paths.last().map_or(place.file, PathBuf::as_path)).join(named));
        let problem = |message: String, help: String| {
            Problem::new(span.clone(), message)
                .rule(&rule::BASE_NOT_READ)
                .help(help)
        };
        let called = paths::relative(place.root, &next);
        if gathered.paths.contains(&next) {
            let circle: Vec<String> = gathered
                .files
                .iter()
                .map(|file| format!("`{}`", shown(&file.path)))
                .collect();
            gathered.problems.push(problem(
                format!(
                    "the policy extends itself: {} → `{}`",
                    circle.join(" → "),
                    shown(&called)
                ),
                "remove one `extends` of the circle".into(),
            ));
            break;
        }
        let why = if gathered.paths.len() == MOST_FILES {
            Some((
                format!("the policy has more than {MOST_FILES} files"),
                "extend a file that is nearer to the last one".to_owned(),
            ))
        } else {
            refused(&next, top.as_deref(), &called)
        };
        if let Some((message, help)) = why {
            gathered.problems.push(problem(message, help));
            break;
        }
        match reader(&next, &called) {
            Ok(Some(text)) => {
                start = behind(start, file.body());
                gathered.files.push(PolicyFile::new(called, text));
                gathered.paths.push(next);
            }
            Ok(None) => {
                gathered.problems.push(problem(
                    format!("there is no `{}`", shown(&called)),
                    format!("create the file, or remove `{EXTENDS}`"),
                ));
                break;
            }
            Err(error) => {
                let help = error
                    .help
                    .unwrap_or_else(|| format!("repair the file, or remove `{EXTENDS}`"));
                gathered.problems.push(problem(error.message, help));
                break;
            }
        }
    }
    gathered
}

/// The files that a policy extends, the nearest first, as far as they can be read: each with its absolute path.
pub fn bases(own: PolicyFile, place: Place<'_>, reader: &mut Reader<'_>) -> Vec<(PathBuf, PolicyFile)> {
    let gathered = gather(own, place, reader);
    gathered.paths.into_iter().zip(gathered.files).skip(1).collect()
}

/// What reads bases from the disk.
///
/// # Errors
/// Why the file cannot be read.
pub fn from_disk(path: &Path, called: &str) -> Result<Option<String>> {
    read(path, called)
}

/// Why a file may not be extended: nobody who has the commit has what is outside the repository.
fn refused(path: &Path, top: Option<&Path>, called: &str) -> Option<(String, String)> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Some((
            format!("`{}` is a symbolic link", shown(called)),
            "extend the file that the link points to".to_owned(),
        ));
    }
    if path.is_dir() {
        return Some((
            format!("`{}` is a directory", shown(called)),
            "extend a file, such as `../gate.base.toml`".to_owned(),
        ));
    }
    let top = top?;
    let inside = match (fs::canonicalize(path), fs::canonicalize(top)) {
        (Ok(path), Ok(top)) => path.starts_with(top),
        _ => path.starts_with(top),
    };
    (!inside).then(|| {
        (
            format!("`{}` is outside the repository", shown(called)),
            "move it into the repository, so that each commit has the policy that judges it".to_owned(),
        )
    })
}

/// Top of the repository that holds a directory.
fn repository(root: &Path) -> Option<PathBuf> {
    let mut above = root.ancestors();
    above
        .find(|directory| directory.join(".git").exists())
        .map(Path::to_owned)
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
