//! Rust kernels by `cuda_builder` of Rust-CUDA, in processes of its own.
//!
//! `cuda_builder` compiles with the one nightly toolchain that its code generator is written for, and that toolchain is too old
//! for this crate, so no build script can link both. A small program is written that depends on the `cuda_builder` of the user;
//! the pinned toolchain's cargo builds it, once, and runs it for each unit and architecture. Flags of the code generator are
//! left to `cuda_builder`, which knows those of its own version.

mod driver;
mod find;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use self::find::{Toolchain, name_and_version, pinned};
use super::find::sysroot;
use super::printed::{place_of, warnings_of};
use super::programs::{Programs, own_environment, version_of};
use super::sources;
use crate::arch::Arch;
use crate::compiler::{Asked, Compiled, Compiler, CompilerIdentity, CompilerKind, Setting, Text, ptx_of};
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::Fields;
use crate::env::Env;
use crate::index::Index;
use crate::process::Finished;
use crate::store;
use crate::toolkit::Toolkit;
use crate::unit::Unit;

pub(crate) use find::find;

/// Variables that decide where its parts find CUDA and LLVM, and which version that is.
pub(crate) const VARIABLES: &[&str] = &[
    "CUDA_HOME",
    "CUDA_LIBRARY_PATH",
    "CUDA_PATH",
    "CUDA_ROOT",
    "CUDA_TOOLKIT_ROOT_DIR",
    "LLVM_CONFIG",
    "LLVM_LINK_STATIC",
    "PREBUILT_LLVM_URL",
    "USE_PREBUILT_LLVM",
];

/// A `cuda_builder` with the toolchain that it pins.
pub(crate) struct CudaBuilder<'a> {
    manifest: PathBuf,
    toolchain: Toolchain,
    programs: Programs<'a>,
    identity: CompilerIdentity,
    /// Its sources, and the file that pins the toolchain.
    files: Vec<PathBuf>,
    /// Folder of the program that calls it, built at the first compilation.
    driver: OnceLock<Result<PathBuf, Diagnostic>>,
}

impl<'a> CudaBuilder<'a> {
    /// Asks the toolchain for its version and reads the sources of `cuda_builder`.
    ///
    /// # Errors
    /// Nothing pins a toolchain, or that does not answer.
    pub(crate) fn open(manifest: &Path, setting: &'a Setting, index: &Index) -> Result<Self, Diagnostic> {
        let shown = manifest.display();
        let Some(toolchain) = pinned(&setting.env, manifest) else {
            return Err(Diagnostic::error(
                Id::CompilerUnusable,
                format!("cannot tell which toolchain `{shown}` needs"),
            )
            .help("pass a Rust-CUDA checkout, which has a `rust-toolchain.toml`, to `.cuda_builder(…)`"));
        };
        let os = setting.env.os();
        let rustc = toolchain.program(os, "rustc");
        let env = environment(&setting.env, &toolchain, &rustc);
        let version = version_of(&rustc, &env, setting)?;
        let files = sources_of(manifest, &toolchain);
        let mut fields = Fields::new("cuda-builder-1");
        fields.add("rustc", &version);
        let root = root_of(manifest);
        for file in &files {
            let name = file.strip_prefix(root).unwrap_or(file);
            fields.add("file", name.as_os_str().as_encoded_bytes());
            if let Some(digest) = index.digest(file) {
                fields.add("digest", digest.bytes());
            }
        }
        for file in libraries(&setting.env) {
            fields.add("library", file.file_name().unwrap_or_default().as_encoded_bytes());
            if let Some(digest) = index.sample(&file) {
                fields.add("digest", digest.bytes());
            }
        }
        Ok(Self {
            identity: CompilerIdentity {
                kind: CompilerKind::CudaBuilder,
                version: name_and_version(manifest).unwrap_or_default(),
                digest: fields.finish(),
            },
            manifest: manifest.to_path_buf(),
            toolchain,
            programs: Programs {
                rustc,
                version,
                env,
                setting,
            },
            files,
            driver: OnceLock::new(),
        })
    }

