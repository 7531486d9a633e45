//! Where packages stand in `Cargo.lock`, for tools that name packages and no places.

use std::collections::BTreeMap;

use crate::report::Location;
use crate::supply::package_lines;
use crate::workspace::Workspace;

/// Lines of the packages of the lockfile.
pub(super) struct PackageLines(BTreeMap<(String, String), u32>);

impl PackageLines {
    pub(super) fn of(workspace: &Workspace) -> Self {
        let bytes = workspace.lockfile().bytes.as_deref().unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(bytes))
    }

    pub(super) fn parse(text: &str) -> Self {
        let lines = package_lines(text).into_iter();
        Self(lines.filter_map(|(key, lines)| Some((key, *lines.front()?))).collect())
    }

    /// The line of a package; the whole file where it is not listed.
    pub(super) fn place(&self, name: &str, version: &str) -> Location {
        match self.0.get(&(name.to_owned(), version.to_owned())) {
            Some(line) => Location::line("Cargo.lock", *line),
            None => Location::file("Cargo.lock"),
        }
    }
}
