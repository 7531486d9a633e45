//! What a registry has: asked through cargo, which knows every kind of registry and how to sign in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gate_base::atomic;
use gate_base::digest::sha256_hex;
use gate_base::error::Error;
use gate_world::cargo::lock::Lock;
use semver::Version;

use crate::archive::unpack_package;
use crate::cargo::{Cargo, Package};
use crate::files::{emptied, names, read};
use crate::layout::package_archive;
use crate::stop::{Result, Stop};

/// What cargo says where there is no such version.
const ABSENT: [&str; 3] = [
    "no matching package",
    "failed to select a version",
    "could not be found in registry",
];

/// What cargo says of an archive that is not what the index says.
const MISMATCH: &str = "failed to verify the checksum";

/// The registry of a package: that of the policy, or the only one it may be published to.
pub(crate) fn registry_of<'r>(package: &'r Package, declared: Option<&'r str>) -> Option<&'r str> {
    declared.or(match package.publish.as_deref() {
        Some([only]) if only != "crates-io" => Some(only),
        _ => None,
    })
}

/// SHA-256 of a package's archive as the registry has it; `None` when it does not have this version.
///
/// # Errors
/// The registry cannot be asked.
pub(crate) fn checksum(
    cargo: &Cargo<'_>,
    name: &str,
    version: &Version,
    registry: Option<&str>,
) -> Result<Option<String>> {
    let directory = asked(cargo);
    if !resolved(cargo, name, version, registry, &directory)? {
        return Ok(None);
    }
    let lock = Lock::parse(&read(&directory.join("Cargo.lock"))?)
        .map_err(|error| Error::tool(format!("cannot read what cargo says of `{name}`: {error}")))?;
    let found = lock.named(name).iter().find(|package| package.version == *version);
    Ok(found.and_then(|package| package.checksum()).map(str::to_owned))
}

/// The files of a package by path, as the registry has them; `None` when it does not have this version.
///
/// # Errors
/// The registry cannot be asked, or what it sends is not what its index says.
pub(crate) fn downloaded(
    cargo: &Cargo<'_>,
    name: &str,
    version: &Version,
    registry: Option<&str>,
) -> Result<Option<BTreeMap<String, Vec<u8>>>> {
    let Some(sum) = checksum(cargo, name, version, registry)? else {
        return Ok(None);
    };
    let mut arguments: Vec<OsString> = ["fetch", "--locked", "--manifest-path"].map(OsString::from).to_vec();
    arguments.push(asked(cargo).join("Cargo.toml").into());
    let ended = cargo.ask(&arguments, &cargo.checkout.root.clone())?;
    if !ended.success {
        let said = ended.messages.join("\n");
        if said.contains(MISMATCH) {
            return Err(Stop::refused(
                format!("the registry has {name} {version} with other contents than its index says"),
                "raise the version; a published version cannot be replaced",
            ));
        }
        return Err(unreachable(name, &said).into());
    }
    let archive = package_archive(name, version);
    let bytes = kept(cargo, &archive, &sum)?;
    let files = unpack_package(name, version, &bytes)
        .ok_or_else(|| Error::tool(format!("cannot read `{archive}`, which cargo has just downloaded")))?;
    Ok(Some(files))
}

/// The bytes of an archive in the directory where cargo keeps its downloads
/// (<https://doc.rust-lang.org/cargo/guide/cargo-home.html>), one directory for each registry. `cargo metadata` says nothing of a
/// dependency without a library, so it cannot be asked where the package is.
fn kept(cargo: &Cargo<'_>, archive: &str, sum: &str) -> Result<Vec<u8>> {
    let home = cargo.workspace.environment().cargo_home(&cargo.checkout.root);
    let home =
        home.ok_or_else(|| Error::tool("cannot tell where cargo keeps its downloads").with_help("set CARGO_HOME"))?;
    let cache = home.join("registry").join("cache");
    for registry in names(&cache)? {
        let file = cache.join(registry).join(archive);
        if file.is_file() {
            let bytes = read(&file)?;
            if sha256_hex(&bytes) == sum {
                return Ok(bytes);
            }
        }
    }
    let missing = format!(
        "cargo has fetched `{archive}`, but {} has none with SHA-256 {sum}",
        cache.display()
    );
    Err(Error::tool(missing)
        .with_help("a release asks the registry itself: configure no other source for its packages")
        .into())
}

/// The package that is made to ask for another.
fn asked(cargo: &Cargo<'_>) -> PathBuf {
    cargo.checkout.base.join("asked")
}

/// Makes a package that needs exactly this version, and has cargo resolve it: its lockfile has the answer, in any kind of registry.
/// Returns whether there is such a version.
fn resolved(
    cargo: &Cargo<'_>,
    name: &str,
    version: &Version,
    registry: Option<&str>,
    directory: &Path,
) -> Result<bool> {
    emptied(directory)?;
    let registry = registry.map_or_else(String::new, |name| format!(", registry = {}", toml::Value::from(name)));
    let manifest = format!(
        "[package]\nname = \"asked\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\nwanted = {{ package = \"{name}\", version = \"={version}\"{registry} }}\n\n[workspace]\n"
    );
    atomic::write_unsynced(&directory.join("Cargo.toml"), manifest.as_bytes())?;
    atomic::write_unsynced(&directory.join("lib.rs"), b"")?;
    let arguments: [OsString; 3] = [
        "generate-lockfile".into(),
        "--manifest-path".into(),
        directory.join("Cargo.toml").into(),
    ];
    // In the workspace, whose configuration declares registries.
    let ended = cargo.ask(&arguments, &cargo.checkout.root.clone())?;
    if ended.success {
        return Ok(true);
    }
    let said = ended.messages.join("\n");
    if ABSENT.iter().any(|words| said.contains(words)) {
        return Ok(false);
    }
    Err(unreachable(name, &said).into())
}

fn unreachable(name: &str, said: &str) -> Error {
    Error::tool(format!("cannot ask the registry for `{name}`:\n{said}"))
        .with_help("pass `--resume` once the registry answers")
}
