//! Which compilers a build uses, in which order.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use super::context::{Context, chosen_compiler};
use crate::compiler::{Clang, Compiler, CompilerKind, Nvcc, Nvrtc, Setting};
use crate::diagnostic::{Diagnostic, Id};
use crate::error::Error;
use crate::index::Index;
use crate::kernels::Kernels;
use crate::lock::LOCK_FILE;
use crate::rust::{self, Rustc};
use crate::sorted::{List as _, Set};
use crate::toolkit::Toolkit;
use crate::unit::Language;

/// Compilers by kind and file, those to be tried first in front. What was named outright has no alternative.
pub(crate) struct Choice {
    pub files: Vec<(CompilerKind, PathBuf)>,
    /// Why it is this choice, where a variable decided.
    pub because: Option<String>,
    /// What is there and would compile something else than the lock has, which is followed instead.
    pub passed_over: Option<CompilerKind>,
}

impl Choice {
    /// NVRTC before nvcc, because it starts in no time, and clang where there is neither. Who sets a variable of nvcc
    /// means nvcc.
    ///
    /// # Errors
    /// What a variable names is not there.
    pub(crate) fn of(toolkit: &Toolkit, env: &crate::env::Env) -> Result<Self, Error> {
        let file = |kind| match kind {
            CompilerKind::Nvrtc => toolkit.nvrtc.clone(),
            CompilerKind::Nvcc => toolkit.nvcc.clone(),
            CompilerKind::Clang => toolkit.clang.clone(),
            CompilerKind::Rustc | CompilerKind::CudaBuilder => None,
        };
        if let Some(nvcc) = env.variable("NVCC")
            && toolkit.nvcc.is_none()
        {
            return Err(Error::missing(
                Id::CompilerMissing,
                format!(
                    "`NVCC` is set to `{}`, but there is no such program",
                    nvcc.to_string_lossy()
                ),
                "correct the variable, or unset it to search for nvcc",
            ));
        }
        if let Some(kind) = chosen_compiler(env)? {
            if matches!(kind, CompilerKind::Rustc | CompilerKind::CudaBuilder) {
                // That is about Rust kernels; CUDA sources are as if it were not set.
                return Ok(Self::found(&file));
            }
            return match file(kind) {
                Some(file) => Ok(Self {
                    files: vec![(kind, file)],
                    because: Some(format!("GATE_KERNEL_COMPILER={kind}")),
                    passed_over: None,
                }),
                None => Err(Error::missing(
                    Id::CompilerMissing,
                    format!(
                        "`GATE_KERNEL_COMPILER` is set to `{kind}`, which was not found (places searched: {})",
                        toolkit.searched.len()
                    ),
                    "install it, set `CUDA_HOME` to its installation, or unset the variable",
                )),
            };
        }
        let of_nvcc = ["NVCC", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS", "NVCC_CCBIN"]
            .into_iter()
            .seek(|name| env.variable(name).is_some());
        if let (Some(name), Some(nvcc)) = (of_nvcc, file(CompilerKind::Nvcc)) {
            return Ok(Self {
                files: vec![(CompilerKind::Nvcc, nvcc)],
                because: Some(format!("{name} is set")),
                passed_over: None,
            });
        }
        Ok(Self::found(&file))
    }

    /// Whether it is a clang that nobody chose and that merely was there.
    pub(crate) fn is_last_resort(&self) -> bool {
        // rustc is there for other units.
        let mut kinds = self
            .files
            .iter()
            .map(|(kind, _)| *kind)
            .filter(|kind| kind.language() != Language::Rust);
        self.because.is_none() && kinds.next() == Some(CompilerKind::Clang)
    }

    /// Keeps to the compilers of a lock: NVIDIA's two write the same, and clang something else. Where only the other is there, the lock is
    /// followed.
    #[must_use]
    pub(crate) fn keeping_to(mut self, locked: &Set<CompilerKind>, toolkit: &Toolkit) -> Self {
        let Some((kind, _)) = self.files.first().filter(|_| self.because.is_none()) else {
            return self;
        };
        let kind = *kind;
        if locked.is_empty() || locked.iter().any(|locked| is_clang(*locked) == is_clang(kind)) {
            return self;
        }
        self.files.clear();
        match &toolkit.clang {
            Some(clang) if !is_clang(kind) => self.files.push((CompilerKind::Clang, clang.clone())),
            _ => self.passed_over = Some(kind),
        }
        self
    }

    /// A warning where a compiler that was asked for is not of the kind that made the lock.
    pub(crate) fn other_than(&self, locked: &Set<CompilerKind>) -> Option<Diagnostic> {
        let (kind, _) = self.files.first()?;
        let because = self.because.as_deref()?;
        let other = locked.first()?;
        (!locked.iter().any(|locked| is_clang(*locked) == is_clang(*kind))).then(|| {
            let message = format!("CUDA sources are compiled by {kind} ({because}), and `{LOCK_FILE}` is of {other}");
            Diagnostic::warning(Id::OtherCompiler, message).help("unset the variable to use the PTX of the lock")
        })
    }

    fn found(file: &impl Fn(CompilerKind) -> Option<PathBuf>) -> Self {
        let there = |kinds: &[CompilerKind]| -> Vec<(CompilerKind, PathBuf)> {
            kinds.iter().filter_map(|&kind| Some((kind, file(kind)?))).list()
        };
        let mut files = there(&[CompilerKind::Nvrtc, CompilerKind::Nvcc]);
        if files.is_empty() {
            files = there(&[CompilerKind::Clang]);
        }
        Self {
            files,
            because: None,
            passed_over: None,
        }
    }
}

fn is_clang(kind: CompilerKind) -> bool {
    kind == CompilerKind::Clang
}

/// Kinds of the compilers that made the PTX of CUDA sources in the lock of a crate; none where there is no lock.
pub(crate) fn locked_kinds(root: &Path) -> Set<CompilerKind> {
    // All of it is read, and its mistakes are reported, where it is used.
    let text = fs::read_to_string(root.join(LOCK_FILE)).unwrap_or_default();
    let compilers = text.lines().filter_map(|line| line.strip_prefix("compiler = \""));
    compilers
        .filter_map(|compiler| CompilerKind::named(compiler.split(' ').next()?))
        .filter(|kind| kind.language() == Language::Cuda)
        .collect()
}

/// The compiler of Rust kernels, and every file that was looked for. Which one it is depends on how the kernels are written, so
/// build.rs says it.
pub(crate) fn of_rust(kernels: &Kernels, context: &Context) -> (Option<(CompilerKind, PathBuf)>, Vec<PathBuf>) {
    #[cfg(feature = "cuda-builder")]
    if let Some(folder) = &kernels.cuda_builder {
        let (manifest, searched) = rust::cuda_builder::find(&context.env, context.crate_root(), folder);
        return (manifest.map(|file| (CompilerKind::CudaBuilder, file)), searched);
    }
    #[cfg(not(feature = "cuda-builder"))]
    let _ = kernels;
    let (rustc, searched) = rust::find(&context.env);
    (rustc.map(|file| (CompilerKind::Rustc, file)), searched)
}

/// The compilers that answer, and why the others do not.
pub(crate) fn open<'a>(
    choice: &Choice,
    setting: &'a Setting,
    index: &Index,
) -> (Vec<Box<dyn Compiler + 'a>>, Vec<Diagnostic>) {
    let mut compilers: Vec<Box<dyn Compiler + 'a>> = Vec::new();
    let mut problems = Vec::new();
    // The first time each is asked who it is: a library is loaded, programs are started, and one need not wait for the other.
    let opened: Vec<Opened<'a>> = thread::scope(|scope| {
        let (last, others) = match choice.files.split_last() {
            Some((last, others)) => (Some(last), others),
            None => (None, &[][..]),
        };
        let others: Vec<_> = others
            .iter()
            .map(|(kind, file)| scope.spawn(move || open_one(*kind, file, setting, index)))
            .list();
        let last = last.map(|(kind, file)| open_one(*kind, file, setting, index));
        let joined = others.into_iter().map(|thread| match thread.join() {
            Ok(opened) => opened,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.chain(last).list()
    });
    for opened in opened {
        match opened {
            Some(Ok(compiler)) => compilers.push(compiler),
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    (compilers, problems)
}

/// A compiler or why it does not answer; nothing where this crate was compiled without it.
type Opened<'a> = Option<Result<Box<dyn Compiler + 'a>, Diagnostic>>;

fn open_one<'a>(kind: CompilerKind, file: &Path, setting: &'a Setting, index: &Index) -> Opened<'a> {
    fn boxed<'a>(opened: Result<impl Compiler + 'a, Diagnostic>) -> Opened<'a> {
        Some(opened.map(|compiler| Box::new(compiler) as Box<dyn Compiler>))
    }
    match kind {
        CompilerKind::Nvrtc => boxed(Nvrtc::open(file, setting, index)),
        CompilerKind::Nvcc => boxed(Nvcc::open(file, setting, index)),
        CompilerKind::Clang => boxed(Clang::open(file, setting, index)),
        CompilerKind::Rustc => boxed(Rustc::open(file, setting, index)),
        #[cfg(feature = "cuda-builder")]
        CompilerKind::CudaBuilder => boxed(rust::cuda_builder::CudaBuilder::open(file, setting, index)),
        #[cfg(not(feature = "cuda-builder"))]
        CompilerKind::CudaBuilder => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Disk, Env, Os};

    fn kinds(toolkit: &Toolkit, variables: &[(&str, &str)]) -> Result<Vec<CompilerKind>, String> {
        let env = Env::new(Os::host(), variables.iter().copied(), Disk);
        Choice::of(toolkit, &env)
            .map(|choice| choice.files.into_iter().map(|(kind, _)| kind).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn nvrtc_goes_first_unless_nvcc_is_meant() {
        use CompilerKind::{Clang, Nvcc, Nvrtc};
        let some = || Some(PathBuf::from("x"));
        let all = Toolkit {
            nvcc: some(),
            nvrtc: some(),
            clang: some(),
            ..Toolkit::default()
        };
        assert_eq!(kinds(&all, &[]), Ok(vec![Nvrtc, Nvcc]));
        for variable in ["NVCC", "NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS"] {
            assert_eq!(kinds(&all, &[(variable, "x")]), Ok(vec![Nvcc]));
        }
        assert_eq!(kinds(&all, &[("GATE_KERNEL_COMPILER", "clang")]), Ok(vec![Clang]));
        let clang = Toolkit {
            clang: some(),
            ..Toolkit::default()
        };
        assert_eq!(kinds(&clang, &[]), Ok(vec![Clang]));
        assert_eq!(kinds(&Toolkit::default(), &[]), Ok(vec![]));
    }

    #[test]
    fn what_is_named_and_not_there_is_an_error() {
        for variables in [
            ("NVCC", "/no/nvcc"),
            ("GATE_KERNEL_COMPILER", "nvcc"),
            ("GATE_KERNEL_COMPILER", "gcc"),
        ] {
            let error = kinds(&Toolkit::default(), &[variables]).unwrap_err();
            assert!(error.contains(variables.0) && error.contains("help:"), "{error}");
        }
    }
}
