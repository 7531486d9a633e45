//! The command lines of one compilation by rustc.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::TARGET;
use super::sources::lock_file;
use crate::arch::Arch;
use crate::compiler::Asked;
use crate::sorted::Append as _;
use crate::unit::Unit;

/// One unit for one architecture.
pub(super) struct Job<'a> {
    pub unit: &'a Unit,
    pub arch: Arch,
    pub asked: &'a Asked,
    /// An empty folder for its files.
    pub scratch: &'a Path,
}

impl Job<'_> {
    /// For rustc: one file, the root of a crate without dependencies.
    pub(super) fn of_file(&self, flags: Vec<OsString>, source: PathBuf, output: &OsStr) -> Vec<OsString> {
        let mut arguments = flags;
        arguments.append_all(
            [
                "--crate-name=kernels",
                "--crate-type=staticlib",
                "--edition=2024",
                "--color=never",
                "--target",
                TARGET,
                "-Clto=fat",
                "-Cpanic=abort",
                "-Ccodegen-units=1",
                "-Cmetadata=gate",
            ]
            .map(OsString::from),
        );
        arguments.push(format!("-Copt-level={}", level(self.asked)).into());
        arguments.push(emit("dep-info", &self.dependency_file()));
        arguments.push(emit("link", &self.scratch.join("out.a")));
        arguments.push(output.to_owned());
        // Objects that rustc deletes again would lie in the current folder otherwise, which other compilations use.
        arguments.append_all(["--out-dir".into(), self.scratch.into(), source.into()]);
        arguments
    }

    /// For cargo: a crate with a manifest.
    pub(super) fn of_package(&self, output: &OsStr) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        arguments.append_all(
            [
                "rustc",
                "--lib",
                "--release",
                "--crate-type=staticlib",
                "--color=never",
                "--target",
                TARGET,
            ]
            .map(OsString::from),
        );
        let debug = if self.asked.line_info {
            "\"line-directives-only\""
        } else {
            "false"
        };
        for setting in [
            "lto=\"fat\"",
            "panic=\"abort\"",
            "codegen-units=1",
            "strip=\"none\"",
            &format!("opt-level={}", level(self.asked)),
            &format!("debug={debug}"),
        ] {
            arguments.append_all(["--config".into(), format!("profile.release.{setting}").into()]);
        }
        if lock_file(&self.unit.path).is_some() {
            arguments.push("--locked".into());
        }
        arguments.append_all(["--target-dir".into(), self.target().into()]);
        arguments.append_all(["--".into(), output.to_owned()]);
        arguments
    }

    fn target(&self) -> PathBuf {
        self.scratch.join("target")
    }

    /// What rustc lists the files in that it read.
    pub(super) fn dependency_file(&self) -> PathBuf {
        self.scratch.join("out.d")
    }

    /// What cargo lists them in: `libname.d` beside `libname.a`.
    pub(super) fn dependency_file_of_package(&self) -> Option<PathBuf> {
        let listed = fs::read_dir(self.target().join(TARGET).join("release")).ok()?;
        listed
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension() == Some(OsStr::new("d")))
            .min()
    }
}

/// rustc's level. At its level 0 nothing that is not used goes: all of `core` would be in the PTX, and ptxas refuses it.
fn level(asked: &Asked) -> u8 {
    asked.level.number().max(1)
}

/// The flag that has rustc write an output of this kind to a file.
pub(super) fn emit(kind: &str, file: &Path) -> OsString {
    let mut argument = OsString::from(format!("--emit={kind}="));
    argument.push(file);
    argument
}
