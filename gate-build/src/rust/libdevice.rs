//! Functions that no instruction computes: `exp`, `sin`, `pow`. They are in NVIDIA's `libdevice`, as LLVM bitcode.
//!
//! A kernel gets them by declaring `__nv_expf`, or as an LLVM intrinsic, which the PTX back end cannot lower and which is
//! renamed here. Either way rustc's LLVM IR is linked with `libdevice` by LLVM's own tools, of the version that rustc was built
//! with or a later one, because older ones cannot read it.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::find::sysroot;
use super::programs::field;
use crate::arch::Arch;
use crate::compiler::ptx_of;
use crate::diagnostic::{Diagnostic, Id};
use crate::env::{Env, Os};
use crate::index::Index;
use crate::process::Finished;
use crate::sorted::List as _;
use crate::toolkit::Toolkit;

/// LLVM's intrinsics that have no PTX instruction with the accuracy of the type, and what computes them.
const INTRINSICS: &[&str] = &[
    "exp", "exp2", "log", "log2", "log10", "sin", "cos", "pow", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan",
    "atan2", "exp10",
];

/// `libdevice` and the tools to link it.
pub(crate) struct Libdevice {
    bitcode: PathBuf,
    tools: PathBuf,
    os: Os,
}

/// Whether PTX calls what is not in it.
pub(crate) fn is_needed(ptx: &str) -> bool {
    ptx.lines().any(|line| line.contains("__nv_")) && ptx.contains(".extern .func")
}

/// Whether LLVM gave up on an intrinsic.
pub(crate) fn is_missing(text: &str) -> bool {
    let reasons = ["Cannot select", "no libcall available", "unsupported library call"];
    text.contains("LLVM ERROR") && reasons.iter().any(|reason| text.contains(reason))
}

/// What to say when there is no `libdevice`, or are no tools.
pub(crate) fn missing(version: &str, text: &str) -> Diagnostic {
    let llvm = field(version, "LLVM version").unwrap_or("of rustc");
    Diagnostic::error(
        Id::Libdevice,
        "the kernel uses a libdevice function, such as `exp` or `sin`",
    )
    .output(text)
    .help(format!(
        "install a CUDA toolkit (for libdevice) and LLVM {llvm} or later (`rustup component add llvm-tools`), or \
         write the function in plain arithmetic"
    ))
}

impl Libdevice {
    /// Looks in the CUDA installation that is found, and for tools in the toolchain and in LLVM's usual folders.
    pub(crate) fn find(env: &Env, rustc: &Path, version: &str) -> Option<Self> {
        let toolkit = Toolkit::discover(env);
        let roots = ["CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"]
            .into_iter()
            .filter_map(|name| env.variable(name).map(PathBuf::from))
            .chain(toolkit.nvcc.as_deref().and_then(sysroot).map(Path::to_path_buf));
        let bitcode = roots
            .map(|root| root.join("nvvm").join("libdevice").join("libdevice.10.bc"))
            .seek(|file| env.is_file(file))?;
        let host = field(version, "host")?;
        let major: u32 = field(version, "LLVM version")?.split('.').next()?.parse().ok()?;
        let own = sysroot(rustc).map(|root| root.join("lib").join("rustlib").join(host).join("bin"));
        // An installation of the same version, then the next ones.
        let installed = (major..major + 4).map(|major| PathBuf::from(format!("/usr/lib/llvm-{major}/bin")));
        let tools = own.into_iter().chain(installed).seek(|folder| {
            ["llvm-link", "opt", "llc"]
                .iter()
                .all(|tool| env.is_file(&program(folder, tool, env.os())))
        })?;
        Some(Self {
            bitcode,
            tools,
            os: env.os(),
        })
    }

    /// What tells this installation from another.
    pub(crate) fn identity(&self, index: &Index) -> Vec<u8> {
        let files = [self.bitcode.clone(), program(&self.tools, "llc", self.os)];
        files
            .iter()
            .filter_map(|file| index.sample(file))
            .flat_map(|digest| *digest.bytes())
            .list()
    }

