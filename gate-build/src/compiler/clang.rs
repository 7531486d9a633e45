//! Clang's CUDA front end: with the headers and libdevice of a CUDA toolkit where there is one that this clang can read, else with the few
//! declarations of this crate.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::flags::Asked;
use super::setting::{LIBDEVICE, Setting};
use super::{
    Compiled, Compiler, CompilerIdentity, CompilerKind, Compiles, HEADER_HELP, Preprocessed, Text, lacks_header, ptx_of,
};
use crate::arch::Arch;
use crate::deps;
use crate::diagnostic::{Diagnostic, Id, warnings};
use crate::digest::Fields;
use crate::index::Index;
use crate::process::Invocation;
use crate::sorted::{Append as _, List as _, Set};
use crate::unit::Unit;
use crate::version::ToolVersion;

/// A clang that answers.
pub(crate) struct Clang<'a> {
    program: PathBuf,
    identity: CompilerIdentity,
    library: Library,
    setting: &'a Setting,
}

/// What a source finds of CUDA.
#[derive(Clone)]
enum Library {
    /// A toolkit, as clang reads it.
    Toolkit(PathBuf),
    /// A toolkit that is later than this clang: with headers that clang misses.
    Later(PathBuf),
    /// The declarations of this crate; the toolkit that this clang cannot read, and why.
    Own(Option<(PathBuf, String)>),
}

impl Library {
    fn arguments(&self, setting: &Setting) -> Vec<OsString> {
        let shims = setting.shims.join("clang");
        let mut path = OsString::from("--cuda-path=");
        match self {
            Self::Toolkit(root) | Self::Later(root) => {
                path.push(root);
                let mut arguments = vec![path, "-Wno-unknown-cuda-version".into()];
                let own = root.join("include").join("cccl");
                if own.is_dir() {
                    arguments.append_all(["-isystem".into(), own.into()]);
                }
                if matches!(self, Self::Later(_)) {
                    // Behind every other folder: an installation may have them.
                    arguments.append_all(["-idirafter".into(), setting.shims.join("clang-later").into()]);
                    arguments.push("-D_NV_RSQRT_SPECIFIER=".into());
                }
                arguments
            }
            Self::Own(_) => {
                // A toolkit that happens to be on PATH would decide about the version of the PTX.
                path.push(&shims);
                let header = shims.join("gate_cuda.h");
                let mut arguments: Vec<OsString> = vec!["-nocudainc".into(), "-nocudalib".into(), path];
                arguments.append_all(["-include".into(), header.into()]);
                arguments
            }
        }
    }

    /// What this clang can read of the toolkit that is there.
    fn of(program: &Path, version: &str, setting: &Setting, index: &Index) -> Self {
        let Some(root) = &setting.toolkit else {
            return Self::Own(None);
        };
        // It names the version of the toolkit.
        let header = index.sample(&root.join("include").join("cuda_runtime_api.h"));
        let Some(header) = header else { return Self::Own(None) };
        let candidates = [Self::Toolkit(root.clone()), Self::Later(root.clone())];
        let mut problem = String::new();
        let readable = |library: &Self, problem: &mut String| {
            let mut arguments: Vec<OsString> = ["-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch=sm_75"]
                .map(OsString::from)
                .into();
            arguments.append_all(library.arguments(setting));
            arguments.append_all([
                "-fsyntax-only".into(),
                setting.shims.join("clang").join("nothing.cu").into(),
            ]);
            let invocation = Invocation {
                program,
                arguments,
                directory: setting.crate_root.clone(),
                env: &setting.env,
                timeout: setting.timeout,
            };
            let finished = invocation.run().ok()?;
            if !finished.status.success() && problem.is_empty() {
                let first = finished.text.lines().seek(|line| line.contains("error"));
                first.unwrap_or_default().trim().clone_into(problem);
            }
            Some(finished.status.success())
        };
        let fact = index.fact(
            &format!("clang {version} with {} {header}", root.display()),
            program,
            || {
                let found = candidates
                    .iter()
                    .position(|library| readable(library, &mut problem) == Some(true));
                Some(found.map_or_else(|| problem.replace(['\n', '\t', '\r'], " "), |at| at.to_string()))
            },
        );
        let fact = fact.unwrap_or_default();
        match fact.parse::<usize>().ok().and_then(|at| candidates.get(at)) {
            Some(library) => library.clone(),
            None => Self::Own(Some((root.clone(), fact))),
        }
    }
}

