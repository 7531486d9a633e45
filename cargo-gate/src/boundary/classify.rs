//! Whose a file is, and whether it is product code.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::workspace::cargo::{CargoModel, Member};

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
    members: &'m [Member],
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
            members: &model.members,
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
            if let Some(member) = self.members.iter().find(|member| member.directory == directory) {
                return Some((member, role(member, path)));
            }
            if directory.is_empty() {
                return None;
            }
            directory = parent(directory);
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Whether `path` lies below `directory`, at any depth.
pub(crate) fn below(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The nearest target decides: the one whose root the file is, or else the one whose directory holds it most closely.
/// Product code wins a tie.
fn role(member: &Member, path: &str) -> Role {
    let of = |product: bool| {
        member
            .targets
            .iter()
            .filter(move |target| is_product(&target.kind) == product)
    };
    if of(true).any(|target| target.source == path) {
        return Role::Code;
    }
    if of(false).any(|target| target.source == path) {
        return Role::Test;
    }
    let nearest = |product: bool| {
        of(product)
            .map(|target| parent(&target.source))
            // A build script at the top of the package does not claim the package.
            .filter(|directory| below(path, directory) && (product || *directory != member.directory))
            .map(|directory| directory.len() + 1)
            .max()
            .unwrap_or(0)
    };
    let inside = path
        .strip_prefix(member.directory.as_str())
        .unwrap_or(path)
        .trim_start_matches('/');
    let conventional = inside
        .split_once('/')
        .filter(|(first, _)| TEST_DIRECTORIES.contains(first))
        .map_or(0, |(first, _)| member.directory.len() + first.len() + 1);
    if nearest(false).max(conventional) > nearest(true) {
        Role::Test
    } else {
        Role::Code
    }
}

pub(crate) fn is_product(kinds: &[String]) -> bool {
    !kinds
        .iter()
        .all(|kind| matches!(kind.as_str(), "test" | "bench" | "example" | "custom-build"))
}

/// Role of a file in a dependency, of which only the directory layout is known.
pub(crate) fn conventional_role(path: &str) -> Role {
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
    use crate::workspace::cargo::Target;

    fn member(directory: &str, targets: &[(&str, &str)]) -> Member {
        Member {
            name: format!("in-{directory}"),
            version: semver::Version::new(1, 0, 0),
            manifest: format!("{directory}/Cargo.toml"),
            directory: directory.into(),
            edition: "2024".into(),
            rust_version: None,
            publish: true,
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