    /// The folder of the program that calls `cuda_builder`, built.
    fn driver(&self, scratch: &Path) -> Result<PathBuf, Diagnostic> {
        let ready = self.driver.get_or_init(|| {
            // Without a cache it serves this build alone.
            let cache = store::folder(&self.programs.setting.env);
            let cache = cache.unwrap_or_else(|| scratch.parent().unwrap_or(scratch).to_path_buf());
            let folder = driver::write(&cache, &self.manifest, &self.cargo())?;
            let finished = self.run_cargo("build", &folder, Vec::new())?;
            if finished.status.success() {
                return Ok(folder);
            }
            let name = &self.toolchain.name;
            // A folder is nothing that rustup installs.
            let toolchain = if name.contains(['/', '\\']) {
                "a toolchain with `rust-src`, `rustc-dev` and `llvm-tools`".to_owned()
            } else {
                format!("`rustup toolchain install {name} --component rust-src,rustc-dev,llvm-tools`")
            };
            Err(Diagnostic::error(
                Id::CompilerUnusable,
                format!("cannot build cuda_builder {} with {name}", self.identity.version),
            )
            .output(&finished.text)
            .help(format!(
                "install {toolchain}, LLVM 7 (`LLVM_CONFIG`) and a CUDA toolkit, or set `GATE_KERNELS=locked` to use \
                 the kernel lock"
            )))
        });
        ready.clone()
    }

    fn cargo(&self) -> PathBuf {
        self.toolchain.program(self.programs.setting.env.os(), "cargo")
    }

    /// `cargo <verb>` of the program that calls `cuda_builder`. Cargo is what tells a program where the code generator is that it
    /// was built with.
    fn run_cargo(&self, verb: &str, folder: &Path, more: Vec<OsString>) -> Result<Finished, Diagnostic> {
        let mut arguments: Vec<OsString> = [verb, "--quiet", "--color=never", "--target-dir"]
            .map(OsString::from)
            .into();
        arguments.push(folder.join("target").into());
        arguments.extend(more);
        self.programs.run(&self.cargo(), arguments, folder, &self.programs.env)
    }

    fn refusal(&self, arch: Arch, finished: &Finished) -> Diagnostic {
        let version = &self.identity.version;
        let unknown = finished.status.code() == Some(driver::UNKNOWN_ARCH);
        let (id, what) = if unknown {
            (Id::ArchUnsupported, "cannot compile")
        } else {
            (Id::SourceRefused, "failed to compile it")
        };
        let mut refusal =
            Diagnostic::error(id, format!("cuda_builder {version} {what} for {arch}")).output(&finished.text);
        refusal.place = place_of(&finished.text).map(Box::new);
        if unknown {
            refusal = refusal.help(format!(
                "use a later Rust-CUDA, or an `.arch(…)` other than {arch} in build.rs"
            ));
        }
        refusal
    }
}

impl Compiler for CudaBuilder<'_> {
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
        if unit.path.is_file() {
            return Err(
                Diagnostic::error(Id::Configuration, "cuda_builder compiles crates, not single files")
                    .help("pass a crate directory with a `Cargo.toml` to `.rust(…)`"),
            );
        }
        let driver = self.driver(scratch)?;
        let asked = Asked::of_rust(flags);
        let (output, dependency_file) = (scratch.join("out.ptx"), scratch.join("out.d"));
        let target = Target::of(&driver, unit, arch)?;
        let optimises = if asked.level.number() == 0 { "0" } else { "1" };
        let mut arguments: Vec<OsString> = vec!["--".into(), unit.path.clone().into(), arch.compute().into()];
        arguments.extend([&output, &dependency_file, &target.folder].map(OsString::from));
        arguments.push(optimises.into());
        let finished = self.run_cargo("run", &driver, arguments)?;
        let variables = sources::variables(&self.programs.setting.env, &target.folder);
        drop(target);
        if !finished.status.success() {
            return Err(self.refusal(arch, &finished));
        }
        Ok(Compiled {
            ptx: ptx_of(&output, "cuda_builder", &finished.text)?,
            dependencies: sources::read(self.programs.setting, unit, &dependency_file, "cargo")?,
            warnings: warnings_of(&finished.text),
            preprocessed: None,
            variables,
        })
    }

    fn files(&self) -> Vec<PathBuf> {
        self.files.clone()
    }

    fn inputs(&self) -> Vec<(String, String)> {
        self.programs.setting.variables(VARIABLES)
    }
}

