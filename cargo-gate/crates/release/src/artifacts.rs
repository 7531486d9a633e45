//! What one build makes: packages, archives of programs, archives of declared files.

use std::ffi::OsString;
use std::path::Path;

use gate_base::error::Error;
use gate_policy::ReleasePolicy;
use gate_world::Workspace;
use gate_world::cargo::Member;
use gate_world::files::FileKind;
use globset::Glob;

use crate::archive::{Contents, Format, Packed, pack};
use crate::cargo::Cargo;
use crate::files::{emptied, read};
use crate::layout::package_archive;
use crate::named::{Named, binaries, released};
use crate::published::{Packing, Standings};
use crate::remap::remap;
use crate::stop::{Result, Stop};
use crate::target::mismatch;

/// Documents that an archive of programs has with it: names that begin with one of these, in upper case.
const DOCUMENTS: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "README", "CHANGELOG"];

/// Makes the artifacts of a workspace.
pub(crate) struct Builder<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) policy: &'a ReleasePolicy,
    pub(crate) named: &'a Named,
    pub(crate) cargo: Cargo<'a>,
    pub(crate) standings: &'a Standings,
    pub(crate) dry_run: bool,
}

impl Builder<'_> {
    /// Makes all of them. Packages are compiled from their archives where `verify` is set.
    pub(crate) fn build(&self, verify: bool) -> Result<()> {
        emptied(&self.cargo.checkout.out)?;
        self.packages(verify)?;
        for triple in self.targets()? {
            self.programs(&triple)?;
        }
        self.files()
    }

    /// The triples that programs are built for.
    fn targets(&self) -> Result<Vec<String>> {
        if !self.policy.targets.is_empty() {
            return Ok(self.policy.targets.clone());
        }
        match &self.workspace.toolchain().rustc {
            Ok(rustc) => Ok(vec![rustc.host.clone()]),
            Err(message) => Err(Error::tool(format!("cannot run rustc: {message}"))
                .with_help("`cargo gate doctor`")
                .into()),
        }
    }

    fn packages(&self, verify: bool) -> Result<()> {
        let members = || {
            released(self.workspace.cargo())
                .into_iter()
                .filter(|member| member.publish)
        };
        let packed = |packing: Packing| -> Vec<&Member> {
            let is = |member: &&Member| self.standings.packing(&member.name, self.dry_run) == packing;
            members().filter(is).collect()
        };
        let together = packed(Packing::Together);
        if !together.is_empty() {
            self.package("`cargo package`", &together, verify)?;
        }
        for member in packed(Packing::Alone) {
            self.package(&format!("`cargo package` of `{}`", member.name), &[member], verify)?;
        }
        Ok(())
    }

    /// Packs members in one call, in which each finds the others.
    fn package(&self, what: &str, members: &[&Member], verify: bool) -> Result<()> {
        let mut arguments: Vec<OsString> = vec!["package".into(), "--locked".into()];
        for member in members {
            arguments.extend(["--package".into(), member.name.clone().into()]);
        }
        if !verify {
            arguments.push("--no-verify".into());
        }
        if let Some(registry) = &self.policy.registry {
            arguments.extend(["--registry".into(), registry.into()]);
        }
        self.add_target_dir(&mut arguments);
        self.cargo.run(what, &arguments)?;
        for member in members {
            let name = package_archive(&member.name, &member.version);
            let bytes = read(&self.cargo.checkout.target.join("package").join(&name))?;
            self.keep(&name, &bytes)?;
        }
        Ok(())
    }

    fn add_target_dir(&self, arguments: &mut Vec<OsString>) {
        arguments.extend(["--target-dir".into(), self.cargo.checkout.target.clone().into()]);
    }

    fn programs(&self, triple: &str) -> Result<()> {
        let wanted = |name: &str| match &self.policy.binaries {
            Some(names) => names.iter().any(|wanted| wanted == name),
            None => true,
        };
        let members = released(self.workspace.cargo());
        if let Some(names) = &self.policy.binaries {
            let all: Vec<&str> = members.iter().flat_map(|member| binaries(member)).collect();
            if let Some(unknown) = names.iter().find(|name| !all.contains(&name.as_str())) {
                return Err(Error::usage(format!("no released package has a binary `{unknown}`"))
                    .with_help("correct `binaries` under `[release]` in gate.toml")
                    .into());
            }
        }
        let profile = self.policy.profile.as_deref().unwrap_or("release");
        let directory = self.cargo.checkout.target.join(triple).join(match profile {
            "dev" | "test" => "debug",
            "bench" => "release",
            other => other,
        });
        let (suffix, format) = (
            if triple.contains("windows") { ".exe" } else { "" },
            Format::of_target(triple),
        );
        for member in members {
            let names: Vec<&str> = binaries(member).filter(|name| wanted(name)).collect();
            if names.is_empty() {
                continue;
            }
            let extra = remap(self.workspace, &self.cargo.checkout.base, triple);
            let fixed = [
                "build",
                "--locked",
                "--profile",
                profile,
                "--target",
                triple,
                "--package",
                &member.name,
            ];
            let mut arguments: Vec<OsString> = fixed.map(OsString::from).to_vec();
            for name in &names {
                arguments.extend(["--bin".into(), name.into()]);
            }
            arguments.extend(extra.arguments);
            self.add_target_dir(&mut arguments);
            let cargo = Cargo {
                variables: [self.cargo.variables.clone(), extra.variables].concat(),
                ..self.cargo
            };
            cargo.run(&format!("`cargo build` of `{}` for {triple}", member.name), &arguments)?;
            let stem = format!("{}-{}-{triple}", member.name, member.version);
            let mut contents = Contents::new();
            for name in names {
                let file = format!("{name}{suffix}");
                let bytes = read(&directory.join(&file))?;
                if let Some(difference) = mismatch(triple, &bytes) {
                    return Err(Stop::refused(
                        format!("`{file}` is not a program for {triple}: {difference}"),
                        "correct the linker, the wrapper or the build script that replaced it",
                    ));
                }
                let executable = true;
                contents.insert(format!("{stem}/{file}"), Packed { bytes, executable });
            }
            self.add_documents(member, &stem, &mut contents)?;
            self.pack(&format!("{stem}.{}", format.extension()), format, &contents)?;
        }
        Ok(())
    }

    /// Documents of the package, and those of the workspace where the package has none of the name.
    fn add_documents(&self, member: &Member, stem: &str, contents: &mut Contents) -> Result<()> {
        let root = &self.cargo.checkout.root;
        for directory in [root.join(&member.directory), root.clone()] {
            for name in crate::files::names(&directory)? {
                let upper = name.to_ascii_uppercase();
                let path = format!("{stem}/{name}");
                let wanted = DOCUMENTS.iter().any(|document| upper.starts_with(document));
                if wanted && !name.ends_with('/') && !contents.contains_key(&path) {
                    let bytes = read(&directory.join(&name))?;
                    let executable = false;
                    contents.insert(path, Packed { bytes, executable });
                }
            }
        }
        Ok(())
    }

    /// Archives of tracked files.
    fn files(&self) -> Result<()> {
        for archive in &self.policy.archives {
            let stem = format!("{}-{}", archive.name, self.named.version);
            let mut contents = Contents::new();
            for pattern in &archive.files {
                let glob = Glob::new(pattern)
                    .map_err(|error| Error::usage(format!("`{pattern}` is not a glob: {error}")))?
                    .compile_matcher();
                let tracked =
                    self.workspace.files().iter().filter(|file| {
                        file.tracked && matches!(file.kind, FileKind::Regular) && glob.is_match(&file.path)
                    });
                let mut any = false;
                for file in tracked {
                    any = true;
                    let bytes = read(&self.cargo.checkout.root.join(&file.native))?;
                    let executable = false;
                    contents.insert(format!("{stem}/{}", file.path), Packed { bytes, executable });
                }
                if !any {
                    let line = archive.location.line.unwrap_or_default();
                    return Err(Stop::refused(
                        format!(
                            "{}:{line}: no tracked file matches `{pattern}` of the archive `{}`",
                            archive.location.path, archive.name
                        ),
                        "correct `files`, or add the files to git",
                    ));
                }
            }
            self.pack(&format!("{stem}.tar.gz"), Format::TarGz, &contents)?;
        }
        Ok(())
    }

    fn pack(&self, name: &str, format: Format, contents: &Contents) -> Result<()> {
        self.keep(name, &pack(format, contents, self.cargo.epoch)?)
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.cargo.checkout.out.join(name);
        if path.exists() {
            return Err(
                Error::usage(format!("two artifacts of the release have the name `{name}`"))
                    .with_help("rename an archive under `[[release.archive]]`")
                    .into(),
            );
        }
        write(&path, bytes)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(gate_base::atomic::write_unsynced(path, bytes)?)
}
