//! Whose a file is, and whether it is product code.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use gate_base::paths::parent;
use gate_world::cargo::{CargoModel, Member};

/// What the code of a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Part of a library or a binary.
    Code,
    /// Tests, benchmarks, examples and build scripts.
    Test,
}

/// Directories that cargo reads tests, benchmarks and examples from.
const TEST_DIRECTORIES: [&str; 3] = ["tests", "benches", "examples"];

/// Assigns files to members.
#[derive(Debug)]
pub struct Classifier<'m> {
    /// By directory.
    members: BTreeMap<&'m str, Targets<'m>>,
    /// Directories with a manifest that is no member's: what lies below belongs to nobody.
    foreign: BTreeSet<String>,
}

impl<'m> Classifier<'m> {
    /// A classifier for these members; `paths` are all files of the workspace.
    pub fn new<'p>(model: &'m CargoModel, paths: impl Iterator<Item = &'p str>) -> Self {
        let own: BTreeSet<&str> = model.members.iter().map(|member| member.directory.as_str()).collect();
        let foreign = paths
            .filter_map(|path| path.strip_suffix("Cargo.toml"))
            .filter(|directory| directory.is_empty() || directory.ends_with('/'))
            .map(|directory| directory.trim_end_matches('/'))
            // The root manifest of a virtual workspace claims nothing either.
            .filter(|directory| !own.contains(directory))
            .map(str::to_owned)
            .collect();
        Self {
            // Of two in one directory, which cargo does not allow, the first.
            members: model
                .members
                .iter()
                .rev()
                .map(|member| (member.directory.as_str(), Targets::of(member)))
                .collect(),
            foreign,
        }
    }

    /// The member that owns a file, and the role of the file in it.
    pub fn owner(&self, path: &str) -> Option<(&'m Member, Role)> {
        let mut directory = parent(path);
        loop {
            if self.foreign.contains(directory) {
                return None;
            }
            if let Some(targets) = self.members.get(directory) {
                return Some((targets.member, targets.role(path)));
            }
            if directory.is_empty() {
                return None;
            }
            directory = parent(directory);
        }
    }
}

/// Whether `path` lies below `directory`, at any depth.
pub fn below(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Where the targets of a member lie.
#[derive(Debug)]
struct Targets<'m> {
    member: &'m Member,
    product: Roots<'m>,
    other: Roots<'m>,
}

/// Roots of targets, and the directories that hold them.
#[derive(Debug, Default)]
struct Roots<'m> {
    files: BTreeSet<&'m str>,
    directories: BTreeSet<&'m str>,
}

impl<'m> Targets<'m> {
    fn of(member: &'m Member) -> Self {
        let (mut product, mut other) = (Roots::default(), Roots::default());
        for target in &member.targets {
            let roots = if is_product(&target.kind) {
                &mut product
            } else {
                &mut other
            };
            roots.files.insert(&target.source);
            let directory = parent(&target.source);
            // A build script at the top of the package does not claim the package.
            if is_product(&target.kind) || directory != member.directory {
                roots.directories.insert(directory);
            }
        }
        Self { member, product, other }
    }

    /// The nearest target decides: the one whose root the file is, or else the one whose directory holds it most closely.
    /// Product code wins a tie.
    fn role(&self, path: &str) -> Role {
        if self.product.files.contains(path) {
            return Role::Code;
        }
        if self.other.files.contains(path) {
            return Role::Test;
        }
        let inside = path
            .strip_prefix(self.member.directory.as_str())
            .unwrap_or(path)
            .trim_start_matches('/');
        let conventional = inside
            .split_once('/')
            .filter(|(first, _)| TEST_DIRECTORIES.contains(first))
            .map_or(0, |(first, _)| self.member.directory.len() + first.len() + 1);
        if self.other.nearest(path).max(conventional) > self.product.nearest(path) {
            Role::Test
        } else {
            Role::Code
        }
    }
}

impl Roots<'_> {
    /// How closely a directory with a root holds the file; 0 when none does.
    fn nearest(&self, path: &str) -> usize {
        let directories = self.directories.iter().filter(|directory| below(path, directory));
        directories.map(|directory| directory.len() + 1).max().unwrap_or(0)
    }
}

/// Whether a file lies where a library or a binary of the package has its modules. Scripts and templates beside them are
/// part of neither.
pub fn belongs_to_a_product(member: &Member, path: &str) -> bool {
    // Where cargo was not asked for targets, nothing is left out.
    if member.targets.is_empty() {
        return true;
    }
    let products = member.targets.iter().filter(|target| is_product(&target.kind));
    products
        .map(|target| target.source.as_str())
        .any(|source| source == path || below(path, parent(source)))
}

pub(crate) fn is_product(kinds: &[String]) -> bool {
    !kinds
        .iter()
        .all(|kind| matches!(kind.as_str(), "test" | "bench" | "example" | "custom-build"))
}

/// Role of a file in a dependency, of which only the directory layout is known.
pub fn conventional_role(path: &str) -> Role {
    let first = path.split_once('/').map_or(path, |(first, _)| first);
    if TEST_DIRECTORIES.contains(&first) || path == "build.rs" {
        Role::Test
    } else {
        Role::Code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_world::cargo::Target;

    fn member(directory: &str, targets: &[(&str, &str)]) -> Member {
        Member {
            name: format!("in-{directory}"),
            version: semver::Version::new(1, 0, 0),
            manifest: format!("{directory}/Cargo.toml"),
            directory: directory.into(),
            edition: "2024".into(),
            rust_version: None,
            publish: true,
            publishable: true,
            targets: targets
                .iter()
                .map(|(kind, source)| Target {
                    name: "x".into(),
                    kind: vec![(*kind).into()],
                    source: (*source).into(),
                    test: true,
                })
                .collect(),
        }
    }

    #[test]
    fn files_belong_to_the_nearest_target_of_the_nearest_member() {
        let model = CargoModel {
            members: vec![
                member(
                    "",
                    &[
                        ("lib", "src/lib.rs"),
                        ("custom-build", "build.rs"),
                        ("test", "it/main.rs"),
                        ("bin", "tools/x.rs"),
                    ],
                ),
                member("tests", &[("lib", "tests/src/lib.rs")]),
                member("b", &[("bench", "b/all.rs"), ("lib", "b/lib.rs")]),
            ],
            ..CargoModel::default()
        };
        let paths = ["Cargo.toml", "tests/Cargo.toml", "b/Cargo.toml", "b/fixture/Cargo.toml"];
        let classifier = Classifier::new(&model, paths.into_iter());
        let of = |path: &str| {
            classifier
                .owner(path)
                .map(|(member, role)| (member.name.as_str(), role))
        };
        assert_eq!(of("src/a/b.rs"), Some(("in-", Role::Code)));
        assert_eq!(of("build.rs"), Some(("in-", Role::Test)));
        assert_eq!(of("other.rs"), Some(("in-", Role::Code)));
        assert_eq!(of("it/common/mod.rs"), Some(("in-", Role::Test)));
        assert_eq!(of("examples/deep/x.rs"), Some(("in-", Role::Test)));
        assert_eq!(of("tools/y.rs"), Some(("in-", Role::Code)));
        assert_eq!(of("tests/src/x.rs"), Some(("in-tests", Role::Code)));
        assert_eq!(of("b/all.rs"), Some(("in-b", Role::Test)));
        assert_eq!(of("b/sub/x.rs"), Some(("in-b", Role::Code)));
        assert_eq!(of("b/fixture/src/lib.rs"), None);
    }
}
