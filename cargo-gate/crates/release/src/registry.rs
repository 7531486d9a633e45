//! What a registry has: asked through cargo, which knows every kind of registry and how to sign in.

use std::ffi::OsString;

use gate_base::atomic;
use gate_base::error::Error;
use gate_world::cargo::lock::Lock;
use semver::Version;

use crate::cargo::Cargo;
use crate::files::{emptied, read};
use crate::stop::Result;

/// What cargo says where there is no such version.
const ABSENT: [&str; 3] = [
    "no matching package",
    "failed to select a version",
    "could not be found in registry",
];

/// SHA-256 of a package's archive as the registry has it; `None` when it does not have this version. A package that needs
/// exactly this version is resolved, and its lockfile has the answer.
///
/// # Errors
/// The registry cannot be asked.
pub(crate) fn checksum(
    cargo: &Cargo<'_>,
    name: &str,
    version: &Version,
    registry: Option<&str>,
) -> Result<Option<String>> {
    let directory = cargo.checkout.base.join("asked");
    emptied(&directory)?;
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
    if !ended.success {
        let said = ended.messages.join("\n");
        if ABSENT.iter().any(|words| said.contains(words)) {
            return Ok(None);
        }
        return Err(Error::tool(format!("cannot ask the registry for `{name}`:\n{said}"))
            .with_help("pass `--resume` once the registry answers")
            .into());
    }
    let lock = Lock::parse(&read(&directory.join("Cargo.lock"))?)
        .map_err(|error| Error::tool(format!("cannot read what cargo says of `{name}`: {error}")))?;
    let found = lock.named(name).iter().find(|package| package.version == *version);
    Ok(found.and_then(|package| package.checksum()).map(str::to_owned))
}
