//! Clang's CUDA front end, without a CUDA toolkit.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::flags::Asked;
use super::setting::Setting;
use super::{
    Compiled, Compiler, CompilerIdentity, CompilerKind, HEADER_HELP, Preprocessed, Text, lacks_header, ptx_of,
};
use crate::arch::Arch;
use crate::deps;
use crate::diagnostic::{Diagnostic, Id, warnings};
use crate::digest::Fields;
use crate::index::Index;
use crate::process::Invocation;
use crate::unit::Unit;
use crate::version::ToolVersion;

/// A clang that answers.
pub(crate) struct Clang<'a> {
    program: PathBuf,
    identity: CompilerIdentity,
    setting: &'a Setting,
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
        let mut fields = Fields::new("clang-1");
        fields.add("version", &version);
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
            setting,
        })
    }

    fn arguments(&self, arch: Arch, flags: &[String]) -> Result<Vec<OsString>, Diagnostic> {
        let asked = Asked::read(flags).map_err(|flag| {
            Diagnostic::error(Id::FlagUnsupported, format!("clang has no equivalent of `{flag}`"))
                .help("remove the flag from build.rs, or install nvcc")
        })?;
        let shims = self.setting.shims.join("clang");
        let mut arguments: Vec<OsString> = Vec::new();
        for argument in ["-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib"] {
            arguments.push(argument.into());
        }
        arguments.push(format!("-O{}", asked.level.number()).into());
        arguments.push(format!("--cuda-gpu-arch={arch}").into());
        // A toolkit that happens to be on PATH would decide about the version of the PTX.
        let mut nowhere = OsString::from("--cuda-path=");
        nowhere.push(&shims);
        arguments.push(nowhere);
        arguments.extend(["-include".into(), shims.join("gate_cuda.h").into()]);
        arguments.push(format!("-std={}", asked.standard.as_deref().unwrap_or("c++17")).into());
        arguments.extend(asked.macros.iter().map(OsString::from));
        for (option, folders) in [
            ("-I", &asked.includes),
            ("-isystem", &asked.system_includes),
            ("-include", &asked.pre_includes),
        ] {
            for folder in folders {
                arguments.extend([option.into(), folder.into()]);
            }
        }
        arguments.extend(["-isystem".into(), shims.into()]);
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
        arguments.extend(["-S".into(), "-MD".into(), "-MF".into(), dependency_file.clone().into()]);
        arguments.extend(["-o".into(), output.clone().into(), self.setting.source(unit).into()]);
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
            dependencies: self.setting.absolute(listed.into_iter().map(PathBuf::from)),
            warnings: warnings(&finished.text),
            // Preprocessing once more is cheap beside a compilation, and only needed when there is something to
            // compare with.
            preprocessed: match text {
                Text::Known(_, known) => Some(known.text),
                Text::Elsewhere(..) => None,
                Text::Wanted => self
                    .preprocess(unit, arch, flags, scratch)
                    .map(|preprocessed| preprocessed.text),
            },
            variables: BTreeSet::new(),
        })
    }

    fn preprocess(&self, unit: &Unit, arch: Arch, flags: &[String], scratch: &Path) -> Option<Preprocessed> {
        let output = scratch.join("out.ii");
        let mut arguments = self.arguments(arch, flags).ok()?;
        arguments.extend(["-E".into(), "-o".into(), output.clone().into()]);
        arguments.push(self.setting.source(unit).into());
        let finished = self.invocation(arguments).run().ok()?;
        if !finished.status.success() {
            return None;
        }
        let text = fs::read(&output).ok()?;
        Some(Preprocessed::of(&text, |files| self.setting.absolute(files)))
    }

    fn preprocesses_apart(&self) -> bool {
        true
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
