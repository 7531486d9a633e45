//! The tracked Markdown files, and what `.gitignore` hides from them.

use std::path::Path;
use std::sync::OnceLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rayon::iter::Either;
use rayon::prelude::*;

use gate_text::markdown::links::Outline;

use gate_world::files::{File, FileKind, FileList};

/// One Markdown file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Path relative to the workspace root, as in [`File::path`].
    pub path: String,
    /// Its text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Whether the text is byte for byte what is on disk.
    pub exact: bool,
}

impl Document {
    /// A document with this text.
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            exact: true,
        }
    }

    pub(super) fn from_bytes(path: &str, bytes: Vec<u8>) -> Self {
        let (text, exact) = match String::from_utf8(bytes) {
            Ok(text) => (text, true),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
        };
        Self {
            path: path.to_owned(),
            text,
            exact,
        }
    }
}

/// Every tracked Markdown file of the workspace.
#[derive(Debug, Default)]
pub struct Documents {
    all: Vec<Document>,
    /// Of each document; made on first use.
    outlines: Vec<OnceLock<Outline>>,
    /// Paths of those that cannot be read, sorted.
    pub unreadable: Vec<String>,
    ignored: Vec<Gitignore>,
}

impl Documents {
    /// Documents, and the ignore files of the workspace as (path, text).
    pub fn new(mut all: Vec<Document>, mut ignore_files: Vec<(String, String)>) -> Self {
        all.sort_by(|a, b| a.path.cmp(&b.path));
        // The deepest one decides.
        ignore_files.sort_by_key(|(path, _)| std::cmp::Reverse(path.matches('/').count()));
        let ignored = ignore_files.iter().filter_map(|(path, text)| {
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let mut builder = GitignoreBuilder::new(directory);
            for line in text.lines() {
                // A line that is no glob ignores nothing, for git as well.
                let _ = builder.add_line(None, line);
            }
            builder.build().ok()
        });
        Self {
            ignored: ignored.collect(),
            unreadable: Vec::new(),
            outlines: all.iter().map(|_| OnceLock::new()).collect(),
            all,
        }
    }

    /// Reads all of the workspace whose files these are. `read` gives the bytes of a file, and is called from several threads.
    pub(super) fn read(
        files: &FileList,
        in_repository: bool,
        read: &(dyn Fn(&File) -> std::io::Result<Vec<u8>> + Sync),
    ) -> Self {
        let wanted: Vec<&File> = files.iter().filter(|file| is_document(file, in_repository)).collect();
        let ignore_files = files.iter().filter(|file| is_ignore_file(file)).filter_map(|file| {
            let bytes = read(file).ok()?;
            Some((file.path.clone(), String::from_utf8_lossy(&bytes).into_owned()))
        });
        let ignore_files = ignore_files.collect();
        let (all, unreadable): (Vec<Document>, Vec<String>) =
            wanted.par_iter().partition_map(|file| match read(file) {
                Ok(bytes) => Either::Left(Document::from_bytes(&file.path, bytes)),
                Err(_) => Either::Right(file.path.clone()),
            });
        Self {
            unreadable,
            ..Self::new(all, ignore_files)
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Where the document at this position in [`iter`](Self::iter) leads, and where one may be led in it.
    pub fn outline(&self, at: usize) -> Option<&Outline> {
        let (outline, document) = self.outlines.get(at).zip(self.all.get(at))?;
        Some(outline.get_or_init(|| Outline::new(&document.text)))
    }

    /// All of them, sorted by path.
    pub fn iter(&self) -> std::slice::Iter<'_, Document> {
        self.all.iter()
    }

    /// Its position in [`iter`](Self::iter).
    pub fn position(&self, path: &str) -> Option<usize> {
        self.all.binary_search_by(|one| one.path.as_str().cmp(path)).ok()
    }

    /// Whether the ignore files of the workspace hide this path, which need not exist.
    pub fn ignores(&self, path: &str) -> bool {
        let path = Path::new(path);
        if path.has_root() {
            return false;
        }
        let verdicts = self.ignored.iter().filter(|ignored| path.starts_with(ignored.path()));
        verdicts
            .map(|ignored| ignored.matched_path_or_any_parents(path, true))
            .find(|verdict| !verdict.is_none())
            .is_some_and(|verdict| verdict.is_ignore())
    }
}

/// Whether a file says what git ignores.
pub fn is_ignore_file(file: &File) -> bool {
    file.path == ".gitignore" || file.path.ends_with("/.gitignore")
}

/// The globs of a policy, which were validated when it was read.
pub fn globs(patterns: &[String]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
        builder.add(glob);
    }
    builder.build().unwrap_or_default()
}

/// Whether a file is a tracked Markdown file (outside version control: a Markdown file).
pub(super) fn is_document(file: &File, in_repository: bool) -> bool {
    let extension = file.path.rsplit_once('.').map_or("", |(_, extension)| extension);
    (extension.eq_ignore_ascii_case("md") || extension.eq_ignore_ascii_case("markdown"))
        && matches!(file.kind, FileKind::Regular | FileKind::Unreadable)
        && (file.tracked || !in_repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_ignore_file_decides() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let documents = Documents::new(
            Vec::new(),
            vec![
                file(".gitignore", "/target\nbook/\n*.out\n"),
                file("docs/.gitignore", "!kept.out\n"),
            ],
        );
        for (path, ignored) in [
            ("target/doc/index.html", true),
            ("docs/book", true),
            ("docs/book/a.html", true),
            ("a.out", true),
            ("docs/kept.out", false),
            ("docs", false),
            ("", false),
            ("docs/a.md", false),
        ] {
            assert_eq!(documents.ignores(path), ignored, "{path}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told_apart() {
        assert!(Document::from_bytes("a.md", b"text".to_vec()).exact);
        assert!(!Document::from_bytes("a.md", b"t\xffxt".to_vec()).exact);
    }
}
