//! A rustc that compiles units.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::canonical::canonical;
use super::find::{Core, core_of, sysroot};
use super::libdevice::Libdevice;
use super::{TARGET, core_library};
use crate::arch::Arch;
use crate::compiler::{Asked, Compiled, Compiler, CompilerIdentity, CompilerKind, Setting, ptx_of};
use crate::deps;
use crate::diagnostic::{Diagnostic, Id, Place};
use crate::digest::Fields;
use crate::env::{Disk, Env};
use crate::index::Index;
use crate::process::{Finished, Invocation};
use crate::store;
use crate::unit::Unit;

/// rustc, and the cargo that belongs to it.
pub(crate) struct Programs<'a> {
    rustc: PathBuf,
    /// What `rustc -vV` prints.
    pub version: String,
    /// The environment of this build without what cargo tells its build script.
    env: Env,
    setting: &'a Setting,
}

/// A rustc that can compile for the target.
pub(crate) struct Rustc<'a> {
    programs: Programs<'a>,
    identity: CompilerIdentity,
    core: Core,
    libdevice: Option<Libdevice>,
    /// The sysroot to be named, where it is not rustc's own; built at the first compilation.
    sysroot: OnceLock<Result<Option<PathBuf>, Diagnostic>>,
}

impl<'a> Rustc<'a> {
    /// Asks the program for its version.
    ///
    /// # Errors
    /// It does not answer like a rustc, or has no `core` for the target.
    pub(crate) fn open(program: &Path, setting: &'a Setting, index: &Index) -> Result<Self, Diagnostic> {
        let shown = program.display();
        let Some(core) = core_of(&setting.env, program) else {
            return Err(
                Diagnostic::error(Id::CoreLibrary, format!("`{shown}` has no `core` for {TARGET}")).help(
                    "`rustup target add nvptx64-nvidia-cuda`, or `rustup component add rust-src` to have it built",
                ),
            );
        };
        let env = own_environment(&setting.env, &[]);
        let mut problem = None;
        let version = index.fact("rustc", program, || {
            version_of(program, &env, setting)
                .map_err(|error| problem = Some(error))
                .ok()
        });
        let Some(version) = version else {
            return Err(
                problem.unwrap_or_else(|| Diagnostic::error(Id::CompilerUnusable, format!("`{shown}` cannot be read")))
            );
        };
        let libdevice = Libdevice::find(&setting.env, program, &version);
        let mut fields = Fields::new("rustc-2");
        fields.add("version", &version);
        match &core {
            Core::Installed(file) => fields.add("core", file.file_name().unwrap_or_default().as_encoded_bytes()),
            Core::Sources(_) => fields.add("core", "built from the sources of this version"),
        };
        if let Some(libdevice) = &libdevice {
            fields.add("libdevice", libdevice.identity(index));
        }
        Ok(Self {
            identity: CompilerIdentity {
                kind: CompilerKind::Rustc,
                version: field(&version, "release").unwrap_or("unknown").to_owned(),
                digest: fields.finish(),
            },
            programs: Programs {
                rustc: program.to_path_buf(),
                version,
                env,
                setting,
            },
            core,
            libdevice,
            sysroot: OnceLock::new(),
        })
    }

    fn sysroot(&self, scratch: &Path) -> Result<Option<PathBuf>, Diagnostic> {
        let ready = self.sysroot.get_or_init(|| match &self.core {
            Core::Installed(_) => Ok(None),
            Core::Sources(sources) => {
                let cache = store::folder(&self.programs.setting.env);
                // Without a cache it serves this build alone.
                let cache = cache.unwrap_or_else(|| scratch.parent().unwrap_or(scratch).to_path_buf());
                core_library::sysroot(&self.programs, sources, &cache).map(Some)
            }
        });
        ready.clone()
    }

    /// What every compilation of a unit is given.
    fn flags(&self, unit: &Unit, arch: Arch, asked: &Asked, scratch: &Path) -> Result<Vec<OsString>, Diagnostic> {
        let mut flags: Vec<OsString> = Vec::new();
        if let Some(sysroot) = self.sysroot(scratch)? {
            flags.extend(["--sysroot".into(), sysroot.into()]);
        }
        flags.extend(["-C".into(), format!("target-cpu={arch}").into()]);
        if asked.line_info {
            // Its files are named as they lie here, as compilers of CUDA sources do; nothing else names any.
            flags.push("-Cdebuginfo=line-directives-only".into());
        } else {
            flags.push(remap(&unit.crate_root, "."));
        }
        if let Some(sysroot) = sysroot(&self.programs.rustc) {
            flags.push(remap(
                &sysroot.join("lib").join("rustlib").join("src").join("rust"),
                "/rustc",
            ));
        }
        Ok(flags)
    }

