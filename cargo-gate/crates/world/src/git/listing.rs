//! What git tracks, and how the work tree differs from the commit: two processes side by side, and one or two more for
//! each submodule that is checked out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::blob::{Blob, Format};
use super::{Answers, KnownStatus, Program};
use gate_base::paths;

/// A path that differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirtyPath {
    /// Path relative to the workspace root.
    pub path: String,
    /// Whether git does not track it.
    pub untracked: bool,
}

/// A path that belongs to the workspace.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Path relative to the workspace root, as the system spells it.
    pub native: PathBuf,
    /// The same in the spelling of reports.
    pub path: String,
    /// Whether git tracks it.
    pub tracked: bool,
    /// Whether it is a submodule that is not checked out.
    pub submodule: bool,
    /// What the index of git says its contents are.
    pub blob: Option<(Format, Blob)>,
}

/// Everything git said.
#[derive(Debug, Default)]
pub struct Listing {
    pub(crate) top: PathBuf,
    pub(crate) head: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) dirty: Vec<DirtyPath>,
    pub(crate) files: Vec<Listed>,
    /// Repositories that the commit holds as a revision, and of which `.gitmodules` does not say where to get it.
    pub(crate) without_address: Vec<String>,
    /// What git said of the work tree, when it was asked.
    pub answers: Option<Answers>,
}

/// Lists the work tree that holds the program's directory. `None` when there is none. `known` is what git would say of
/// it, where that is known.
///
/// # Errors
/// git's message when there is a repository and git cannot read it.
pub fn list(program: &Program, known: Option<&KnownStatus>) -> Result<Option<Listing>, String> {
    let Some((top, depth)) = find_top(&program.root) else {
        return Ok(None);
    };
    let mut listing = Listing {
        top,
        ..Listing::default()
    };
    read(program, depth, Kind::Top(known), b"", &mut listing)?;
    listing.dirty.sort();
    listing.dirty.dedup();
    Ok(Some(listing))
}

/// The top of the work tree and how many directories below it `root` lies.
fn find_top(root: &Path) -> Option<(PathBuf, usize)> {
    let real = std::fs::canonicalize(root).ok()?;
    let top = real.ancestors().find(|directory| is_repository(directory))?;
    let depth = real.strip_prefix(top).ok()?.components().count();
    // The caller's spelling of the top (canonical paths on Windows are hard to read), where it can be had.
    let spelled = root
        .ancestors()
        .nth(depth)
        .filter(|spelled| std::fs::canonicalize(spelled).is_ok_and(|found| found == top));
    Some((spelled.unwrap_or(top).into(), depth))
}

/// A path of `git status` without the directories above the workspace. They are counted, not compared: where the file
/// system does not tell `Crates` from `crates`, or composed from decomposed letters, git keeps its own spelling.
fn inside(path: &[u8], depth: usize) -> Option<&[u8]> {
    (0..depth).try_fold(path, |path, _| {
        let slash = memchr::memchr(b'/', path)?;
        Some(&path[slash + 1..])
    })
}

/// A `.git` file (worktree, submodule) or a directory that git would accept.
fn is_repository(directory: &Path) -> bool {
    let dot_git = directory.join(".git");
    dot_git.is_file() || dot_git.join("HEAD").symlink_metadata().is_ok()
}

/// What a repository is to the workspace.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// The one of the workspace, and what git would say of it where that is known.
    Top(Option<&'a KnownStatus>),
    Submodule,
    /// A repository of its own below the workspace that git does not track.
    Nested,
}

