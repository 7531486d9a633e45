//! Advisories that are about packages of a lockfile, and what repairs them.

use semver::{Comparator, Op, Version, VersionReq};

use gate_world::cargo::lock::LockedPackage;

use super::advisory::Advisory;
use super::database::Database;
use super::lock::PackageGraph;

/// An advisory about a package of the lockfile.
#[derive(Debug)]
pub struct Hit<'a> {
    /// The advisory.
    pub advisory: &'a Advisory,
    /// The package.
    pub package: &'a LockedPackage,
    /// The shortest way from a member to the package, both included; empty where none leads there.
    pub way: Vec<&'a LockedPackage>,
    /// What repairs it.
    pub fix: Fix,
}

/// What repairs a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// A version that everything which depends on the package takes.
    Update(Version),
    /// A version that needs another requirement somewhere.
    Raise(Version),
    /// Versions that this tool cannot name one of: the requirements of the advisory.
    Requirement(String),
    /// Nothing yet.
    None,
}

/// Every advisory about a package of the lockfile, vulnerabilities first, the severest of them first.
pub fn hits<'a>(database: &'a Database, graph: &'a PackageGraph) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    for (at, package) in graph.packages().iter().enumerate() {
        if package.source.is_none() {
            continue;
        }
        let about: Vec<&Advisory> = database
            .about(&package.name)
            .filter(|advisory| same_source(advisory, package) && advisory.affects(&package.version))
            .collect();
        for advisory in &about {
            hits.push(Hit {
                advisory,
                package,
                way: graph.way(at),
                fix: fix(advisory, &about, &package.version),
            });
        }
    }
    hits.sort_by_key(|hit| {
        let score = hit.advisory.score.as_ref().map_or(0, |score| score.tenths);
        (
            hit.advisory.informational.is_some(),
            std::cmp::Reverse(score),
            hit.package.line,
            &hit.advisory.id,
        )
    });
    hits
}

fn same_source(advisory: &Advisory, package: &LockedPackage) -> bool {
    match &advisory.source {
        None => package.is_published(),
        source => *source == package.source,
    }
}

/// The least version that repairs this advisory, and where there is one, all others about the package as well.
fn fix(advisory: &Advisory, about: &[&Advisory], locked: &Version) -> Fix {
    let bounds = |advisories: &[&Advisory]| {
        let mut versions: Vec<Version> = advisories
            .iter()
            .flat_map(|advisory| &advisory.patched)
            .filter_map(|text| VersionReq::parse(text).ok())
            .filter_map(|requirement| least(&requirement))
            .filter(|version| version > locked)
            .collect();
        versions.sort();
        versions
    };
    let free_of = |version: &Version, advisories: &[&Advisory]| !advisories.iter().any(|one| one.affects(version));
    let serious: Vec<&Advisory> = about
        .iter()
        .copied()
        .filter(|one| one.informational.is_none())
        .collect();
    let taken = VersionReq {
        comparators: vec![Comparator {
            op: Op::Caret,
            major: locked.major,
            minor: Some(locked.minor),
            patch: Some(locked.patch),
            pre: locked.pre.clone(),
        }],
    };
    let all = bounds(about);
    let own = bounds(&[advisory]);
    let only: &[&Advisory] = &[advisory];
    let searches: [(&[Version], &[&Advisory]); 3] = [(&all, about), (&all, &serious), (&own, only)];
    let mut raise = None;
    for (versions, advisories) in searches {
        let free: Vec<&Version> = versions
            .iter()
            .filter(|version| free_of(version, advisories) && free_of(version, only))
            .collect();
        if let Some(version) = free.iter().find(|version| taken.matches(version)) {
            return Fix::Update((**version).clone());
        }
        raise = raise.or_else(|| free.first().map(|version| (**version).clone()));
    }
    match raise {
        Some(version) => Fix::Raise(version),
        None if advisory.patched.is_empty() => Fix::None,
        None => Fix::Requirement(advisory.patched.join(" or ")),
    }
}

/// The least version of a requirement, where the requirement itself names it.
fn least(requirement: &VersionReq) -> Option<Version> {
    let bound = requirement
        .comparators
        .iter()
        .find(|one| matches!(one.op, Op::GreaterEq | Op::Caret | Op::Tilde | Op::Exact))?;
    Some(Version {
        pre: bound.pre.clone(),
        ..Version::new(bound.major, bound.minor.unwrap_or(0), bound.patch.unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn advisory(id: &str, patched: &[&str]) -> Advisory {
        let sample = samples::advisory(id, "a", "2026-01-01").patched(patched);
        Advisory::parse(&sample.path(), sample.text().as_bytes()).unwrap()
    }

    #[test]
    fn the_least_version_that_repairs_all_of_them() {
        let one = advisory("RUSTSEC-2026-0001", &[">= 1.2.3"]);
        let two = advisory("RUSTSEC-2026-0002", &["^1.3.1", ">= 2.0.1"]);
        let three = advisory("RUSTSEC-2026-0003", &[">= 2.0.0"]);
        let none = advisory("RUSTSEC-2026-0004", &[]);
        let odd = advisory("RUSTSEC-2026-0005", &["> 1.5.0"]);
        let fixed = |which: &Advisory, about: &[&Advisory], version: &str| {
            format!("{:?}", fix(which, about, &version.parse().unwrap()))
        };
        insta::assert_snapshot!([
            fixed(&one, &[&one], "1.0.0"),
            fixed(&one, &[&one, &two], "1.0.0"),
            fixed(&one, &[&one, &three], "1.0.0"),
            fixed(&three, &[&one, &three], "1.0.0"),
            fixed(&one, &[&one, &none], "1.0.0"),
            fixed(&none, &[&one, &none], "1.0.0"),
            fixed(&odd, &[&odd], "1.0.0"),
            fixed(&one, &[&one], "0.9.0"),
        ].join("\n"), @r#"
        Update(Version { major: 1, minor: 2, patch: 3 })
        Update(Version { major: 1, minor: 3, patch: 1 })
        Update(Version { major: 1, minor: 2, patch: 3 })
        Raise(Version { major: 2, minor: 0, patch: 0 })
        Update(Version { major: 1, minor: 2, patch: 3 })
        None
        Requirement(">1.5.0")
        Raise(Version { major: 1, minor: 2, patch: 3 })
        "#);
    }
}