    /// Compiles with `--emit=<kind>=<output>` beside the library.
    fn emit(
        &self,
        unit: &Unit,
        arch: Arch,
        asked: &Asked,
        scratch: &Path,
        emit: &OsStr,
    ) -> Result<(Finished, PathBuf), Diagnostic> {
        if unit.path.is_file() {
            self.file(unit, arch, asked, scratch, emit)
        } else {
            self.package(unit, arch, asked, scratch, emit)
        }
    }

    /// One file, the root of a crate without dependencies.
    fn file(
        &self,
        unit: &Unit,
        arch: Arch,
        asked: &Asked,
        scratch: &Path,
        emit: &OsStr,
    ) -> Result<(Finished, PathBuf), Diagnostic> {
        let dependency_file = scratch.join("out.d");
        let mut arguments = self.flags(unit, arch, asked, scratch)?;
        for argument in [
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
        ] {
            arguments.push(argument.into());
        }
        arguments.push(format!("-Copt-level={}", level(asked)).into());
        for (kind, file) in [("dep-info", &dependency_file), ("link", &scratch.join("out.a"))] {
            let mut argument = OsString::from(format!("--emit={kind}="));
            argument.push(file);
            arguments.push(argument);
        }
        arguments.push(emit.to_owned());
        // Objects that rustc deletes again would lie in the current folder otherwise, which other compilations use.
        arguments.extend(["--out-dir".into(), scratch.into()]);
        arguments.push(self.programs.setting.source(unit).into());
        let finished = self
            .programs
            .run(&self.programs.rustc, arguments, &unit.crate_root, &self.programs.env)?;
        Ok((finished, dependency_file))
    }

    /// A crate with a manifest, by cargo.
    fn package(
        &self,
        unit: &Unit,
        arch: Arch,
        asked: &Asked,
        scratch: &Path,
        emit: &OsStr,
    ) -> Result<(Finished, PathBuf), Diagnostic> {
        let target = scratch.join("target");
        let mut arguments: Vec<OsString> = Vec::new();
        for argument in [
            "rustc",
            "--lib",
            "--release",
            "--crate-type=staticlib",
            "--color=never",
            "--target",
            TARGET,
        ] {
            arguments.push(argument.into());
        }
        for setting in ["lto=\"fat\"", "panic=\"abort\"", "codegen-units=1", "strip=\"none\""] {
            arguments.extend(["--config".into(), format!("profile.release.{setting}").into()]);
        }
        let debug = if asked.line_info {
            "\"line-directives-only\""
        } else {
            "false"
        };
        for setting in [format!("opt-level={}", level(asked)), format!("debug={debug}")] {
            arguments.extend(["--config".into(), format!("profile.release.{setting}").into()]);
        }
        if lock_file(&unit.path).is_some() {
            arguments.push("--locked".into());
        }
        arguments.extend(["--target-dir".into(), target.clone().into()]);
        arguments.extend(["--".into(), emit.to_owned()]);
        let flags = self.flags(unit, arch, asked, scratch)?;
        let finished = self.programs.cargo(arguments, &unit.path, &flags)?;
        // `libname.d` lies beside `libname.a`.
        let folder = target.join(TARGET).join("release");
        let listed = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let file = listed.filter(|path| path.extension() == Some(OsStr::new("d"))).min();
        Ok((finished, file.unwrap_or_default()))
    }

    fn dependencies(&self, unit: &Unit, dependency_file: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
        let listed = fs::read_to_string(dependency_file)
            .ok()
            .and_then(|text| deps::parse_make(&text))
            .ok_or_else(|| Diagnostic::error(Id::CompilerOutput, "rustc wrote no dependency file"))?;
        let mut files: Vec<PathBuf> = listed.into_iter().map(PathBuf::from).collect();
        if unit.path.is_dir() {
            files.push(unit.path.join("Cargo.toml"));
            files.extend(lock_file(&unit.path));
        }
        Ok(self.programs.setting.absolute(files))
    }