/// Reads one repository. `depth` is how many directories its status puts before paths of the program's directory,
/// `below` what the workspace puts before them.
fn read(program: &Program, depth: usize, kind: Kind<'_>, below: &[u8], listing: &mut Listing) -> Result<(), String> {
    let answers = match kind {
        Kind::Top(Some(known)) => Cow::Borrowed(known.answers()),
        _ => Cow::Owned(ask(program)?),
    };

    let mut named = None;
    for entry in parse_stage(&answers.tracked) {
        let path = [below, entry.path].concat();
        if entry.gitlink {
            if !named
                .get_or_insert_with(|| submodules(program, depth))
                .contains(entry.path)
            {
                listing.without_address.push(paths::spell_git(&path));
            }
            read_submodule(program, entry.path, &path, listing)?;
        } else {
            let tracked = !matches!(kind, Kind::Nested);
            push(&path, tracked.then(|| Blob::parse(entry.object)), false, listing);
        }
    }
    let status = parse_status(&answers.status);
    if let Kind::Top(_) = kind {
        listing.head = status.head;
        listing.branch = status.branch;
    }
    for entry in status.entries {
        let inside = inside(entry.path, depth).ok_or_else(|| {
            format!(
                "git reports `{}`, which is not below the workspace",
                paths::spell_git(entry.path)
            )
        })?;
        let path = [below, inside].concat();
        if let (true, Some(nested)) = (entry.untracked, path.strip_suffix(b"/")) {
            // git does not look into a repository of its own; cargo does.
            let Some(directory) = paths::from_git(inside) else {
                continue;
            };
            let program = program.within(&program.root.join(directory));
            if read(&program, 0, Kind::Nested, &path, listing).is_err() {
                push(nested, None, true, listing);
            }
            dirty(nested, true, kind, listing);
            continue;
        }
        if entry.untracked {
            push(&path, None, false, listing);
        }
        dirty(&path, entry.untracked, kind, listing);
    }
    if let (Kind::Top(_), Cow::Owned(answers)) = (kind, answers) {
        listing.answers = Some(answers);
    }
    Ok(())
}

/// Asks git for both at once.
fn ask(program: &Program) -> Result<Answers, String> {
    std::thread::scope(|scope| {
        let status = scope.spawn(|| {
            program.output(&[
                "status",
                "--porcelain=v2",
                "-z",
                "--branch",
                "--no-ahead-behind",
                "--no-renames",
                "--untracked-files=all",
                "--ignore-submodules=none",
                "--",
                ".",
            ])
        });
        let tracked = program.output(&["ls-files", "-z", "--stage"])?;
        let status = status.join();
        let status = status.map_err(|_| "the thread that reads `git status` ended early".to_string())??;
        Ok(Answers { tracked, status })
    })
}

/// Paths of the submodules that `.gitmodules` of the repository names, from the program's directory, which is so many directories
/// below the top.
fn submodules(program: &Program, depth: usize) -> BTreeSet<Vec<u8>> {
    let file = format!("{}.gitmodules", "../".repeat(depth));
    let arguments = [
        "config",
        "--file",
        &file,
        "-z",
        "--get-regexp",
        r"^submodule\..*\.path$",
    ];
    // Without the file, nothing is named.
    let output = program.output(&arguments).unwrap_or_default();
    let named = records(&output).filter_map(|record| {
        let path = &record[memchr::memchr(b'\n', record)? + 1..];
        inside(path, depth).map(<[u8]>::to_vec)
    });
    named.collect()
}

fn read_submodule(program: &Program, inside: &[u8], path: &[u8], listing: &mut Listing) -> Result<(), String> {
    let directory = paths::from_git(inside).map(|relative| program.root.join(relative));
    match directory.filter(|directory| is_repository(directory)) {
        Some(directory) => {
            let below = [path, b"/"].concat();
            read(&program.within(&directory), 0, Kind::Submodule, &below, listing)
        }
        None => {
            push(path, Some(None), true, listing);
            Ok(())
        }
    }
}

/// Adds a path; `tracked` says what git tracks of it.
fn push(path: &[u8], tracked: Option<Option<(Format, Blob)>>, submodule: bool, listing: &mut Listing) {
    let Some(native) = paths::from_git(path) else { return };
    listing.files.push(Listed {
        native,
        path: paths::spell_git(path),
        tracked: tracked.is_some(),
        submodule,
        blob: tracked.flatten(),
    });
}

/// Inside a submodule the work tree of the workspace differs in the submodule as a whole, which its own status says.
fn dirty(path: &[u8], untracked: bool, kind: Kind<'_>, listing: &mut Listing) {
    if let Kind::Top(_) = kind {
        listing.dirty.push(DirtyPath {
            path: paths::spell_git(path),
            untracked,
        });
    }
}

struct Staged<'a> {
    path: &'a [u8],
    object: &'a [u8],
    gitlink: bool,
}

