//! The software bill of materials: CycloneDX 1.6 as JSON (<https://cyclonedx.org/docs/1.6/json/>), and whether it lists what the
//! lockfile does.

use std::collections::BTreeSet;

use gate_base::digest::sha256_hex;
use gate_world::cargo::lock::{Lock, is_crates_io};
use serde_json::{Value, json};

use crate::cargo::{Metadata, Package};
use crate::named::Named;

/// What a bill of materials is made of.
pub(crate) struct Bill<'a> {
    pub(crate) named: &'a Named,
    pub(crate) metadata: &'a Metadata,
    pub(crate) lock: &'a Lock,
    /// Time of the commit, RFC 3339.
    pub(crate) time: String,
}

impl Bill<'_> {
    /// The document.
    pub(crate) fn document(&self) -> Value {
        let mut packages: Vec<&Package> = self.metadata.packages.iter().collect();
        packages.sort_by(|a, b| (&a.name, &a.version, &a.source).cmp(&(&b.name, &b.version, &b.source)));
        let is_subject = |package: &&&Package| package.source.is_none() && package.name == self.named.name;
        let subject = packages.iter().find(is_subject).copied();
        let components: Vec<Value> = packages
            .iter()
            .filter(|package| Some(package.id.as_str()) != subject.map(|subject| subject.id.as_str()))
            .map(|package| self.component(package, "library"))
            .collect();
        let mut dependencies: Vec<Value> = packages.iter().map(|package| self.dependencies(package)).collect();
        dependencies.sort_by_key(|value| value["ref"].as_str().unwrap_or_default().to_owned());
        let mut document = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": "",
            "version": 1,
            "metadata": {
                "timestamp": self.time,
                "tools": { "components": [{ "type": "application", "name": "cargo-gate", "version": env!("CARGO_PKG_VERSION") }] },
                "component": subject.map(|subject| self.component(subject, "application")),
            },
            "components": components,
            "dependencies": dependencies,
        });
        // The same bill has the same number: it is made of what it numbers.
        document["serialNumber"] = Value::from(format!("urn:uuid:{}", uuid(&document.to_string())));
        document
    }

    fn component(&self, package: &Package, kind: &str) -> Value {
        let mut component = json!({
            "type": kind,
            "bom-ref": reference(&package.name, &package.version.to_string(), package.source.as_deref()),
            "name": package.name,
            "version": package.version.to_string(),
        });
        if let Some(description) = &package.description {
            component["description"] = Value::from(description.trim());
        }
        let locked = self.lock.named(&package.name).iter();
        let locked = locked.filter(|locked| locked.version == package.version && locked.source == package.source);
        if let Some(checksum) = locked.filter_map(|locked| locked.checksum()).next() {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if let Some(expression) = expression(package) {
            component["licenses"] = json!([{ "expression": expression }]);
        } else if let Some(file) = &package.license_file {
            component["licenses"] = json!([{ "license": { "name": format!("see {file} of the package") } }]);
        }
        component["purl"] = Value::from(purl(package));
        if let Some(repository) = &package.repository {
            component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
        }
        component
    }

    fn dependencies(&self, package: &Package) -> Value {
        let of = |package: &Package| reference(&package.name, &package.version.to_string(), package.source.as_deref());
        let node = self.metadata.resolve.nodes.iter().find(|node| node.id == package.id);
        let ids = node.into_iter().flat_map(|node| &node.dependencies);
        let needed: BTreeSet<String> = ids
            .filter_map(|id| self.metadata.packages.iter().find(|package| package.id == *id).map(of))
            .collect();
        json!({ "ref": of(package), "dependsOn": needed })
    }
}

/// The expression of a package's licences. Older manifests write `/` for `OR`.
pub(crate) fn expression(package: &Package) -> Option<String> {
    let text = package.license.as_deref()?.trim();
    (!text.is_empty()).then(|| text.split('/').map(str::trim).collect::<Vec<_>>().join(" OR "))
}

/// What a package is called in the bill: as cargo calls it, without the directory it is in.
fn reference(name: &str, version: &str, source: Option<&str>) -> String {
    format!("{}#{name}@{version}", source.unwrap_or("path"))
}

/// A package URL (<https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md>).
fn purl(package: &Package) -> String {
    let encoded = |text: &str| {
        text.replace('%', "%25")
            .replace('+', "%2B")
            .replace('?', "%3F")
            .replace('#', "%23")
    };
    let plain = format!("pkg:cargo/{}@{}", package.name, encoded(&package.version.to_string()));
    match package.source.as_deref() {
        None => plain,
        Some(source) if is_crates_io(source) => plain,
        Some(source) if source.starts_with("git+") => format!("{plain}?vcs_url={}", encoded(source)),
        Some(source) => {
            let address = source.split_once('+').map_or(source, |(_, address)| address);
            format!("{plain}?repository_url={}", encoded(address))
        }
    }
}

/// A UUID of version 8 (RFC 9562) made of a text.
fn uuid(text: &str) -> String {
    let digest = sha256_hex(text.as_bytes());
    format!(
        "{}-{}-8{}-8{}-{}",
        &digest[..8],
        &digest[8..12],
        &digest[13..16],
        &digest[17..20],
        &digest[20..32]
    )
}

