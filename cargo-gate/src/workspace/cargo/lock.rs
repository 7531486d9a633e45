//! The packages that `Cargo.lock` names (<https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>).

use std::path::Path;

use semver::Version;
use serde::Deserialize;

/// A parsed lockfile; empty when it cannot be parsed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Lock {
    #[serde(default, rename = "package")]
    pub(super) packages: Vec<Locked>,
}

/// One `[[package]]`.
#[derive(Debug, Deserialize)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: Version,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    checksum: Option<String>,
}

impl Lock {
    /// Reads the lockfile beside the root manifest.
    pub(super) fn read(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
        let mut lock: Self = toml::from_str(&text).unwrap_or_default();
        lock.packages
            .sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        lock
    }

    /// SHA-256 of the archive of a registry package.
    pub(super) fn checksum(&self, name: &str, version: &Version, source: Option<&str>) -> Option<String> {
        self.named(name)
            .filter(|locked| locked.version == *version && locked.source.as_deref() == source)
            .find_map(|locked| locked.checksum.clone())
    }

    /// All packages of this name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Locked> {
        let start = self.packages.partition_point(|locked| locked.name.as_str() < name);
        self.packages[start..]
            .iter()
            .take_while(move |locked| locked.name == name)
    }
}