/// `git ls-files -z --stage`: `<mode> <object> <stage>\t<path>\0`, a path in conflict once per stage.
fn parse_stage(output: &[u8]) -> impl Iterator<Item = Staged<'_>> {
    let mut last: &[u8] = b"";
    records(output).filter_map(move |record| {
        let tab = memchr::memchr(b'\t', record)?;
        let path = &record[tab + 1..];
        if path == std::mem::replace(&mut last, path) {
            return None;
        }
        Some(Staged {
            path,
            object: record[..tab].split(|byte| *byte == b' ').nth(1).unwrap_or_default(),
            gitlink: record.starts_with(b"160000 "),
        })
    })
}

struct Status<'a> {
    head: Option<String>,
    branch: Option<String>,
    entries: Vec<StatusEntry<'a>>,
}

struct StatusEntry<'a> {
    path: &'a [u8],
    untracked: bool,
}

/// `git status --porcelain=v2 -z --branch`, described in git-status(1) under "Porcelain Format Version 2".
fn parse_status(output: &[u8]) -> Status<'_> {
    let mut status = Status {
        head: None,
        branch: None,
        entries: Vec::new(),
    };
    let mut records = records(output);
    while let Some(record) = records.next() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(oid) = record.strip_prefix(b"# branch.oid ") {
            status.head = (oid != b"(initial)").then(|| text(oid));
        } else if let Some(name) = record.strip_prefix(b"# branch.head ") {
            status.branch = (name != b"(detached)").then(|| text(name));
        } else if let Some(path) = record.strip_prefix(b"? ") {
            status.entries.push(StatusEntry { path, untracked: true });
        } else {
            let fields = match record.first() {
                Some(b'1') => 8,
                Some(b'2') => 9,
                Some(b'u') => 10,
                _ => continue,
            };
            if let Some(path) = record.splitn(fields + 1, |byte| *byte == b' ').nth(fields) {
                status.entries.push(StatusEntry { path, untracked: false });
            }
            if record.first() == Some(&b'2') {
                // The path it was renamed from.
                records.next();
            }
        }
    }
    status
}

fn records(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|byte| *byte == 0).filter(|record| !record.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn status_of_every_kind_is_understood() {
        let output = b"# branch.oid 65851ad56ee935bc7a7044ab7b1ca5061ce2fe2b\0# branch.head main\0\
            1 .M N... 100644 100644 100644 aaaa bbbb a file.rs\0\
            2 R. N... 100644 100644 100644 aaaa bbbb R100 new name\0old name\0\
            u UU N... 100644 100644 100644 100644 a b c both\0\
            ? odd\nname\0! ignored\0";
        let status = parse_status(output);
        assert_eq!(status.branch.as_deref(), Some("main"));
        let entries: Vec<_> = status
            .entries
            .iter()
            .map(|entry| (String::from_utf8_lossy(entry.path).into_owned(), entry.untracked))
            .collect();
        let expected = [
            ("a file.rs", false),
            ("new name", false),
            ("both", false),
            ("odd\nname", true),
        ];
        assert_eq!(entries, expected.map(|(path, untracked)| (path.to_string(), untracked)));
        let initial = parse_status(b"# branch.oid (initial)\0# branch.head (detached)\0");
        assert_eq!((initial.head, initial.branch), (None, None));
    }

    #[test]
    fn directories_above_the_workspace_are_counted() {
        assert_eq!(inside(b"a/B/c/d.rs", 2), Some(&b"c/d.rs"[..]));
        assert_eq!(inside(b"d.rs", 0), Some(&b"d.rs"[..]));
        assert_eq!(inside(b"a/d.rs", 2), None);
    }

    #[test]
    fn a_path_in_conflict_is_listed_once() {
        let output = b"100644 a 1\tx\x00100644 b 2\tx\x00160000 c 0\tsub\x00";
        let staged: Vec<_> = parse_stage(output).map(|entry| (entry.path, entry.gitlink)).collect();
        assert_eq!(staged, [(&b"x"[..], false), (&b"sub"[..], true)]);
    }

    proptest! {
        #[test]
        fn foreign_output_never_panics(output in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse_stage(&output).count();
            parse_status(&output);
        }

        #[test]
        fn cut_output_never_panics(cut in 0usize..120) {
            let output = b"2 R. N... 100644 100644 100644 aaaa bbbb R100 new name\0old\0u UU N... 1 1 1 1 a b c both\0";
            parse_status(&output[..cut.min(output.len())]);
        }
    }
}