    /// PTX of the IR in `file` with what it needs of `libdevice`.
    ///
    /// # Errors
    /// What the tools say.
    pub(crate) fn link(
        &self,
        file: &Path,
        arch: Arch,
        scratch: &Path,
        run: impl Fn(&Path, Vec<OsString>) -> Result<Finished, Diagnostic>,
    ) -> Result<String, Diagnostic> {
        let io = |error: std::io::Error| {
            Diagnostic::error(Id::FileAccess, format!("cannot use `{}`: {error}", file.display()))
        };
        let ir = fs::read_to_string(file).map_err(io)?;
        let entries = entries(&ir);
        fs::write(file, renamed(&ir)).map_err(io)?;
        let [linked, optimised, output] = ["linked.bc", "optimised.bc", "linked.s"].map(|name| scratch.join(name));
        let step = |tool: &str, arguments: Vec<OsString>| {
            let finished = run(&program(&self.tools, tool, self.os), arguments)?;
            if finished.status.success() {
                return Ok(finished.text);
            }
            Err(
                Diagnostic::error(Id::Libdevice, format!("LLVM's `{tool}` rejected the output of rustc"))
                    .output(&finished.text)
                    .help("install the LLVM tools that match rustc: `rustup component add llvm-tools`"),
            )
        };
        step(
            "llvm-link",
            vec![
                file.into(),
                "--only-needed".into(),
                self.bitcode.clone().into(),
                "-o".into(),
                linked.clone().into(),
            ],
        )?;
        step(
            "opt",
            vec![
                "-passes=internalize,default<O3>".into(),
                format!("--internalize-public-api-list={}", entries.join(",")).into(),
                format!("-mcpu={arch}").into(),
                linked.into(),
                "-o".into(),
                optimised.clone().into(),
            ],
        )?;
        let printed = step(
            "llc",
            vec![
                format!("-mcpu={arch}").into(),
                "-O3".into(),
                optimised.into(),
                "-o".into(),
                output.clone().into(),
            ],
        )?;
        let ptx = ptx_of(&output, "llc", &printed)?;
        Ok(String::from_utf8_lossy(&ptx).into_owned())
    }
}

fn program(folder: &Path, name: &str, os: Os) -> PathBuf {
    folder.join(if os == Os::Windows {
        format!("{name}.exe")
    } else {
        name.to_owned()
    })
}

/// Names of the kernels in LLVM IR: `define … ptx_kernel void @name(`.
fn entries(ir: &str) -> Vec<&str> {
    let defined = ir
        .lines()
        .filter(|line| line.starts_with("define ") && line.contains("ptx_kernel "));
    let mut names: Vec<&str> = defined
        .filter_map(|line| {
            let (_, rest) = line.split_once('@')?;
            Some(rest.split_once('(')?.0.trim_matches('"'))
        })
        .list();
    crate::sorted::sort(&mut names);
    names
}

/// IR in which the functions of `libdevice` stand for intrinsics that have no instruction.
fn renamed(ir: &str) -> String {
    let mut result = String::with_capacity(ir.len());
    let mut rest = ir;
    while let Some(at) = rest.find("@llvm.") {
        result.push_str(&rest[..at]);
        let name = &rest[at + 6..];
        let end = name.find('(').unwrap_or(name.len());
        let known = name[..end].split_once('.').and_then(|(function, ty)| {
            let suffix = match ty {
                "f32" => "f",
                "f64" => "",
                _ => return None,
            };
            INTRINSICS.contains(&function).then_some((function, suffix))
        });
        match known {
            Some((function, suffix)) => {
                // Writing to a string cannot fail.
                let _ = write!(result, "@__nv_{function}{suffix}");
            }
            None => result.push_str(&rest[at..at + 6 + end]),
        }
        rest = &name[end..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intrinsics_without_an_instruction_are_renamed() {
        let ir = "define ptx_kernel void @k(ptr %x) {\n %a = call float @llvm.exp.f32(float %b)\n\
                  %c = tail call double @llvm.pow.f64(double %d, double 2.0)\n %e = call float @llvm.fma.f32(float %a)\n\
                  }\ndeclare float @llvm.exp.f32(float) #1\ndefine internal void @f() {\ndefine protected ptx_kernel void @\"a.b\"(";
        let renamed = renamed(ir);
        assert_eq!(renamed.matches("@__nv_expf(float").count(), 2);
        assert!(renamed.contains("@__nv_pow(double"));
        assert!(renamed.contains("@llvm.fma.f32("));
        assert_eq!(entries(ir), ["a.b", "k"]);
    }

    #[test]
    fn what_is_missing_is_told_from_other_errors() {
        assert!(is_missing("rustc-LLVM ERROR: Cannot select: 0x7f: ch = NVPTXISD::CALL"));
        assert!(is_missing("LLVM ERROR: no libcall available for fexp"));
        assert!(!is_missing("error: Cannot select a type"));
        assert!(is_needed(".extern .func (.param .b32 r) __nv_sinf\n"));
        assert!(!is_needed(".visible .entry __nv_k(\n"));
    }
}
