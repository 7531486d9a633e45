//! Which packages their registry has in this version already, and whether with the files of this commit.
//!
//! A workspace whose packages have versions of their own releases a few of them at a time. The others stay as they were published:
//! cargo takes them from the registry, for whoever packages what depends on them and for every user.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use gate_base::error::{Error, ErrorKind};
use gate_world::cargo::lock::Lock;
use serde_json::Value;

use crate::archive::unpack_package;
use crate::cargo::{Cargo, Package};
use crate::files::read;
use crate::layout::package_archive;
use crate::registry::{downloaded, registry_of};
use crate::stop::{Reason, Result, Stop};

/// Where cargo writes which commit a package was made of (<https://doc.rust-lang.org/cargo/commands/cargo-package.html>).
const COMMIT: &str = ".cargo_vcs_info.json";
/// The manifest as its authors wrote it.
const WRITTEN: &str = "Cargo.toml.orig";
/// The manifest as cargo resolves it.
const MANIFEST: &str = "Cargo.toml";
/// Files of a package that say nothing of what it does: where it was made, what it was tested with.
const BESIDES: [&str; 3] = [COMMIT, WRITTEN, "Cargo.lock"];
/// Keys of `[package]` that some versions of cargo write out and some leave to their defaults.
const WRITTEN_OUT: [&str; 6] = [
    "build",
    "autolib",
    "autobins",
    "autoexamples",
    "autotests",
    "autobenches",
];

/// How a package stands to what its registry has in its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The registry does not have the version, or has it from this very commit.
    New,
    /// The registry has it from another commit, with the same files.
    Same,
    /// The registry has it with other files; the first of them.
    Other(String),
}

/// How each publishable package stands, by name.
#[derive(Debug)]
pub(crate) struct Standings {
    by_name: BTreeMap<String, Standing>,
    /// Packages that `Cargo.lock` has from a registry too, in the same version.
    locked: BTreeSet<String>,
}

/// What becomes of a package in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// It is packed with the others, which find it there.
    Together,
    /// It is packed alone: its namesake in `Cargo.lock` has other bytes, and cargo refuses both in one call.
    Alone,
    /// It stays as it was published.
    Left,
}

/// Asks what the registry has.
pub(crate) struct Ask<'a> {
    pub(crate) cargo: &'a Cargo<'a>,
    /// The registry that the policy names.
    pub(crate) registry: Option<&'a str>,
    /// The commit that is released.
    pub(crate) commit: &'a str,
    /// Its lockfile.
    pub(crate) lock: &'a Lock,
    pub(crate) dry_run: bool,
    pub(crate) say: &'a dyn Fn(&str, &str),
}

impl Ask<'_> {
    /// How each of the packages stands.
    ///
    /// # Errors
    /// A package cannot be packed; the registry cannot be asked, and the packages would be published there.
    pub(crate) fn all(&self, packages: &[&Package]) -> Result<Standings> {
        let mut by_name = BTreeMap::new();
        for package in packages {
            let shown = format!("{} {}", package.name, package.version);
            let standing = match self.one(package) {
                Err(Stop::Failed(error)) if self.dry_run && error.kind != ErrorKind::Interrupted => {
                    let first = error.message.lines().next().unwrap_or_default();
                    (self.say)("Noting", &format!("that what is published is not known: {first}"));
                    break;
                }
                standing => standing?,
            };
            match &standing {
                Standing::New => {}
                Standing::Same => (self.say)("Leaving", &format!("{shown}, which is published with the same files")),
                Standing::Other(file) if self.dry_run => {
                    let note =
                        format!("that {shown} is published with another `{file}`: to publish this, raise the version");
                    (self.say)("Noting", &note);
                }
                Standing::Other(file) => {
                    (self.say)("Leaving", &format!("{shown}, which is published with another `{file}`"));
                }
            }
            by_name.insert(package.name.clone(), standing);
        }
        let twice = |package: &&&Package| {
            let mut named = self.lock.named(&package.name).iter();
            named.any(|locked| locked.version == package.version && locked.checksum().is_some())
        };
        let locked = packages.iter().filter(twice);
        let locked = locked.map(|package| package.name.clone()).collect();
        Ok(Standings { by_name, locked })
    }

    fn one(&self, package: &Package) -> Result<Standing> {
        let registry = registry_of(package, self.registry);
        match downloaded(self.cargo, &package.name, &package.version, registry)? {
            None => Ok(Standing::New),
            Some(there) => Ok(compared(&packed(self.cargo, package, registry)?, &there, self.commit)),
        }
    }
}

impl Standings {
    /// What becomes of a package. A dry run packs what has changed since it was published: its version may still be raised.
    pub(crate) fn packing(&self, name: &str, dry_run: bool) -> Packing {
        match self.by_name.get(name) {
            None | Some(Standing::New) => Packing::Together,
            Some(Standing::Other(_)) if dry_run && self.locked.contains(name) => Packing::Alone,
            Some(Standing::Other(_)) if dry_run => Packing::Together,
            Some(_) => Packing::Left,
        }
    }

