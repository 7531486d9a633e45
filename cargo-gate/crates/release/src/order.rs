//! The order in which packages are published: each after those it depends on.

use std::collections::{BTreeMap, BTreeSet};

use gate_world::cargo::CargoModel;

use crate::cargo::{Metadata, Package};
use crate::stop::{Result, Stop};

/// Members that may be published, dependencies first.
///
/// # Errors
/// Packages need each other.
pub(crate) fn publishable<'m>(metadata: &'m Metadata, model: &CargoModel) -> Result<Vec<&'m Package>> {
    let publishable: BTreeSet<&str> = model
        .members
        .iter()
        .filter(|member| member.publish)
        .map(|member| member.name.as_str())
        .collect();
    let is_member = |package: &&Package| {
        package.source.is_none()
            && metadata.workspace_members.contains(&package.id)
            && publishable.contains(package.name.as_str())
    };
    let packages: Vec<&Package> = metadata.packages.iter().filter(is_member).collect();
    order(&packages)
}

/// The packages, dependencies first and by name where nothing else decides. Development dependencies count as long as they do not lead
/// in a circle: cargo leaves those without a version out of what it publishes.
///
/// # Errors
/// Packages need each other.
fn order<'p>(packages: &[&'p Package]) -> Result<Vec<&'p Package>> {
    sorted(packages, true).or_else(|_| {
        sorted(packages, false).map_err(|circle| {
            Stop::refused(
                format!("no order of publishing: {} depend on each other", circle.join(", ")),
                "remove one of these dependencies",
            )
        })
    })
}

/// Kahn's algorithm; the names that remain where there is a circle.
fn sorted<'p>(packages: &[&'p Package], with_development: bool) -> std::result::Result<Vec<&'p Package>, Vec<String>> {
    let by_name: BTreeMap<&str, &Package> = packages
        .iter()
        .map(|package| (package.name.as_str(), *package))
        .collect();
    let mut waiting: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let needs = package.dependencies.iter().filter(|dependency| {
            let counts = match dependency.kind.as_deref() {
                Some("dev") => with_development && dependency.req != "*",
                _ => true,
            };
            counts && dependency.path.is_some() && dependency.name != package.name
        });
        let names = needs.map(|dependency| dependency.name.as_str());
        waiting.insert(&package.name, names.filter(|name| by_name.contains_key(name)).collect());
    }
    let mut sorted = Vec::new();
    while !waiting.is_empty() {
        let Some(next) = waiting
            .iter()
            .find(|(_, needs)| needs.is_empty())
            .map(|(name, _)| *name)
        else {
            return Err(waiting.keys().map(|name| format!("`{name}`")).collect());
        };
        waiting.remove(next);
        for needs in waiting.values_mut() {
            needs.remove(next);
        }
        sorted.extend(by_name.get(next));
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Declared;

    fn package(name: &str, needs: &[(&str, Option<&str>, &str)]) -> Package {
        Package {
            id: name.into(),
            name: name.into(),
            version: semver::Version::new(1, 0, 0),
            source: None,
            license: None,
            license_file: None,
            description: None,
            repository: None,
            manifest_path: "Cargo.toml".into(),
            publish: None,
            dependencies: needs
                .iter()
                .map(|(name, kind, req)| Declared {
                    name: (*name).into(),
                    req: (*req).into(),
                    kind: kind.map(str::to_owned),
                    path: Some("..".into()),
                })
                .collect(),
        }
    }

    fn names(packages: &[Package]) -> std::result::Result<String, String> {
        let all: Vec<&Package> = packages.iter().collect();
        match order(&all) {
            Ok(sorted) => Ok(sorted
                .iter()
                .map(|package| package.name.as_str())
                .collect::<Vec<_>>()
                .join(" ")),
            Err(Stop::Refused(reasons)) => Err(reasons[0].message.clone()),
            Err(Stop::Failed(error)) => Err(error.message),
        }
    }

    #[test]
    fn dependencies_come_first() {
        let normal = |name| (name, None, "^1");
        let all = [
            package("a", &[normal("c")]),
            package("b", &[]),
            package("c", &[("b", Some("build"), "^1"), normal("elsewhere")]),
        ];
        assert_eq!(names(&all).as_deref(), Ok("b c a"));
    }

    #[test]
    fn only_development_may_lead_in_a_circle() {
        let tested = [package("a", &[("b", Some("dev"), "^1")]), package("b", &[])];
        assert_eq!(names(&tested).as_deref(), Ok("b a"));
        let both = [
            package("a", &[("b", Some("dev"), "^1")]),
            package("b", &[("a", None, "^1")]),
        ];
        assert_eq!(names(&both).as_deref(), Ok("a b"));
        let circle = [package("a", &[("b", None, "^1")]), package("b", &[("a", None, "^1")])];
        assert_eq!(
            names(&circle),
            Err("no order of publishing: `a`, `b` depend on each other".into())
        );
    }
}
