//! Which cargo and which rustc, and what identifies them without starting them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::error::{Error, ErrorKind, Result};

use super::super::config::CargoConfig;
use super::super::environment::Environment;
use super::super::index::Stamp;
use super::file;

/// The programs of the toolchain.
#[derive(Debug, Clone)]
pub struct Programs {
    /// cargo: the one that started this tool, else the one on the `PATH`.
    pub cargo: PathBuf,
    /// rustc as cargo would choose it; `None` when there is none.
    pub rustc: Option<PathBuf>,
    /// Changes whenever either could be another program or answer differently.
    pub identity: Digest,
}

impl Programs {
    /// Finds the programs for a cargo started in `cwd`.
    ///
    /// # Errors
    /// There is no cargo.
    pub fn find(cwd: &Path, environment: &Environment, config: &CargoConfig) -> Result<Self> {
        let cargo = find_cargo(cwd, environment)?;
        let rustc = find_rustc(&cargo, cwd, environment, config);
        let mut builder = DigestBuilder::new("toolchain");
        for program in [Some(&cargo), rustc.as_ref()] {
            stamp(program.map(PathBuf::as_path), &mut builder);
        }
        for name in ["RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "RUSTC_BOOTSTRAP"] {
            builder.part(environment.get(name).map_or(&[], OsStr::as_encoded_bytes));
        }
        // On the `PATH` there are usually rustup's proxies, which choose by these.
        if let Some(path) = file::find(cwd) {
            builder.part(&std::fs::read(path).unwrap_or_default());
        }
        if let Some(home) = environment.rustup_home(cwd) {
            builder.part(&std::fs::read(home.join("settings.toml")).unwrap_or_default());
            let mut installed: Vec<PathBuf> = std::fs::read_dir(home.join("toolchains"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .collect();
            installed.sort();
            for toolchain in installed {
                for program in ["cargo", "rustc"] {
                    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
                    stamp(Some(&toolchain.join("bin").join(name)), &mut builder);
                }
            }
        }
        Ok(Self {
            cargo,
            rustc,
            identity: builder.finish(),
        })
    }
}

/// Adds path, size and time of a program.
fn stamp(program: Option<&Path>, builder: &mut DigestBuilder) {
    let Some(program) = program else {
        builder.part(b"none");
        return;
    };
    builder.part(program.as_os_str().as_encoded_bytes());
    if let Ok(meta) = std::fs::metadata(program) {
        let stamp = Stamp::of(&meta);
        builder
            .part(&stamp.size.to_le_bytes())
            .part(&stamp.modified.to_le_bytes());
    }
}

fn find_cargo(cwd: &Path, environment: &Environment) -> Result<PathBuf> {
    let missing = |what: String| {
        Error::new(ErrorKind::ToolchainMissing, what)
            .with_help("install a Rust toolchain with rustup, or set CARGO to the path of cargo")
    };
    match environment.path("CARGO") {
        Some(named) => environment.find_program(named.as_os_str(), cwd).ok_or_else(|| {
            missing(format!(
                "`CARGO` is set to `{}`, which is not a program",
                named.display()
            ))
        }),
        None => environment
            .find_program(OsStr::new("cargo"), cwd)
            .ok_or_else(|| missing("`cargo` is not on PATH".into())),
    }
}

/// In cargo's order: `RUSTC`, `build.rustc` of the environment, `build.rustc` of the files, and then the rustc of the
/// same toolchain, which saves starting rustup's proxy.
fn find_rustc(cargo: &Path, cwd: &Path, environment: &Environment, config: &CargoConfig) -> Option<PathBuf> {
    let named = environment
        .path("RUSTC")
        .or_else(|| environment.path("CARGO_BUILD_RUSTC"))
        .or_else(|| config.get("build.rustc").and_then(|found| found.to_program()));
    if let Some(named) = named {
        return environment.find_program(named.as_os_str(), cwd);
    }
    let sibling = environment
        .path("CARGO")
        .filter(|named| named.is_absolute())
        .and_then(|_| environment.find_program(cargo.with_file_name("rustc").as_os_str(), cwd));
    sibling.or_else(|| environment.find_program(OsStr::new("rustc"), cwd))
}
