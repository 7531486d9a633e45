//! `Cargo.lock` (<https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>): the one reader of it. How versions
//! 1 to 4 of the format write dependencies: `cargo/core/resolver/encode.rs` in rust-lang/cargo.

use std::ops::Range;
use std::path::Path;

use semver::Version;
use serde::Deserialize;
use toml::Spanned;

/// A lockfile, its packages sorted by name and version.
#[derive(Debug, Default)]
pub struct Lock {
    packages: Vec<LockedPackage>,
}

/// One `[[package]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// Source as cargo writes it; `None` for a member or a path dependency.
    pub source: Option<String>,
    /// Line of its name, from 1.
    pub line: u32,
    /// SHA-256 of the archive of a registry package.
    checksum: Option<String>,
    /// What it depends on: a name, a version where there are several, a source where that does not tell them apart.
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Version,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads a lockfile.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let file: File = toml::from_str(text).map_err(|error| {
            let Range { start, .. } = error.span().unwrap_or_default();
            format!("line {}: {}", 1 + breaks(text, 0..start), error.message())
        })?;
        let (mut line, mut at) = (1, 0);
        let mut packages: Vec<LockedPackage> = file
            .package
            .into_iter()
            .map(|package| {
                let start = package.name.span().start;
                line += breaks(text, at..start);
                at = start;
                LockedPackage {
                    name: package.name.into_inner(),
                    version: package.version,
                    source: package.source,
                    line,
                    checksum: package.checksum,
                    dependencies: package.dependencies,
                }
            })
            .collect();
        packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(Self { packages })
    }

    /// Reads the lockfile beside the root manifest; one that cannot be read is empty.
    pub(super) fn read(root: &Path) -> Self {
        let bytes = std::fs::read(root.join("Cargo.lock")).unwrap_or_default();
        Self::parse(&bytes).unwrap_or_default()
    }

    /// All packages.
    pub fn packages(&self) -> &[LockedPackage] {
        &self.packages
    }

    /// All packages of this name.
    pub fn named(&self, name: &str) -> &[LockedPackage] {
        &self.packages[self.positions(name)]
    }

    /// Positions of the packages that one depends on; what the lockfile does not hold is left out.
    pub fn dependencies(&self, package: &LockedPackage) -> impl Iterator<Item = usize> {
        package.dependencies.iter().filter_map(|text| {
            let mut words = text.splitn(3, ' ');
            let name = words.next()?;
            let version = words.next();
            let source = words.next().map(|source| source.trim_matches(['(', ')']));
            let found = |at: &usize| {
                let package = &self.packages[*at];
                version.is_none_or(|version| package.version.to_string() == version)
                    && source.is_none_or(|source| package.is_from(source))
            };
            self.positions(name).find(found)
        })
    }

    /// SHA-256 of the archive of a registry package.
    pub(super) fn checksum(&self, name: &str, version: &Version, source: Option<&str>) -> Option<String> {
        let mut named = self.named(name).iter();
        let found = named.find(|locked| locked.version == *version && locked.source.as_deref() == source);
        found?.checksum.clone()
    }

    fn positions(&self, name: &str) -> Range<usize> {
        let start = self.packages.partition_point(|package| package.name.as_str() < name);
        let length = self.packages[start..].partition_point(|package| package.name == name);
        start..start + length
    }
}

impl LockedPackage {
    /// SHA-256 of its archive, where it comes from a registry.
    pub fn checksum(&self) -> Option<&str> {
        self.checksum.as_deref()
    }

    /// Whether it comes from crates.io.
    pub fn is_published(&self) -> bool {
        self.source.as_deref().is_some_and(is_crates_io)
    }

    /// A dependency names a git repository without the commit that the package has.
    fn is_from(&self, source: &str) -> bool {
        let own = self.source.as_deref().unwrap_or_default();
        own == source || own.split_once('#').is_some_and(|(repository, _)| repository == source)
    }
}

/// Whether a source is crates.io, by either of the two protocols.
pub fn is_crates_io(source: &str) -> bool {
    matches!(
        source.trim_end_matches('/'),
        "registry+https://github.com/rust-lang/crates.io-index" | "sparse+https://index.crates.io"
    )
}

/// Line ends within a part of the text.
fn breaks(text: &str, part: Range<usize>) -> u32 {
    let part = text.as_bytes().get(part).unwrap_or_default();
    u32::try_from(memchr::memchr_iter(b'\n', part).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(text: &str) -> String {
        let lock = Lock::parse(text.as_bytes()).unwrap();
        let shown = |package: &LockedPackage| format!("{} {}", package.name, package.version);
        let line = |package: &LockedPackage| {
            let on: Vec<String> = lock
                .dependencies(package)
                .map(|at| shown(&lock.packages()[at]))
                .collect();
            format!("{}: {} on {:?}", package.line, shown(package), on)
        };
        lock.packages().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_version_of_the_format_says_what_depends_on_what() {
        let first = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"log 0.4.0 \
            (registry+https://github.com/rust-lang/crates.io-index)\",\n]\n\n[[package]]\nname = \"log\"\nversion = \"0.4.0\"\n\
            source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n[metadata]\n\"checksum log 0.4.0 \
            (registry+https://github.com/rust-lang/crates.io-index)\" = \"00\"\n";
        insta::assert_snapshot!(edges(first), @r#"
        2: app 0.1.0 on ["log 0.4.0"]
        9: log 0.4.0 on []
        "#);
        let fourth = "version = 4\n\n[[package]]\nname = \"log\"\nversion = \"0.4.0\"\nsource = \"git+https://example.com/log?branch=a#0123\"\n\n\
            [[package]]\nname = \"log\"\nversion = \"0.4.0\"\nsource = \"git+https://example.com/log?branch=b#4567\"\n\n\
            [[package]]\nname = \"log\"\nversion = \"0.3.0\"\n\n\
            [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"log 0.3.0\",\n \"log 0.4.0 \
            (git+https://example.com/log?branch=b)\",\n \"gone\",\n]\n";
        insta::assert_snapshot!(edges(fourth), @r#"
        18: app 0.1.0 on ["log 0.3.0", "log 0.4.0"]
        14: log 0.3.0 on []
        4: log 0.4.0 on []
        9: log 0.4.0 on []
        "#);
        let lock = Lock::parse(fourth.as_bytes()).unwrap();
        let to: Vec<usize> = lock.dependencies(&lock.packages()[0]).collect();
        assert_eq!(
            lock.packages()[to[1]].source.as_deref(),
            Some("git+https://example.com/log?branch=b#4567")
        );
    }

    #[test]
    fn crates_io_has_two_names() {
        let of = |source: &str| is_crates_io(source);
        assert!(of("registry+https://github.com/rust-lang/crates.io-index"));
        assert!(of("sparse+https://index.crates.io/"));
        assert!(!of("registry+https://example.com/index") && !of(""));
    }
}