    fn refusal(&self, arch: Arch, text: &str) -> Diagnostic {
        let version = &self.identity.version;
        let is_arch = text.contains("is not a recognized processor") || text.contains("unknown target CPU");
        let id = if is_arch {
            Id::ArchUnsupported
        } else {
            Id::SourceRefused
        };
        let mut refusal = Diagnostic::error(id, format!("rustc {version} does not compile it for {arch}")).output(text);
        refusal.place = place_of(text).map(Box::new);
        if is_arch {
            refusal = refusal.help(format!(
                "take a newer toolchain, or another `.arch(…)` than {arch} in build.rs"
            ));
        } else if text.contains("may not be used on the stable release channel") {
            refusal = refusal.help("set `GATE_RUSTC` to a toolchain that allows unstable features");
        }
        refusal
    }
}

impl Compiler for Rustc<'_> {
    fn identity(&self) -> &CompilerIdentity {
        &self.identity
    }

    fn compile(&self, unit: &Unit, arch: Arch, flags: &[String], scratch: &Path) -> Result<Compiled, Diagnostic> {
        // What flags say to compilers of CUDA sources beside these two is not about Rust.
        let asked = Asked::of_rust(flags);
        let output = scratch.join("out.s");
        let (finished, dependency_file) = self.emit(unit, arch, &asked, scratch, &emit("asm", &output))?;
        let mut warnings = warnings_of(&finished.text);
        let ptx = if finished.status.success() {
            let ptx = ptx_of(&output, "rustc", &finished.text)?;
            let text = String::from_utf8_lossy(&ptx);
            if super::libdevice::is_needed(&text) {
                None
            } else {
                Some(text.into_owned())
            }
        } else if super::libdevice::is_missing(&finished.text) {
            None
        } else {
            return Err(self.refusal(arch, &finished.text));
        };
        let text = match ptx {
            Some(text) => text,
            None => {
                let Some(libdevice) = &self.libdevice else {
                    return Err(super::libdevice::missing(&self.programs.version, &finished.text));
                };
                let bitcode = scratch.join("out.ll");
                let (finished, _) = self.emit(unit, arch, &asked, scratch, &emit("llvm-ir", &bitcode))?;
                if !finished.status.success() {
                    return Err(self.refusal(arch, &finished.text));
                }
                warnings = warnings_of(&finished.text);
                let run =
                    |program: &Path, arguments| self.programs.run(program, arguments, scratch, &self.programs.env);
                libdevice.link(&bitcode, arch, scratch, run)?
            }
        };
        // The first run may have ended before it said what it read.
        let dependencies = self.dependencies(unit, &dependency_file).or_else(|problem| {
            let (_, dependency_file) =
                self.emit(unit, arch, &asked, scratch, &emit("llvm-ir", &scratch.join("again.ll")))?;
            self.dependencies(unit, &dependency_file).map_err(|_| problem)
        })?;
        Ok(Compiled {
            ptx: canonical(&text).into_bytes(),
            dependencies,
            warnings,
            preprocessed: None,
        })
    }
}

/// rustc's level. At its level 0 nothing that is not used goes: all of `core` would be in the PTX, and ptxas refuses it.
fn level(asked: &Asked) -> u8 {
    asked.level.number().max(1)
}

impl Programs<'_> {
    fn run(
        &self,
        program: &Path,
        arguments: Vec<OsString>,
        directory: &Path,
        env: &Env,
    ) -> Result<Finished, Diagnostic> {
        Invocation {
            program,
            arguments,
            directory: directory.to_path_buf(),
            env,
            timeout: self.setting.timeout,
        }
        .run()
    }

    /// Runs the cargo beside rustc, or the one that runs this build script, with these flags for what is compiled for the
    /// target.
    ///
    /// # Errors
    /// It cannot be started, or does not end.
    pub(crate) fn cargo(
        &self,
        arguments: Vec<OsString>,
        directory: &Path,
        flags: &[OsString],
    ) -> Result<Finished, Diagnostic> {
        let name = if cfg!(windows) { "cargo.exe" } else { "cargo" };
        let beside = self.rustc.with_file_name(name);
        let cargo = if beside.is_file() {
            beside
        } else {
            let own = self.setting.env.variable("CARGO").map(PathBuf::from);
            own.unwrap_or_else(|| PathBuf::from(name))
        };
        let flags = flags.join(OsStr::new("\u{1f}"));
        let more = [("RUSTC", self.rustc.as_os_str()), ("CARGO_ENCODED_RUSTFLAGS", &flags)];
        self.run(&cargo, arguments, directory, &own_environment(&self.setting.env, &more))
    }
}

