//! Licence texts of dependencies, as their packages have them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use gate_base::error::Result;

use crate::archive::{Contents, Packed};
use crate::bill::expression;
use crate::cargo::{Metadata, Package};
use crate::files::{names, read};

/// File names that begin with one of these, in upper case, are licence texts.
const TEXTS: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// The texts of all packages outside the workspace with an index, and the packages that have neither a text nor an expression.
pub(crate) fn texts(metadata: &Metadata, stem: &str) -> Result<(Contents, Vec<String>)> {
    let members: BTreeSet<&str> = metadata.workspace_members.iter().map(String::as_str).collect();
    let mut packages: Vec<&Package> = metadata.packages.iter().collect();
    packages.retain(|package| !members.contains(package.id.as_str()));
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    let mut contents = Contents::new();
    let mut unlicensed = Vec::new();
    let mut index = String::from("package\tversion\tlicence\ttexts\n");
    for package in packages {
        let found = of_package(package)?;
        let expression = expression(package);
        if found.is_empty() && expression.is_none() {
            unlicensed.push(format!("{} {}", package.name, package.version));
        }
        let listed: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(
            index,
            "{}\t{}\t{}\t{}",
            package.name,
            package.version,
            expression.as_deref().unwrap_or("-"),
            if listed.is_empty() {
                "-".to_owned()
            } else {
                listed.join(", ")
            }
        );
        for (name, bytes) in found {
            let executable = false;
            let path = format!("{stem}/{}-{}/{name}", package.name, package.version);
            contents.insert(path, Packed { bytes, executable });
        }
    }
    let (bytes, executable) = (index.into_bytes(), false);
    contents.insert(format!("{stem}/index.tsv"), Packed { bytes, executable });
    Ok((contents, unlicensed))
}

fn of_package(package: &Package) -> Result<Vec<(String, Vec<u8>)>> {
    let directory = package.manifest_path.parent().unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for name in names(directory)? {
        let upper = name.to_ascii_uppercase();
        let is_declared = package.license_file.as_deref() == Some(name.as_str());
        if !name.ends_with('/') && (is_declared || TEXTS.iter().any(|text| upper.starts_with(text))) {
            let bytes = read(&directory.join(&name))?;
            found.push((name, bytes));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dependency_has_a_licence() {
        let scratch = tempfile::tempdir().expect("a directory");
        let package = |name: &str, license: Option<&str>, files: &[&str]| {
            let directory = scratch.path().join(name);
            std::fs::create_dir(&directory).expect("a directory");
            for file in files {
                std::fs::write(directory.join(file), "text").expect("a file");
            }
            Package {
                id: name.into(),
                name: name.into(),
                version: semver::Version::new(1, 0, 0),
                source: None,
                license: license.map(str::to_owned),
                license_file: None,
                description: None,
                repository: None,
                manifest_path: directory.join("Cargo.toml"),
                publish: None,
                dependencies: Vec::new(),
            }
        };
        let metadata = Metadata {
            packages: vec![
                package("member", None, &[]),
                package("both", Some("MIT"), &["LICENSE-MIT", "lib.rs"]),
                package("expression", Some("MIT"), &[]),
                package("neither", None, &["README.md"]),
            ],
            workspace_members: vec!["member".into()],
            resolve: serde_json::from_str("{\"nodes\":[]}").expect("a graph"),
        };
        let (contents, unlicensed) = texts(&metadata, "licences").expect("texts");
        assert_eq!(unlicensed, ["neither 1.0.0"]);
        let names: Vec<&String> = contents.keys().collect();
        assert_eq!(names, ["licences/both-1.0.0/LICENSE-MIT", "licences/index.tsv"]);
        let index = String::from_utf8_lossy(&contents["licences/index.tsv"].bytes).into_owned();
        assert!(
            index.contains("both\t1.0.0\tMIT\tLICENSE-MIT\nexpression\t1.0.0\tMIT\t-\n"),
            "{index}"
        );
    }
}