impl<'a> Clang<'a> {
    /// Asks the program for its version.
    ///
    /// # Errors
    /// It does not answer like a clang.
    pub(crate) fn open(program: &Path, setting: &'a Setting, index: &Index) -> Result<Self, Diagnostic> {
        let mut problem = None;
        let version = index.fact("clang", program, || {
            version_of(program, setting).map_err(|error| problem = Some(error)).ok()
        });
        let Some(version) = version else {
            return Err(problem.unwrap_or_else(|| {
                Diagnostic::error(
                    Id::CompilerUnusable,
                    format!("`{}` is not a readable file", program.display()),
                )
            }));
        };
        let library = Library::of(program, &version, setting, index);
        let mut fields = Fields::new("clang-2");
        fields.add("version", &version);
        match &library {
            Library::Toolkit(root) | Library::Later(root) => {
                let kind = if matches!(library, Library::Later(_)) {
                    "later toolkit"
                } else {
                    "toolkit"
                };
                // Its headers are among the files of a unit.
                let libdevice = index.sample(&root.join(LIBDEVICE));
                fields.add(kind, libdevice.as_ref().map_or(&[][..], |digest| digest.bytes()));
            }
            Library::Own(_) => {}
        }
        fields.add(
            "shims",
            setting.shims.file_name().unwrap_or_default().as_encoded_bytes(),
        );
        if let Some(digest) = index.sample(program) {
            fields.add("program", digest.bytes());
        }
        Ok(Self {
            program: program.to_path_buf(),
            identity: CompilerIdentity {
                kind: CompilerKind::Clang,
                version,
                digest: fields.finish(),
            },
            library,
            setting,
        })
    }

    fn arguments(&self, arch: Arch, flags: &[String]) -> Result<Vec<OsString>, Diagnostic> {
        let asked = Asked::read(flags).map_err(|flag| {
            Diagnostic::error(Id::FlagUnsupported, format!("clang has no equivalent of `{flag}`"))
                .help("remove the flag from build.rs, or install nvcc")
        })?;
        let mut arguments: Vec<OsString> = ["-x", "cuda", "--cuda-device-only"].map(OsString::from).into();
        arguments.push(format!("-O{}", asked.level.number()).into());
        arguments.push(format!("--cuda-gpu-arch={arch}").into());
        arguments.append_all(self.library.arguments(self.setting));
        arguments.push(format!("-std={}", asked.standard.as_deref().unwrap_or("c++17")).into());
        arguments.append_all(asked.macros.iter().map(OsString::from));
        for (option, folders) in [
            ("-I", &asked.includes),
            ("-isystem", &asked.system_includes),
            ("-include", &asked.pre_includes),
        ] {
            for folder in folders {
                arguments.append_all([option.into(), folder.into()]);
            }
        }
        if matches!(self.library, Library::Own(_)) {
            arguments.append_all(["-isystem".into(), self.setting.shims.join("clang").into()]);
        }
        if asked.fast_math {
            arguments.push("-ffast-math".into());
        }
        if asked.line_info || asked.debug {
            arguments.push("-gline-tables-only".into());
        }
        if asked.no_warnings {
            arguments.push("-w".into());
        }
        for (name, value) in &asked.arithmetic {
            match (name.as_str(), value.as_str()) {
                ("ftz", "true") => arguments.push("-fgpu-flush-denormals-to-zero".into()),
                ("fmad", "false") => arguments.push("-ffp-contract=off".into()),
                ("ftz", "false") | ("fmad" | "prec-div" | "prec-sqrt", "true") => {}
                _ => {
                    return Err(Diagnostic::error(
                        Id::FlagUnsupported,
                        format!("clang has no equivalent of `--{name}={value}`"),
                    )
                    .help("remove the flag from build.rs, or install nvcc"));
                }
            }
        }
        if asked.registers.is_some() {
            return Err(
                Diagnostic::error(Id::FlagUnsupported, "clang has no equivalent of `--maxrregcount`")
                    .help("use `__launch_bounds__` in the kernel, or install nvcc"),
            );
        }
        Ok(arguments)
    }

    fn invocation(&self, arguments: Vec<OsString>) -> Invocation<'_> {
        Invocation {
            program: &self.program,
            arguments,
            directory: self.setting.crate_root.clone(),
            env: &self.setting.env,
            timeout: self.setting.timeout,
        }
    }
}