/// The variables that a rustc or cargo of its own gets: not what cargo tells a build script about the crate that is being
/// built, and not what asks the outer build for flags or wrappers.
fn own_environment(env: &Env, more: &[(&str, &OsStr)]) -> Env {
    const KEPT: &[&str] = &[
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "RUSTUP_",
        "RUST_BACKTRACE",
    ];
    const DROPPED: &[&str] = &[
        "CARGO",
        "RUST",
        "DEP_",
        "TARGET",
        "HOST",
        "OUT_DIR",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
        "NUM_JOBS",
        "MAKEFLAGS",
        "MFLAGS",
    ];
    let kept = |name: &OsStr| {
        let name = name.to_string_lossy();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        starts(KEPT) || !starts(DROPPED)
    };
    let own = env
        .variables()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let more = more
        .iter()
        .map(|(name, value)| (OsString::from(name), (*value).to_owned()));
    let unstable = (OsString::from("RUSTC_BOOTSTRAP"), OsString::from("1"));
    Env::new(env.os(), own.chain(more).chain([unstable]), Disk)
}

/// The flag that writes `to` for the folder `from`.
pub(crate) fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

fn emit(kind: &str, file: &Path) -> OsString {
    let mut argument = OsString::from(format!("--emit={kind}="));
    argument.push(file);
    argument
}

/// The lock that cargo uses for the crate in `folder`: its own, or that of the workspace around it.
fn lock_file(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|file| file.is_file())
}

/// A line of `rustc -vV`.
pub(crate) fn field<'a>(version: &'a str, name: &str) -> Option<&'a str> {
    version
        .split('|')
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// What `rustc -vV` prints, lines joined by `|`.
fn version_of(program: &Path, env: &Env, setting: &Setting) -> Result<String, Diagnostic> {
    let finished = Invocation {
        program,
        arguments: vec!["-vV".into()],
        directory: setting.crate_root.clone(),
        env,
        timeout: setting.timeout,
    }
    .run()?;
    let text: Vec<&str> = finished.text.lines().map(str::trim).collect();
    let text = text.join("|");
    if finished.status.success() && field(&text, "release").is_some() {
        return Ok(text);
    }
    Err(Diagnostic::error(
        Id::CompilerUnusable,
        format!("`{} -vV` does not answer like rustc", program.display()),
    )
    .output(&finished.text)
    .help("correct `GATE_RUSTC` or `PATH`, or reinstall the toolchain"))
}

/// The first `--> file:line:column`.
fn place_of(text: &str) -> Option<Place> {
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Place {
        file: PathBuf::from(file),
        line: line.parse().ok()?,
        column: column.parse().ok(),
    })
}

/// The warnings in rustc's text, without the line that counts them.
fn warnings_of(text: &str) -> Vec<Diagnostic> {
    const MOST: usize = 20;
    let lines: Vec<&str> = text.lines().collect();
    let mut warnings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(message) = line.strip_prefix("warning: ") else {
            continue;
        };
        let place = lines.get(at + 1).and_then(|next| place_of(next));
        // Without a place it counts warnings, or is about the command line.
        if place.is_some() && warnings.len() < MOST {
            let mut warning = Diagnostic::warning(Id::CompilerWarning, message);
            warning.place = place.map(Box::new);
            warnings.push(warning);
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_warnings_are_read() {
        let text = "warning: unused variable: `x`\n  --> k/lib.rs:3:9\n   |\n\nerror[E0425]: cannot find value `y`\n --> C:\\k\\lib.rs:7:5\n\n\
                    warning: `kernels` (lib) generated 1 warning\n";
        let warnings: Vec<String> = warnings_of(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            ["warning[compiler_warning]: unused variable: `x`\n  --> k/lib.rs:3:9"]
        );
        let place = place_of(&text[text.find("error").unwrap()..]).unwrap();
        assert_eq!(
            (place.file, place.line, place.column),
            ("C:\\k\\lib.rs".into(), 7, Some(5))
        );
    }

    #[test]
    fn a_compiler_of_its_own_does_not_see_the_outer_build() {
        let env = Env::new(
            crate::env::Os::host(),
            [
                ("PATH", "/bin"),
                ("CARGO_HOME", "/c"),
                ("CARGO_TARGET_DIR", "/t"),
                ("RUSTFLAGS", "-x"),
                ("CARGO_ENCODED_RUSTFLAGS", "-x"),
                ("RUSTC_WRAPPER", "w"),
                ("TARGET", "x86"),
                ("RUSTUP_HOME", "/r"),
            ],
            Disk,
        );
        let own = own_environment(&env, &[]);
        let mut names: Vec<_> = own
            .variables()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["CARGO_HOME", "PATH", "RUSTC_BOOTSTRAP", "RUSTUP_HOME"]);
    }
}
