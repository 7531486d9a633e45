//! Publishing packages in order, each once, whatever happens in between.

use std::ffi::OsString;

use gate_base::error::Error;

use crate::cargo::{Cargo, Package};
use crate::files::Recorded;
use crate::journal::Journal;
use crate::layout::package_archive;
use crate::registry::{checksum, registry_of};
use crate::stop::{Result, Stop};

/// What is published from where to where.
pub(crate) struct Publisher<'a> {
    pub(crate) cargo: Cargo<'a>,
    /// Packages, dependencies first.
    pub(crate) packages: Vec<&'a Package>,
    /// Their archives.
    pub(crate) archives: &'a [Recorded],
    /// The registry that the policy names.
    pub(crate) registry: Option<&'a str>,
    pub(crate) say: &'a dyn Fn(&str, &str),
}

impl Publisher<'_> {
    /// Publishes what the registry does not have. A version that it has must be the same bytes.
    pub(crate) fn publish(&self, journal: &mut Journal) -> Result<()> {
        for package in &self.packages {
            let shown = format!("{} {}", package.name, package.version);
            if journal.published().contains_key(&package.name) {
                (self.say)("Kept", &format!("{shown}, which is published"));
                continue;
            }
            let name = package_archive(&package.name, &package.version);
            let archive = self
                .archives
                .iter()
                .find(|file| file.path == name)
                .ok_or_else(|| Error::tool(format!("the receipt does not list `{name}`")))?;
            let registry = registry_of(package, self.registry);
            let has = || checksum(&self.cargo, &package.name, &package.version, registry);
            // A release that was killed between upload and journal.
            match has()? {
                Some(there) if there == archive.sha256 => {
                    (self.say)("Found", &format!("{shown} in the registry"));
                }
                Some(there) => return Err(other_bytes(&shown, &there, archive)),
                None => {
                    (self.say)("Publishing", &shown);
                    self.upload(package, registry)?;
                    match has()? {
                        Some(there) if there == archive.sha256 => {}
                        Some(there) => return Err(other_bytes(&shown, &there, archive)),
                        None => {
                            return Err(Error::tool(format!("the registry does not show {shown} yet"))
                                .with_help("pass `--resume` in some minutes")
                                .into());
                        }
                    }
                }
            }
            journal.publish(&package.name, &archive.sha256)?;
        }
        Ok(())
    }

    fn upload(&self, package: &Package, registry: Option<&str>) -> Result<()> {
        let mut arguments: Vec<OsString> = ["publish", "--locked", "--no-verify", "--package"]
            .map(OsString::from)
            .to_vec();
        arguments.push(package.name.clone().into());
        if let Some(registry) = registry {
            arguments.extend(["--registry".into(), registry.into()]);
        }
        arguments.extend(["--target-dir".into(), self.cargo.checkout.target.clone().into()]);
        self.cargo
            .run(&format!("`cargo publish` of `{}`", package.name), &arguments)
            .map(drop)
    }
}

fn other_bytes(shown: &str, there: &str, archive: &Recorded) -> Stop {
    Stop::refused(
        format!(
            "the registry has {shown} with other contents: SHA-256 {there}, not {}",
            archive.sha256
        ),
        "raise the version; a published version cannot be replaced",
    )
}
