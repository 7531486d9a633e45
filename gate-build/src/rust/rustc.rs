//! A rustc that compiles units.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::canonical::canonical;
use super::command::{Job, emit};
use super::find::{Core, core_of, sysroot};
use super::libdevice::{self, Libdevice};
use super::printed::{place_of, warnings_of};
use super::programs::{Programs, field, own_environment, remap, version_of};
use super::{TARGET, core_library, sources};
use crate::arch::Arch;
use crate::compiler::{Asked, Compiled, Compiler, CompilerIdentity, CompilerKind, Setting, Text, ptx_of};
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::Fields;
use crate::index::Index;
use crate::process::Finished;
use crate::sorted::Append as _;
use crate::store;
use crate::unit::Unit;

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
                    "`rustup target add nvptx64-nvidia-cuda`, or `rustup component add rust-src` to build it from \
                     source",
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
                problem.unwrap_or_else(|| Diagnostic::error(Id::CompilerUnusable, format!("cannot read `{shown}`")))
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
    fn flags(&self, job: &Job<'_>) -> Result<Vec<OsString>, Diagnostic> {
        let mut flags: Vec<OsString> = Vec::new();
        if let Some(sysroot) = self.sysroot(job.scratch)? {
            flags.append_all(["--sysroot".into(), sysroot.into()]);
        }
        flags.append_all(["-C".into(), format!("target-cpu={}", job.arch).into()]);
        if job.asked.line_info {
            // Its files are named as they lie here, as compilers of CUDA sources do; nothing else names any.
            flags.push("-Cdebuginfo=line-directives-only".into());
        } else {
            flags.push(remap(&job.unit.crate_root, "."));
        }
        if let Some(sysroot) = sysroot(&self.programs.rustc) {
            flags.push(remap(
                &sysroot.join("lib").join("rustlib").join("src").join("rust"),
                "/rustc",
            ));
        }
        Ok(flags)
    }

    /// Compiles with one more output beside the library, as [`emit`] spells it. Returns what was said, and the file that lists
    /// what was read.
    fn emit(&self, job: &Job<'_>, emit: &OsStr) -> Result<(Finished, PathBuf), Diagnostic> {
        let flags = self.flags(job)?;
        let programs = &self.programs;
        if job.unit.path.is_file() {
            let arguments = job.of_file(flags, programs.setting.source(job.unit), emit);
            let finished = programs.run(&programs.rustc, arguments, &job.unit.crate_root, &programs.env)?;
            Ok((finished, job.dependency_file()))
        } else {
            let finished = programs.cargo(job.of_package(emit), &job.unit.path, &flags)?;
            Ok((finished, job.dependency_file_of_package().unwrap_or_default()))
        }
    }

    fn read(&self, unit: &Unit, dependency_file: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
        sources::read(self.programs.setting, unit, dependency_file, "rustc")
    }

    fn refusal(&self, arch: Arch, text: &str) -> Diagnostic {
        let version = &self.identity.version;
        let is_arch = text.contains("is not a recognized processor") || text.contains("unknown target CPU");
        let id = if is_arch {
            Id::ArchUnsupported
        } else {
            Id::SourceRefused
        };
        let mut refusal =
            Diagnostic::error(id, format!("rustc {version} failed to compile it for {arch}")).output(text);
        refusal.place = place_of(text).map(Box::new);
        if is_arch {
            refusal = refusal.help(format!(
                "use a newer toolchain, or an `.arch(…)` other than {arch} in build.rs"
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

    fn compile(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        scratch: &Path,
        _text: Text<'_>,
    ) -> Result<Compiled, Diagnostic> {
        // What flags say to compilers of CUDA sources beside these two is not about Rust.
        let asked = Asked::of_rust(flags);
        let job = Job {
            unit,
            arch,
            asked: &asked,
            scratch,
        };
        let output = scratch.join("out.s");
        let (finished, dependency_file) = self.emit(&job, &emit("asm", &output))?;
        let mut warnings = warnings_of(&finished.text);
        let ptx = if finished.status.success() {
            let ptx = ptx_of(&output, "rustc", &finished.text)?;
            let text = String::from_utf8_lossy(&ptx);
            if libdevice::is_needed(&text) {
                None
            } else {
                Some(text.into_owned())
            }
        } else if libdevice::is_missing(&finished.text) {
            None
        } else {
            return Err(self.refusal(arch, &finished.text));
        };
        let text = match ptx {
            Some(text) => text,
            None => {
                let Some(libdevice) = &self.libdevice else {
                    return Err(libdevice::missing(&self.programs.version, &finished.text));
                };
                let bitcode = scratch.join("out.ll");
                let (finished, _) = self.emit(&job, &emit("llvm-ir", &bitcode))?;
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
        let dependencies = self.read(unit, &dependency_file).or_else(|problem| {
            let (_, dependency_file) = self.emit(&job, &emit("llvm-ir", &scratch.join("again.ll")))?;
            self.read(unit, &dependency_file).map_err(|_| problem)
        })?;
        Ok(Compiled {
            ptx: canonical(&text).into_bytes(),
            dependencies,
            warnings,
            preprocessed: None,
            variables: sources::variables(&self.programs.setting.env, scratch),
        })
    }
}