impl Compiler for Clang<'_> {
    fn identity(&self) -> &CompilerIdentity {
        &self.identity
    }

    fn compile(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        scratch: &Path,
        text: Text<'_>,
    ) -> Result<Compiled, Diagnostic> {
        if let Text::Elsewhere(_, begin) = text {
            begin();
        }
        let (output, dependency_file) = (scratch.join("out.ptx"), scratch.join("out.d"));
        let mut arguments = self.arguments(arch, flags)?;
        arguments.append_all(["-S".into(), "-MD".into(), "-MF".into(), dependency_file.clone().into()]);
        arguments.append_all(["-o".into(), output.clone().into(), self.setting.source(unit).into()]);
        let finished = self.invocation(arguments).run()?;
        let version = &self.identity.version;
        if !finished.status.success() {
            let text = &finished.text;
            let error = Diagnostic::error(
                Id::SourceRefused,
                format!("clang {version} failed to compile it for {arch}"),
            )
            .output(text);
            return Err(
                if text.contains("unsupported CUDA gpu architecture") || text.contains("GPU arch") {
                    Diagnostic::error(Id::ArchUnsupported, format!("clang {version} does not support {arch}"))
                        .output(text)
                        .help(format!(
                            "install a clang that supports {arch}, or change `.arch(…)` in build.rs"
                        ))
                } else if let Library::Own(Some((root, why))) = &self.library {
                    error.help(format!(
                        "install a clang that can read the CUDA toolkit in `{}`, or NVRTC or nvcc ({why})",
                        root.display()
                    ))
                } else if lacks_header(text) {
                    error.help(format!("{HEADER_HELP}; CUDA's own headers come with NVRTC or nvcc"))
                } else if text.contains("undeclared identifier") {
                    error.help("install NVRTC or nvcc; without a CUDA toolkit, clang has no CUDA library functions")
                } else {
                    error
                },
            );
        }
        let ptx = ptx_of(&output, "clang", &finished.text)?;
        let listed = fs::read_to_string(&dependency_file)
            .ok()
            .and_then(|text| deps::parse_make(&text))
            .ok_or_else(|| {
                Diagnostic::error(Id::CompilerOutput, "clang wrote no dependency file").output(&finished.text)
            })?;
        Ok(Compiled {
            ptx,
            dependencies: self.setting.absolute(listed.into_iter().map(PathBuf::from).list()),
            warnings: warnings(&finished.text),
            // Preprocessing once more is cheap beside a compilation, and only needed when there is something to
            // compare with.
            preprocessed: match text {
                Text::Known(_, known) => known.text,
                Text::Elsewhere(..) => None,
                Text::Wanted => self
                    .preprocess(unit, arch, flags, scratch)
                    .and_then(|preprocessed| preprocessed.text),
            },
            variables: Set::new(),
        })
    }

    fn preprocess(&self, unit: &Unit, arch: Arch, flags: &[String], scratch: &Path) -> Option<Preprocessed> {
        let output = scratch.join("out.ii");
        let mut arguments = self.arguments(arch, flags).ok()?;
        arguments.append_all(["-E".into(), "-o".into(), output.clone().into()]);
        arguments.push(self.setting.source(unit).into());
        let finished = self.invocation(arguments).run().ok()?;
        if !finished.status.success() {
            return None;
        }
        let text = fs::read(&output).ok()?;
        Some(Preprocessed::of(
            &text,
            Compiles::Source,
            &self.setting.preambles,
            &|files| self.setting.absolute(files.into_iter().list()),
        ))
    }

    fn preprocesses_apart(&self) -> bool {
        true
    }

    fn files(&self) -> Vec<PathBuf> {
        match &self.library {
            Library::Toolkit(root) | Library::Later(root) => vec![self.program.clone(), root.join(LIBDEVICE)],
            Library::Own(_) => vec![self.program.clone()],
        }
    }

    fn inputs(&self) -> Vec<(String, String)> {
        self.setting.variables(&[
            "CPATH",
            "C_INCLUDE_PATH",
            "CPLUS_INCLUDE_PATH",
            "INCLUDE",
            "CCC_OVERRIDE_OPTIONS",
            "SOURCE_DATE_EPOCH",
        ])
    }
}

fn version_of(program: &Path, setting: &Setting) -> Result<String, Diagnostic> {
    let finished = Invocation {
        program,
        arguments: vec!["--version".into()],
        directory: setting.crate_root.clone(),
        env: &setting.env,
        timeout: setting.timeout,
    }
    .run()?;
    ToolVersion::parse_clang(&finished.text)
        .filter(|_| finished.status.success())
        .map(|version| version.to_string())
        .ok_or_else(|| {
            Diagnostic::error(
                Id::CompilerUnusable,
                format!("`{} --version` did not print a clang version", program.display()),
            )
            .output(&finished.text)
            .help("correct `PATH`, or reinstall clang")
        })
}
