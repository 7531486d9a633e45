//! The builder that a build script uses.

use std::path::PathBuf;

use crate::arch::{Arch, IntoTarget, Target};
use crate::bindings::Declared;
use crate::compiler::Level;
use crate::error::Error;
use crate::headers::Headers;
use crate::product::{Output, Product};
use crate::resources::Budget;
use crate::sorted::{Append as _, Map};

/// Kernels of a crate, to be compiled by its build script.
#[derive(Debug, Default)]
pub struct Kernels {
    pub(crate) cuda: Vec<String>,
    pub(crate) rust: Vec<PathBuf>,
    #[cfg(feature = "cuda-builder")]
    pub(crate) cuda_builder: Option<PathBuf>,
    pub(crate) product: Product,
    pub(crate) excluded: Vec<String>,
    pub(crate) targets: Vec<Target>,
    pub(crate) flags: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) before: Vec<(Arch, String)>,
    pub(crate) includes: Vec<PathBuf>,
    pub(crate) headers: Vec<Headers>,
    pub(crate) prefers_lock: bool,
    pub(crate) declared: Vec<Declared>,
    pub(crate) budgets: Map<String, Budget>,
    pub(crate) compress: bool,
    #[cfg(feature = "companion")]
    pub(crate) companions: Vec<String>,
    /// The first thing that was asked for wrongly; `compile` reports it, so that calls can be chained.
    pub(crate) wrong: Option<Error>,
}

/// What is said of some units.
#[derive(Debug)]
pub(crate) struct Rule {
    pub pattern: String,
    pub flags: Vec<String>,
    pub targets: Vec<Target>,
}