/// What is in a bill and not in the lockfile, and the other way round.
pub(crate) fn against_lock(document: &Value, lock: &Lock) -> Vec<String> {
    let listed: BTreeSet<String> = components(document)
        .filter_map(|component| component["bom-ref"].as_str().map(str::to_owned))
        .collect();
    let locked: BTreeSet<String> = lock
        .packages()
        .iter()
        .map(|package| reference(&package.name, &package.version.to_string(), package.source.as_deref()))
        .collect();
    let missing = locked.difference(&listed);
    let missing = missing.map(|name| format!("`{name}` is in Cargo.lock and not in the bill of materials"));
    let extra = listed.difference(&locked);
    let extra = extra.map(|name| format!("`{name}` is in the bill of materials and not in Cargo.lock"));
    missing.chain(extra).collect()
}

/// What a program holds that the bill does not list.
pub(crate) fn against_program(document: &Value, program: &[u8]) -> Result<Vec<String>, String> {
    let Some(packages) = crate::auditable::packages(program)? else {
        return Ok(Vec::new());
    };
    let is_listed = |name: &str, version: &str| {
        components(document).any(|component| component["name"] == name && component["version"] == version)
    };
    Ok(packages
        .iter()
        .filter(|package| !is_listed(&package.name, &package.version))
        .map(|package| {
            format!(
                "the program holds {} {}, which the bill of materials does not list",
                package.name, package.version
            )
        })
        .collect())
}

fn components(document: &Value) -> impl Iterator<Item = &Value> {
    let listed = document["components"].as_array().into_iter().flatten();
    listed.chain(std::iter::once(&document["metadata"]["component"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use semver::Version;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"log\",\n]\n\n\
        [[package]]\nname = \"log\"\nversion = \"0.4.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00ff\"\n";

    fn package(name: &str, version: &str, source: Option<&str>) -> Package {
        Package {
            id: format!("{name} {version}"),
            name: name.into(),
            version: version.parse().expect("a version"),
            source: source.map(str::to_owned),
            license: Some("MIT/Apache-2.0".into()),
            license_file: None,
            description: None,
            repository: None,
            manifest_path: "Cargo.toml".into(),
            publish: None,
            dependencies: Vec::new(),
        }
    }

    fn document() -> Value {
        let metadata = Metadata {
            packages: vec![package("app", "1.0.0", None), package("log", "0.4.0", Some(REGISTRY))],
            workspace_members: vec!["app 1.0.0".into()],
            resolve: serde_json::from_value(json!({ "nodes": [{ "id": "app 1.0.0", "dependencies": ["log 0.4.0"] }] }))
                .expect("a graph"),
        };
        let named = Named {
            name: "app".into(),
            version: Version::new(1, 0, 0),
            tag: "v1.0.0".into(),
            manifest: "Cargo.toml".into(),
        };
        let lock = Lock::parse(LOCK.as_bytes()).expect("a lockfile");
        let bill = Bill {
            named: &named,
            metadata: &metadata,
            lock: &lock,
            time: "2026-01-02T03:04:05Z".into(),
        };
        assert_eq!(bill.document(), bill.document());
        bill.document()
    }

    #[test]
    fn a_bill_lists_what_the_lockfile_does() {
        let mut shown = document();
        // Both change with the version of the tool.
        assert!(
            shown["serialNumber"]
                .as_str()
                .is_some_and(|number| number.starts_with("urn:uuid:"))
        );
        for (key, at) in [
            ("serialNumber", "/serialNumber"),
            ("version", "/metadata/tools/components/0/version"),
        ] {
            *shown.pointer_mut(at).expect("a value") = Value::from(format!("[{key}]"));
        }
        insta::assert_snapshot!(serde_json::to_string_pretty(&shown).expect("JSON"));
        let differences =
            |document: &Value, lock: &str| against_lock(document, &Lock::parse(lock.as_bytes()).expect("a lockfile"));
        assert_eq!(differences(&document(), LOCK), Vec::<String>::new());
        let mut less = document();
        less["components"] = json!([]);
        assert_eq!(
            differences(&less, LOCK),
            [format!(
                "`{REGISTRY}#log@0.4.0` is in Cargo.lock and not in the bill of materials"
            )]
        );
        // A dependency of the same name and version from elsewhere is another one.
        let elsewhere = LOCK.replace(
            "registry+https://github.com/rust-lang/crates.io-index",
            "sparse+https://example.com/",
        );
        assert_eq!(differences(&document(), &elsewhere).len(), 2);
    }

    #[test]
    fn packages_have_addresses() {
        assert_eq!(purl(&package("a", "1.0.0+b", None)), "pkg:cargo/a@1.0.0%2Bb");
        assert_eq!(
            purl(&package("a", "1.0.0", Some("git+https://example.com/a?branch=b#01"))),
            "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps://example.com/a%3Fbranch=b%2301"
        );
        assert_eq!(
            purl(&package("a", "1.0.0", Some("sparse+https://example.com/i/"))),
            "pkg:cargo/a@1.0.0?repository_url=https://example.com/i/"
        );
    }
}
