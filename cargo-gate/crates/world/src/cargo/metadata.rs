//! What `cargo metadata` prints, and what is kept of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{CargoModel, Dependency, Member, Resolution, Target};
use gate_base::paths;

/// What cargo said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub(crate) model: CargoModel,
    pub(crate) resolution: Resolution,
    /// Every manifest on this machine that the answer depends on, absolute: the root, members, path dependencies,
    /// patches. The root comes first, the rest is sorted.
    pub manifests: Vec<PathBuf>,
}

impl Answer {
    /// Whether the answer depends on nothing but its inputs. What the network refused may be there the next time.
    pub fn is_stable(&self) -> bool {
        !matches!(self.resolution, Resolution::Unavailable(_))
    }
}

/// The part of `cargo metadata`'s output that is read
/// (<https://doc.rust-lang.org/cargo/commands/cargo-metadata.html#json-format>).
#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    packages: Vec<Package<'a>>,
    #[serde(borrow)]
    workspace_members: BTreeSet<Cow<'a, str>>,
    pub(super) workspace_root: PathBuf,
    target_directory: PathBuf,
    /// Since cargo 1.91.
    build_directory: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    name: String,
    version: Version,
    source: Option<String>,
    manifest_path: PathBuf,
    edition: String,
    rust_version: Option<String>,
    publish: Option<Vec<String>>,
    targets: Vec<RawTarget>,
    #[serde(borrow)]
    dependencies: Vec<Declared<'a>>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
    #[serde(default)]
    test: bool,
}

#[derive(Deserialize)]
struct Declared<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// A [`VersionReq`], which is looked at only where cargo refuses the lockfile.
    #[serde(borrow)]
    req: Cow<'a, str>,
    #[serde(default)]
    path: Option<PathBuf>,
    /// `dev` and `build`; nothing for an ordinary dependency.
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    /// `None` for a path.
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
}

impl Declared<'_> {
    /// Whether cargo refuses to publish a package for it: its place is all that it says. A development dependency without a version
    /// is left out of what is published.
    fn keeps_from_publishing(&self) -> bool {
        let git = self.source.as_deref().is_some_and(|source| source.starts_with("git+"));
        self.kind.as_deref() != Some("dev") && (self.path.is_some() || git) && self.req == "*"
    }
}

impl<'a> Metadata<'a> {
    /// A requirement of a member that no package of the lockfile meets, or a member that it does not hold.
    pub(super) fn contradiction(&self, lock: &Lock) -> Option<String> {
        for member in self.members() {
            let (name, version) = (&member.name, &member.version);
            if !lock.named(name).iter().any(|locked| locked.version == *version) {
                return Some(format!("`Cargo.lock` has no entry for the member `{name}` {version}"));
            }
            for declared in &member.dependencies {
                // One that cannot be read is met by anything: then it is not what cargo refuses.
                let required = VersionReq::parse(&declared.req).unwrap_or_default();
                let met = |locked: &Version| required == VersionReq::STAR || required.matches(locked);
                if !lock.named(&declared.name).iter().any(|locked| met(&locked.version)) {
                    return Some(format!(
                        "`Cargo.lock` has no `{}` matching `{}`, which `{name}` requires",
                        declared.name, declared.req
                    ));
                }
            }
        }
        None
    }

    fn members(&self) -> impl Iterator<Item = &Package<'a>> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
    }

    fn manifests(&self) -> Vec<PathBuf> {
        let mut manifests = BTreeSet::new();
        for package in self.packages.iter().filter(|package| package.source.is_none()) {
            manifests.insert(package.manifest_path.clone());
            let paths = package
                .dependencies
                .iter()
                .filter_map(|declared| declared.path.as_ref());
            manifests.extend(paths.map(|path| path.join("Cargo.toml")));
        }
        let root = self.workspace_root.join("Cargo.toml");
        manifests.extend(patched(&root));
        manifests.remove(&root);
        std::iter::once(root).chain(manifests).collect()
    }

    pub(super) fn into_answer(self, resolution: Resolution, lock: &Lock) -> Answer {
        let manifests = self.manifests();
        let root = self.workspace_root;
        let (members, others): (Vec<Package<'_>>, Vec<Package<'_>>) = self
            .packages
            .into_iter()
            .partition(|package| self.workspace_members.contains(&package.id));
        let mut members: Vec<Member> = members.into_iter().map(|package| package.into_member(&root)).collect();
        members.sort_by(|a, b| (&a.name, &a.manifest).cmp(&(&b.name, &b.manifest)));
        let mut dependencies: Vec<Dependency> = others
            .into_iter()
            .map(|package| Dependency {
                checksum: lock.checksum(&package.name, &package.version, package.source.as_deref()),
                name: package.name,
                version: package.version,
                source: package.source,
                // Cargo joins the directory of a replaced source as it is written.
                manifest: paths::normalize(&package.manifest_path),
            })
            .collect();
        dependencies.sort_by(|a, b| (&a.name, &a.version, &a.source).cmp(&(&b.name, &b.version, &b.source)));
        Answer {
            model: CargoModel {
                root,
                build_dir: self
                    .build_directory
                    .filter(|directory| *directory != self.target_directory),
                target_dir: self.target_directory,
                members,
                dependencies,
            },
            resolution,
            manifests,
        }
    }
}

impl Package<'_> {
    fn into_member(self, root: &Path) -> Member {
        let directory = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        Member {
            manifest: paths::relative(root, &self.manifest_path),
            directory: paths::relative(root, directory),
            name: self.name,
            version: self.version,
            edition: self.edition,
            rust_version: self.rust_version.as_deref().and_then(partial_version),
            publishable: !self.dependencies.iter().any(Declared::keeps_from_publishing),
            publish: self.publish.is_none_or(|registries| !registries.is_empty()),
            targets: self
                .targets
                .into_iter()
                .map(|target| Target {
                    name: target.name,
                    kind: target.kind,
                    source: paths::relative(root, &target.src_path),
                    test: target.test,
                })
                .collect(),
        }
    }
}

/// A version of one to three numbers, as `rust-version` allows.
fn partial_version(text: &str) -> Option<Version> {
    let missing = 2_usize.checked_sub(text.matches('.').count())?;
    Version::parse(&format!("{text}{}", ".0".repeat(missing))).ok()
}

/// Manifests that `[patch]` and `[replace]` of the root name by path, used or not.
fn patched(root_manifest: &Path) -> Vec<PathBuf> {
    let Some(directory) = root_manifest.parent() else {
        return Vec::new();
    };
    let table = std::fs::read_to_string(root_manifest)
        .ok()
        .and_then(|text| toml::from_str::<toml::Table>(&text).ok())
        .unwrap_or_default();
    let section = |key: &str| table.get(key).and_then(toml::Value::as_table);
    let patches = section("patch").into_iter().flat_map(toml::Table::values);
    let tables = patches.filter_map(toml::Value::as_table).chain(section("replace"));
    tables
        .flat_map(toml::Table::values)
        .filter_map(|entry| entry.get("path")?.as_str())
        .map(|path| paths::normalize(&directory.join(path)).join("Cargo.toml"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_versions_are_filled_up() {
        assert_eq!(partial_version("1.71"), Some(Version::new(1, 71, 0)));
        assert_eq!(partial_version("1"), Some(Version::new(1, 0, 0)));
        assert_eq!(partial_version("1.71.1"), Some(Version::new(1, 71, 1)));
        assert_eq!(partial_version("x"), None);
    }
}