impl Kernels {
    /// No kernels yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No sources yet, of which nvcc is to make a static library of host and device code that this crate links: for functions that launch their
    /// kernels themselves. Device code of one source may call that of another with the flag `-rdc=true`. nvcc's flag `-cudart`
    /// chooses CUDA's runtime library: `static` as nvcc does, `shared` or `none`. Where nvcc is not there, nothing is linked:
    /// `cfg(gate_library = "name")` and the module `OUT_DIR/name.rs` say so.
    #[must_use]
    pub fn static_library(name: &str) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let wrong = (name.is_empty() || !name.chars().all(is_plain) || Output::is_named(name)).then(|| {
            Error::configuration(
                format!("invalid library name `{name}`"),
                "use letters, digits, `_` and `-`, and not the name of an output such as `ptx`",
            )
        });
        Self {
            product: Product::Library(name.to_owned()),
            wrong,
            ..Self::default()
        }
    }

    /// What each unit becomes, if not PTX. Everything else than PTX is made by nvcc, goes into a folder of its own below `OUT_DIR`, and is embedded by the
    /// module `OUT_DIR/cubin.rs`, `fatbin.rs` or `ltoir.rs`.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.product = Product::Units(output);
        self
    }

    /// Leaves out sources that [`Self::cuda`] names: a pattern as there.
    #[must_use]
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.excluded.push(pattern.into());
        self
    }

    /// CUDA sources: a path relative to the crate, in which `*` and `?` stand for parts of a name and `**` for any
    /// number of folders.
    #[must_use]
    pub fn cuda(mut self, pattern: impl Into<String>) -> Self {
        self.cuda.push(pattern.into());
        self
    }

    /// Rust kernels: the folder of a crate, or one file that is the root of a crate without dependencies (edition 2024);
    /// relative to the crate whose build script runs.
    #[must_use]
    pub fn rust(mut self, path: impl Into<PathBuf>) -> Self {
        self.rust.push(path.into());
        self
    }

    /// Has the Rust kernels compiled by `cuda_builder` of Rust-CUDA instead of rustc: `folder` is a checkout of Rust-CUDA with
    /// its `rust-toolchain.toml`, or the crate `cuda_builder` in one, relative to the crate whose build script runs. The
    /// variable `GATE_CUDA_BUILDER` names another folder. Where it or the toolchain that it pins is not there, the kernel lock
    /// is taken, as without any other compiler.
    #[cfg(feature = "cuda-builder")]
    #[must_use]
    pub fn cuda_builder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cuda_builder = Some(folder.into());
        self
    }

    /// What to compile for: architectures, `native` for the GPUs of this machine, `all-major` for every major version that the compiler knows.
    #[must_use]
    pub fn arch<A: IntoTarget>(mut self, targets: impl IntoIterator<Item = A>) -> Self {
        let targets = self.targets_of(targets);
        self.targets.append_all(targets);
        self
    }

    /// What to compile the sources of this pattern for, instead of [`Self::arch`]. `CUDA_COMPUTE_CAP` goes before both.
    #[must_use]
    pub fn arch_for<A: IntoTarget>(mut self, pattern: impl Into<String>, targets: impl IntoIterator<Item = A>) -> Self {
        let targets = self.targets_of(targets);
        self.rules.push(Rule {
            pattern: pattern.into(),
            flags: Vec::new(),
            targets,
        });
        self
    }

    fn targets_of<A: IntoTarget>(&mut self, targets: impl IntoIterator<Item = A>) -> Vec<Target> {
        let mut read = Vec::new();
        for target in targets {
            match target.into_target() {
                Ok(target) => read.push(target),
                Err(error) => {
                    self.wrong.get_or_insert(error);
                }
            }
        }
        read
    }

    /// A flag for the sources of this pattern, after those of [`Self::flag`].
    #[must_use]
    pub fn flag_for(mut self, pattern: impl Into<String>, flag: impl Into<String>) -> Self {
        self.rules.push(Rule {
            pattern: pattern.into(),
            flags: vec![flag.into()],
            targets: Vec::new(),
        });
        self
    }

    /// A flag where a source is compiled for an older architecture than this one: `.flag_before("sm_80", "-DNO_BF16")`.
    #[must_use]
    pub fn flag_before(mut self, arch: &str, flag: impl Into<String>) -> Self {
        match arch.parse() {
            Ok(arch) => self.before.push((arch, flag.into())),
            Err(error) => {
                self.wrong.get_or_insert(error);
            }
        }
        self
    }

    /// Several flags, as [`Self::flag`] takes them.
    #[must_use]
    pub fn flags<F: Into<String>>(mut self, flags: impl IntoIterator<Item = F>) -> Self {
        self.flags.append_all(flags.into_iter().map(Into::into));
        self
    }

    /// A flag for the compilers of CUDA sources, as nvcc spells it.
    #[must_use]
    pub fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// How much compilers optimise device code, of CUDA sources and of Rust kernels: 0 to 3, which is the default. NVRTC and nvcc (12.8 or
    /// later) are told by `--Ofast-compile`: `max` is 0, `mid` is 1, `min` is 2. rustc is given 1 for 0,
    /// at which it would keep all of `core`. Whether products and sums are fused is up to the optimiser: for the same bits at every level
    /// give CUDA sources the flag `--fmad=false`.
    #[must_use]
    pub fn optimize(mut self, level: u8) -> Self {
        match Level::of_number(level) {
            Some(level) => self.flags.append_all(level.flag().map(str::to_owned)),
            None => {
                self.wrong.get_or_insert(Error::configuration(
                    format!("invalid optimization level {level}"),
                    "call `.optimize(…)` with a number from 0 to 3",
                ));
            }
        }
        self
    }

    /// A folder with headers, relative to the crate.
    #[must_use]
    pub fn include(mut self, folder: impl Into<PathBuf>) -> Self {
        self.includes.push(folder.into());
        self
    }

    /// A library of headers, such as CUTLASS: a folder of a git checkout, relative to the crate, often a submodule, and the tag or commit that is
    /// checked out. The lock keeps both. The build fails where the folder is missing or at another revision: nothing is fetched.
    #[must_use]
    pub fn headers(mut self, folder: impl Into<PathBuf>, revision: impl Into<String>) -> Self {
        self.headers.push(Headers::Checkout {
            folder: folder.into(),
            revision: revision.into(),
        });
        self
    }

    /// The headers that a crate brings: the one among the dependencies that has this name under `links`. Its build script says
    /// `cargo::metadata=include=PATH`, and may say `cargo::metadata=version=…` for the lock.
    #[must_use]
    pub fn headers_of(mut self, links: impl Into<String>) -> Self {
        self.headers.push(Headers::Crate(links.into()));
        self
    }

    /// The Rust signature that a kernel is called by, `fn(*const f32, *mut f32, u32)`: the crate does not compile where
    /// the kernel takes something else.
    #[must_use]
    pub fn signature(mut self, kernel: impl Into<String>, signature: &str) -> Self {
        match Declared::new(kernel, signature) {
            Ok(declared) => self.declared.push(declared),
            Err(error) => {
                self.wrong.get_or_insert(Error::configuration(
                    error.to_string(),
                    "write a Rust function type in `.signature(…)`, such as `fn(*const f32, u32)`",
                ));
            }
        }
        self
    }

    /// The most a kernel may take of the hardware on every architecture, as ptxas reports it; the build fails where it
    /// takes more.
    #[must_use]
    pub fn budget(mut self, kernel: impl Into<String>, budget: Budget) -> Self {
        self.budgets.insert(kernel.into(), budget);
        self
    }

    /// Sources in C and C++ for the CPU, a pattern as in [`Self::cuda`]: compiled by the crate `cc` for the target of the
    /// build and linked to this crate. They see the folders of [`Self::include`]. `cc` compiles all of them whenever the
    /// build script runs.
    #[cfg(feature = "companion")]
    #[must_use]
    pub fn companion(mut self, pattern: impl Into<String>) -> Self {
        self.companions.push(pattern.into());
        self
    }

    /// Whether PTX is embedded as a DEFLATE stream, about a tenth of its size, which is inflated when it is loaded. Needs the feature `compress`.
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        if compress && !cfg!(feature = "compress") {
            self.wrong.get_or_insert_with(without_compression);
        }
        self.compress = compress;
        self
    }

    /// Takes PTX from the lock even where a compiler is there, unless `GATE_KERNELS` or `GATE_KERNELS_LOCK` says otherwise; for
    /// exactly the architectures named here, whatever `CUDA_COMPUTE_CAP` says. For a crate that others depend on: it
    /// builds everywhere in no time, from the same PTX, and a source that changed without the lock is an error.
    #[must_use]
    pub fn prefer_lock(mut self) -> Self {
        self.prefers_lock = true;
        self
    }
}

/// What is said where PTX is to be compressed and cannot be.
pub(crate) fn without_compression() -> Error {
    Error::configuration(
        "`.compress(true)` needs the feature `compress` of cargo-gate-build",
        "add `features = [\"compress\"]` to it in `[build-dependencies]`",
    )
}
