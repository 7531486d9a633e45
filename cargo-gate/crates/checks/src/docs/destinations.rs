//! Whether the destinations of links are there.

use gate_base::paths::spell_git;
use gate_surveys::document::Documents;
use gate_surveys::outside_root::{Destination, OutsideRoot};
use gate_text::markdown::target::{self, Target};
use gate_world::files::{File, FileKind, FileList};

/// What became of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// It is there, or nothing here could show that it is not.
    Yes,
    /// It is the document at this position, which should have this anchor.
    Anchor(usize, String),
    /// It is a document above the workspace with this text, which should have this anchor.
    AnchorAbove(&'a str, String),
    /// It is not there. The path that was probably meant, as a link would spell it.
    No(Option<String>),
}

/// The files that a link may lead to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destinations<'a> {
    pub(super) files: &'a FileList,
    pub(super) documents: &'a Documents,
    pub(super) outside_root: &'a OutsideRoot,
}

impl<'a> Destinations<'a> {
    /// Looks for the destination of a link in the document at `from`.
    pub(super) fn find(&self, from: &str, destination: &str) -> Found<'a> {
        let Target::Relative { path, fragment } = Target::new(destination) else {
            return Found::Yes;
        };
        let anchor = |path: &str| match (&fragment, self.documents.position(path)) {
            (Some(fragment), Some(at)) => Found::Anchor(at, fragment.clone()),
            _ => Found::Yes,
        };
        if path.is_empty() {
            return anchor(from);
        }
        let joined = match target::join(from, &path) {
            Some(joined) => joined,
            None => match self.outside_root.path(from, &path) {
                Some(top) => match self.outside_root.back(&top) {
                    Some(inside) => inside.to_owned(),
                    None => return self.find_outside_root(from, &top, fragment),
                },
                // Out of the repository.
                None => return Found::Yes,
            },
        };
        let spelled = spell_git(joined.as_bytes());
        if self.is_there(&spelled) {
            return anchor(&spelled);
        }
        let generated = spelled.ends_with(".html")
            || self.is_page(&spelled)
            || self.leaves_book(from, &spelled)
            || self.is_index(from, &spelled);
        if generated || self.documents.ignores(&joined) {
            return Found::Yes;
        }
        Found::No(self.meant(from, &path, &spelled))
    }

    /// Looks for a path from the top of the repository.
    fn find_outside_root(&self, from: &str, top: &str, fragment: Option<String>) -> Found<'a> {
        match (self.outside_root.get(top), fragment) {
            (Some(Destination::Document(text)), Some(fragment)) => Found::AnchorAbove(text, fragment),
            // A page of a book that leads out of it is put together with others where it is published.
            (Some(Destination::Missing), _) if !(top.ends_with(".md") && self.is_in_book(from)) => Found::No(None),
            _ => Found::Yes,
        }
    }

    /// Whether there is a file or directory of exactly this name, or a link or submodule that may hold it.
    fn is_there(&self, path: &str) -> bool {
        if path.is_empty() || self.file(path) || self.directory(path) {
            return true;
        }
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents
            .filter_map(|parent| self.files.get(parent))
            .any(|file| file.kind != FileKind::Missing)
    }

    fn file(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|file| file.kind != FileKind::Missing)
    }

    fn directory(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.files
            .starting_with(&prefix)
            .any(|file| file.kind != FileKind::Missing)
    }

    /// Generators of sites make `a.html` and `a/` of `a.md`.
    fn is_page(&self, path: &str) -> bool {
        let page = path.strip_suffix(".html").unwrap_or(path);
        let page = page.strip_suffix("/index").unwrap_or(page);
        [".md", ".mdx", "/index.md", "/README.md", "/_index.md"]
            .iter()
            .any(|end| self.file(&format!("{page}{end}")))
    }

    /// mdBook makes `index.html` of the `README.md` of a directory.
    fn is_index(&self, from: &str, path: &str) -> bool {
        let readme = path
            .strip_suffix("index.md")
            .map(|directory| format!("{directory}README.md"));
        readme.is_some_and(|readme| self.file(&readme)) && self.is_in_book(from)
    }

    /// A page of a book that leads to another book beside it: the two meet where they are published.
    fn leaves_book(&self, from: &str, path: &str) -> bool {
        let mut directories = from.match_indices('/').map(|(at, _)| &from[..at]);
        let book = directories.rfind(|directory| self.file(&format!("{directory}/SUMMARY.md")));
        book.is_some_and(|book| path.ends_with(".md") && !path.starts_with(&format!("{book}/")))
    }

    /// Whether a document is a page of a book.
    fn is_in_book(&self, path: &str) -> bool {
        let mut directories = path.match_indices('/').map(|(at, _)| &path[..at]);
        directories.any(|directory| self.file(&format!("{directory}/SUMMARY.md")))
    }

    /// What was probably meant: the same name in other case, a missing scheme, or the only file of that name.
    fn meant(&self, from: &str, written: &str, path: &str) -> Option<String> {
        // `[text]((https://…))`
        let bare = written.trim_matches(['(', ')']);
        if bare.starts_with("http://") || bare.starts_with("https://") {
            return Some(bare.to_owned());
        }
        let first = written.split('/').next().unwrap_or_default();
        if written.contains('/') && is_host(first) {
            return Some(format!("https://{written}"));
        }
        let link = |path: &str| target::relative(from, path);
        let folded = path.to_lowercase();
        if let Some(file) = self.files.iter().find(|file| file.path.to_lowercase() == folded) {
            return Some(link(&file.path));
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let same_name = |file: &&File| file.path.rsplit('/').next() == Some(name) && file.kind != FileKind::Missing;
        let mut named = self.files.iter().filter(same_name);
        match (named.next(), named.next()) {
            (Some(only), None) if name.contains('.') => Some(link(&only.path)),
            _ => None,
        }
    }
}

/// `docs.rs`, `github.com`: a site without `https://` in front of it.
fn is_host(text: &str) -> bool {
    let Some((name, top)) = text.rsplit_once('.') else {
        return false;
    };
    let known = matches!(top, "com" | "dev" | "io" | "net" | "org") || text == "docs.rs" || text == "crates.io";
    known
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}
