//! Where a build runs and what the environment asks of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::compiler::{self, CompilerKind, plain};
use crate::env::Env;
use crate::error::Error;
use crate::sorted::Set;
use crate::toolkit::INPUT_VARIABLES;

/// Where a build runs: what cargo tells a build script, or what a test or a tool chooses.
#[derive(Debug)]
pub struct Context {
    pub(crate) crate_root: PathBuf,
    pub(crate) out_dir: PathBuf,
    pub(crate) env: Env,
}

impl Context {
    /// What cargo tells the build script that this process is.
    ///
    /// # Errors
    /// This process is no build script.
    pub fn of_build_script() -> Result<Self, Error> {
        let env = Env::of_process();
        let named = |name: &str| {
            env.variable(name).map(PathBuf::from).ok_or_else(|| {
                Error::configuration(
                    format!("environment variable `{name}` is not set"),
                    "call `Kernels::compile` from a build script that cargo runs, or use `compile_in`",
                )
            })
        };
        let (crate_root, out_dir) = (named("CARGO_MANIFEST_DIR")?, named("OUT_DIR")?);
        Ok(Self::new(crate_root, out_dir, env))
    }

    /// The crate in the folder `crate_root`, outputs below `out_dir`, and these environment variables. Compilers see
    /// them and no others. Both folders are absolute.
    #[must_use]
    pub fn new(crate_root: impl Into<PathBuf>, out_dir: impl Into<PathBuf>, env: Env) -> Self {
        Self {
            // A directory source may lead through `..`; units are named below the plain path.
            crate_root: plain(&crate_root.into()),
            out_dir: out_dir.into(),
            env,
        }
    }

    /// The same for outputs in a folder of their own.
    pub(crate) fn below(&self, folder: &str) -> Self {
        Self {
            crate_root: self.crate_root.clone(),
            out_dir: self.out_dir.join(folder),
            env: self.env.clone(),
        }
    }

    /// Folder for what this crate keeps between builds.
    pub(crate) fn own(&self) -> PathBuf {
        self.out_dir.join("gate-build")
    }

    /// What the last build left.
    pub(crate) fn state_file(&self) -> PathBuf {
        self.own().join("state")
    }

    pub(crate) fn crate_root(&self) -> &Path {
        &self.crate_root
    }
}

/// What `GATE_KERNELS` asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Compile where a compiler is there, else take the lock, else go without.
    Auto,
    /// Compile, and fail where that cannot be.
    Build,
    /// Take the lock, and fail where that cannot be.
    Locked,
    /// Go without.
    Off,
}

impl Mode {
    /// What the variable says; documentation built by docs.rs goes without unless it says otherwise.
    ///
    /// # Errors
    /// It says something else.
    pub(crate) fn of(env: &Env, prefers_lock: bool) -> Result<Self, Error> {
        let Some(value) = env.variable("GATE_KERNELS") else {
            let writes_lock = env.variable("GATE_KERNELS_LOCK").is_some();
            return Ok(if env.variable("DOCS_RS").is_some() {
                Mode::Off
            } else if prefers_lock && !writes_lock {
                Mode::Locked
            } else {
                Mode::Auto
            });
        };
        match value.to_str() {
            Some("auto") => Ok(Mode::Auto),
            Some("build") => Ok(Mode::Build),
            Some("locked") => Ok(Mode::Locked),
            Some("off") => Ok(Mode::Off),
            _ => Err(Error::configuration(
                format!("invalid value `{}` for `GATE_KERNELS`", value.to_string_lossy()),
                "set it to `auto`, `build`, `locked` or `off`",
            )),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Mode::Auto => "auto",
            Mode::Build => "build",
            Mode::Locked => "locked",
            Mode::Off => "off",
        }
    }
}

/// The compiler that `GATE_KERNEL_COMPILER` names for CUDA sources.
///
/// # Errors
/// It names none.
pub(crate) fn chosen_compiler(env: &Env) -> Result<Option<CompilerKind>, Error> {
    let Some(value) = env.variable("GATE_KERNEL_COMPILER") else {
        return Ok(None);
    };
    value.to_str().and_then(CompilerKind::named).map(Some).ok_or_else(|| {
        Error::configuration(
            format!("invalid value `{}` for `GATE_KERNEL_COMPILER`", value.to_string_lossy()),
            "set it to `nvrtc`, `nvcc` or `clang`",
        )
    })
}

/// How long one compilation may take: `GATE_KERNEL_TIMEOUT` seconds, else half an hour.
///
/// # Errors
/// The variable holds no number.
pub(crate) fn timeout(env: &Env) -> Result<Duration, Error> {
    Ok(Duration::from_secs(env.number("GATE_KERNEL_TIMEOUT")?.unwrap_or(1800)))
}

/// Every variable that may decide about a build, for `cargo::rerun-if-env-changed`; sorted.
pub(crate) fn variables() -> Set<&'static str> {
    let all = INPUT_VARIABLES.iter().chain(compiler::VARIABLES).chain(VARIABLES);
    #[cfg(feature = "cuda-builder")]
    let all = all.chain(crate::rust::cuda_builder::VARIABLES);
    all.copied().collect()
}

/// Variables of this crate.
const VARIABLES: &[&str] = &[
    "CARGO_CFG_TARGET_FEATURE",
    "CUDA_COMPUTE_CAP",
    "DOCS_RS",
    #[cfg(feature = "cuda-builder")]
    "GATE_CUDA_BUILDER",
    "GATE_CACHE_DAYS",
    "GATE_CACHE_DIR",
    "GATE_CACHE_SIZE",
    "GATE_KERNELS",
    "GATE_KERNELS_LOCK",
    "GATE_KERNEL_COMPILER",
    "GATE_KERNEL_TIMEOUT",
    "GATE_RUSTC",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
];
