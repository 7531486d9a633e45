//! Out-of-line modules: whether a file is reached through `#[cfg(test)] mod name;` alone.

use gate_base::paths;
use std::collections::{BTreeMap, BTreeSet};

use super::site::ModDecl;

/// Answers whether files are only compiled for tests, looking at as few other files as possible.
pub struct ModuleGraph<'a> {
    /// Whether a file exists.
    exists: &'a dyn Fn(&str) -> bool,
    /// Roots of targets: their directory is that of their modules whatever their name.
    roots: BTreeSet<&'a str>,
    /// The same by their directories: a workspace may have hundreds.
    roots_in: BTreeMap<&'a str, Vec<&'a str>>,
    /// Files with `#[path]`, which can reach any other file.
    anywhere: Vec<&'a str>,
    /// Module declarations of a file.
    mods: &'a mut dyn FnMut(&str) -> Vec<ModDecl>,
    declarations: BTreeMap<String, Vec<(String, bool)>>,
    judged: BTreeMap<String, bool>,
}

impl<'a> ModuleGraph<'a> {
    pub(crate) fn new(
        exists: &'a dyn Fn(&str) -> bool,
        roots: BTreeSet<&'a str>,
        anywhere: Vec<&'a str>,
        mods: &'a mut dyn FnMut(&str) -> Vec<ModDecl>,
    ) -> Self {
        let mut roots_in: BTreeMap<&'a str, Vec<&'a str>> = BTreeMap::new();
        for root in &roots {
            let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
            roots_in.entry(directory).or_default().push(root);
        }
        Self {
            exists,
            roots,
            roots_in,
            anywhere,
            mods,
            declarations: BTreeMap::new(),
            judged: BTreeMap::new(),
        }
    }

    /// Whether every declaration that reaches the file is test code. A file that nothing reaches is not.
    pub fn is_test_only(&mut self, path: &str) -> bool {
        if let Some(judged) = self.judged.get(path) {
            return *judged;
        }
        // Modules that reach each other in a circle, which cannot compile, are judged as code.
        self.judged.insert(path.to_owned(), false);
        let mut reached = false;
        let mut only_tests = true;
        if !self.roots.contains(path) {
            for parent in self.candidates(path) {
                for test in self.reaching(&parent, path) {
                    reached = true;
                    only_tests &= test || self.is_test_only(&parent);
                }
            }
        }
        let judged = reached && only_tests;
        self.judged.insert(path.to_owned(), judged);
        judged
    }

    /// Whether any declaration reaches the file, or it is the root of a target.
    pub(crate) fn is_reached(&mut self, path: &str) -> bool {
        self.roots.contains(path)
            || self
                .candidates(path)
                .iter()
                .any(|parent| !self.reaching(parent, path).is_empty())
    }

    /// Files that may declare the module: by the naming rules those above it, and those that name paths.
    pub(crate) fn candidates(&self, path: &str) -> Vec<String> {
        let mut candidates: Vec<String> = Vec::new();
        let roots = |directory: &str| {
            self.roots_in
                .get(directory)
                .into_iter()
                .flatten()
                .map(ToString::to_string)
        };
        let mut directory = path;
        while let Some((above, _)) = directory.rsplit_once('/') {
            directory = above;
            candidates.extend(roots(directory));
            for name in ["mod.rs", "lib.rs", "main.rs"] {
                candidates.push(format!("{directory}/{name}"));
            }
            candidates.push(format!("{directory}.rs"));
        }
        candidates.extend(["mod.rs", "lib.rs", "main.rs"].map(str::to_owned));
        candidates.extend(roots(""));
        candidates.extend(self.anywhere.iter().map(ToString::to_string));
        candidates.sort();
        candidates.dedup();
        candidates.retain(|candidate| candidate != path && (self.exists)(candidate));
        candidates
    }

    /// For each declaration in `parent` that reaches `path`, whether it is test code.
    fn reaching(&mut self, parent: &str, path: &str) -> Vec<bool> {
        if !self.declarations.contains_key(parent) {
            let reached = (self.mods)(parent)
                .iter()
                .flat_map(|declaration| {
                    targets(parent, self.roots.contains(parent), declaration)
                        .into_iter()
                        .map(|target| (target, declaration.test))
                })
                .collect();
            self.declarations.insert(parent.to_owned(), reached);
        }
        self.declarations[parent]
            .iter()
            .filter(|(target, _)| target == path)
            .map(|(_, test)| *test)
            .collect()
    }
}

/// Files that a declaration in `parent` may mean, by the rules of the reference's chapter on modules; `is_root` says
/// whether the parent is the root of a target.
pub fn targets(parent: &str, is_root: bool, declaration: &ModDecl) -> Vec<String> {
    let (directory, file) = parent.rsplit_once('/').unwrap_or(("", parent));
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let owns_directory = matches!(stem, "mod" | "lib" | "main") || is_root;
    let inline = declaration.inline.iter().map(String::as_str);
    let below: Vec<&str> = (!owns_directory).then_some(stem).into_iter().chain(inline).collect();
    let base = paths::join(directory, &below.join("/"));
    let mut targets = vec![
        paths::join(&base, &format!("{}.rs", declaration.name)),
        paths::join(&base, &format!("{}/mod.rs", declaration.name)),
    ];
    let from = if declaration.inline.is_empty() {
        directory
    } else {
        &base
    };
    let named = declaration.paths.iter().map(|path| path.replace('\\', "/"));
    targets.extend(named.map(|path| paths::join(from, &path)));
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::scan::{Depth, scan_file};

    fn test_only(files: &[(&str, &str)], path: &str) -> bool {
        let exists = |path: &str| files.iter().any(|(name, _)| *name == path);
        let mut mods = |path: &str| {
            let text = files
                .iter()
                .find(|(name, _)| *name == path)
                .map_or("", |(_, text)| text);
            scan_file(text.as_bytes(), Depth::Modules).mods.unwrap_or_default()
        };
        let anywhere = files
            .iter()
            .filter(|(_, text)| text.contains("path ="))
            .map(|(name, _)| *name)
            .collect();
        ModuleGraph::new(&exists, BTreeSet::from(["src/lib.rs"]), anywhere, &mut mods).is_test_only(path)
    }

    #[test]
    fn modules_reached_for_tests_only() {
        let files = [
            (
                "src/lib.rs",
                "mod a; #[cfg(test)] mod t; mod shared; cfg_x! { mod m; } #[cfg(all(test, loom))] #[path = \"odd/file.rs\"] mod odd;",
            ),
            (
                "src/a.rs",
                "#[cfg(test)] mod tests; mod b; #[cfg(test)] mod inline { mod deep; } #[cfg(test)] #[path = \"shared.rs\"] mod again;",
            ),
            ("src/a/tests.rs", ""),
            ("src/a/b.rs", ""),
            ("src/a/inline/deep.rs", ""),
            ("src/t/mod.rs", "mod inner;"),
            ("src/t/inner.rs", ""),
            ("src/odd/file.rs", ""),
            ("src/shared.rs", ""),
            ("src/m.rs", ""),
            ("src/orphan.rs", ""),
        ];
        for path in [
            "src/a/tests.rs",
            "src/t/mod.rs",
            "src/t/inner.rs",
            "src/a/inline/deep.rs",
            "src/odd/file.rs",
        ] {
            assert!(test_only(&files, path), "{path}");
        }
        for path in [
            "src/lib.rs",
            "src/a.rs",
            "src/a/b.rs",
            "src/shared.rs",
            "src/m.rs",
            "src/orphan.rs",
        ] {
            assert!(!test_only(&files, path), "{path}");
        }
    }
}