    /// Packages that were published with other files than this commit has, with the first such file.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.iter().filter_map(|(name, standing)| match standing {
            Standing::Other(file) => Some((name.as_str(), file.as_str())),
            _ => None,
        })
    }

    /// Why nothing may be published: users would get other code with a released package than what was judged.
    pub(crate) fn reasons(&self, packages: &[&Package], named: &str) -> Vec<Reason> {
        let by_name: BTreeMap<&str, &Package> = packages
            .iter()
            .map(|package| (package.name.as_str(), *package))
            .collect();
        let version = |name: &str| {
            by_name
                .get(name)
                .map_or_else(String::new, |package| package.version.to_string())
        };
        let needed = self.needed(&by_name);
        let mut reasons = Vec::new();
        for (name, file) in self.changed() {
            let help = format!("raise the version of `{name}`");
            let has = format!("the registry has {name} {} with another `{file}`", version(name));
            if name == named {
                reasons.push(Reason::new(
                    format!("{has}, and it is what the release is named after"),
                    help,
                ));
            } else if let Some(by) = needed.get(name) {
                let whom = format!("`{by}` would be published without what it was judged with");
                reasons.push(Reason::new(format!("{has}: {whom}"), help));
            }
        }
        reasons
    }

    /// What the new packages need of the workspace, with one that needs it.
    fn needed<'p>(&self, by_name: &BTreeMap<&'p str, &'p Package>) -> BTreeMap<&'p str, &'p str> {
        let mut needed = BTreeMap::new();
        let is_new = |name: &&str| self.by_name.get(*name) == Some(&Standing::New);
        for new in by_name.keys().copied().filter(is_new) {
            let mut waiting = vec![new];
            while let Some(package) = waiting.pop().and_then(|name| by_name.get(name)) {
                for dependency in &package.dependencies {
                    let counts = dependency.path.is_some() && dependency.kind.as_deref() != Some("dev");
                    let known = by_name.get_key_value(dependency.name.as_str());
                    if let Some((name, _)) = known.filter(|_| counts)
                        && !needed.contains_key(name)
                    {
                        needed.insert(*name, new);
                        waiting.push(name);
                    }
                }
            }
        }
        needed
    }
}

/// The files of a package as this commit makes it, by path. Without a lockfile, cargo asks no registry for it.
fn packed(cargo: &Cargo<'_>, package: &Package, registry: Option<&str>) -> Result<BTreeMap<String, Vec<u8>>> {
    let target = cargo.checkout.base.join("compared");
    let mut arguments: Vec<OsString> = ["package", "--no-verify", "--exclude-lockfile", "--package"]
        .map(OsString::from)
        .to_vec();
    arguments.push(package.name.clone().into());
    if let Some(registry) = registry {
        arguments.extend(["--registry".into(), registry.into()]);
    }
    arguments.extend(["--target-dir".into(), target.clone().into()]);
    cargo.run(&format!("`cargo package` of `{}`", package.name), &arguments)?;
    let name = package_archive(&package.name, &package.version);
    let bytes = read(&target.join("package").join(&name))?;
    let files = unpack_package(&package.name, &package.version, &bytes)
        .ok_or_else(|| Error::tool(format!("cannot read `{name}`, which cargo has just made")))?;
    Ok(files)
}

/// Compares the files of this commit with those that were published.
fn compared(ours: &BTreeMap<String, Vec<u8>>, there: &BTreeMap<String, Vec<u8>>, commit: &str) -> Standing {
    let paths: BTreeSet<&String> = ours.keys().chain(there.keys()).collect();
    for path in paths {
        if BESIDES.contains(&path.as_str()) {
            continue;
        }
        let same = match (ours.get(path), there.get(path)) {
            (Some(our), Some(their)) if path == MANIFEST => {
                our == their || same_manifest(our, their, ours.get(WRITTEN) == there.get(WRITTEN))
            }
            (our, their) => our == their,
        };
        if !same {
            return Standing::Other(path.clone());
        }
    }
    let from = there
        .get(COMMIT)
        .and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let is_this = from.is_some_and(|from| from["git"]["sha1"] == commit);
    if is_this { Standing::New } else { Standing::Same }
}

/// Whether two resolved manifests say the same to those who depend on the package. Where its authors wrote the same, only what is
/// inherited from the workspace can differ, and versions of cargo differ in how much they write out.
fn same_manifest(our: &[u8], their: &[u8], written_same: bool) -> bool {
    let parsed = |bytes: &[u8]| {
        let mut table: toml::Table = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
        without_tests(&mut table);
        for target in table.get_mut("target").and_then(toml::Value::as_table_mut).into_iter() {
            for (_, target) in target.iter_mut() {
                target.as_table_mut().map(without_tests);
            }
            target.retain(|_, target| target.as_table().is_none_or(|target| !target.is_empty()));
        }
        if written_same {
            table.retain(|key, _| ["package", "dependencies", "build-dependencies", "target"].contains(&key));
            if let Some(package) = table.get_mut("package").and_then(toml::Value::as_table_mut) {
                package.retain(|key, _| !WRITTEN_OUT.contains(&key));
            }
        }
        table.retain(|_, value| value.as_table().is_none_or(|value| !value.is_empty()));
        Some(table)
    };
    matches!((parsed(our), parsed(their)), (Some(our), Some(their)) if our == their)
}

/// Leaves out what only the package's own tests and lints read.
fn without_tests(table: &mut toml::Table) {
    for key in ["dev-dependencies", "lints"] {
        table.remove(key);
    }
}