/// Where the kernels of one crate are compiled for one architecture: kept, because the standard library is compiled along, and
/// locked, because another build would put its own PTX there before this one is read.
struct Target {
    folder: PathBuf,
    _lock: fs::File,
}

impl Target {
    fn of(driver: &Path, unit: &Unit, arch: Arch) -> Result<Self, Diagnostic> {
        let mut fields = Fields::new("gate-build cuda-builder target 1");
        fields.add("crate", unit.path.as_os_str().as_encoded_bytes());
        fields.add("arch", arch.to_string());
        let folder = driver.join("kernels").join(fields.finish().prefix(32));
        let lock = fs::create_dir_all(&folder).and_then(|()| {
            let lock = fs::File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(folder.with_extension("lock"))?;
            lock.lock()?;
            Ok(lock)
        });
        let lock = lock.map_err(|error| {
            Diagnostic::error(Id::FileAccess, format!("cannot lock `{}`: {error}", folder.display()))
                .help("set `GATE_CACHE_DIR` to a writable directory")
        })?;
        Ok(Self { folder, _lock: lock })
    }
}

/// The environment of the pinned toolchain: what `cuda_builder` starts by name is found there.
fn environment(env: &Env, toolchain: &Toolchain, rustc: &Path) -> Env {
    let path = std::iter::once(toolchain.bin.clone()).chain(env.search_path());
    // A folder that cannot stand in PATH is no place for a toolchain.
    let path = std::env::join_paths(path).unwrap_or_else(|_| toolchain.bin.clone().into());
    own_environment(
        env,
        &[
            ("PATH", path.as_os_str()),
            ("RUSTC", rustc.as_os_str()),
            ("RUSTUP_TOOLCHAIN", std::ffi::OsStr::new(&toolchain.name)),
        ],
    )
}

/// Of a checkout its root, of the crate alone its folder.
fn root_of(manifest: &Path) -> &Path {
    let folder = manifest.parent().unwrap_or(manifest);
    match folder.parent() {
        Some(crates) if crates.file_name().is_some_and(|name| name == "crates") => crates.parent().unwrap_or(crates),
        _ => folder,
    }
}

/// What decides about the code generator: the sources of all crates of a checkout, and what it pins. Sorted.
fn sources_of(manifest: &Path, toolchain: &Toolchain) -> Vec<PathBuf> {
    let root = root_of(manifest);
    let crates = root.join("crates");
    let mut files = vec![toolchain.pin.clone()];
    files.extend(["Cargo.toml", "Cargo.lock"].map(|name| root.join(name)));
    walk(if crates.is_dir() { &crates } else { root }, &mut files);
    files.retain(|file| file.is_file());
    files.sort();
    files.dedup();
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            walk(&entry.path(), files);
        } else if !is_folder {
            files.push(entry.path());
        }
    }
}

/// NVVM and libdevice of the CUDA toolkits that the variables name and that nvcc belongs to.
fn libraries(env: &Env) -> Vec<PathBuf> {
    let named = VARIABLES
        .iter()
        .filter(|name| name.starts_with("CUDA_"))
        .filter_map(|name| env.variable(name).map(PathBuf::from));
    let toolkit = Toolkit::discover(env);
    let roots = named.chain(toolkit.nvcc.as_deref().and_then(sysroot).map(Path::to_path_buf));
    let folders = roots.flat_map(|root| {
        let nvvm = root.join("nvvm");
        ["bin", "lib64", "libdevice"].map(|name| nvvm.join(name))
    });
    folders
        .flat_map(|folder| {
            let names = env.names(&folder);
            names.into_iter().map(move |name| folder.join(name))
        })
        .filter(|file| env.is_file(file))
        .collect()
}
