//! Cargo's view, its files and its surroundings.

use std::path::Path;

use semver::Version;

use crate::{Context, Declares, Inputs};
use gate_base::digest::DigestBuilder;
use gate_policy::Policy;
use gate_suites::interference::{self, Interference};
use gate_world::cargo::{CargoModel, Dependency, Resolution};
use gate_world::config::CargoConfig as Config;
use gate_world::environment::Environment;
use gate_world::git::Git;
use gate_world::lockfile;
use gate_world::manifest::Manifest;
use gate_world::toolchain::{self, Rustc};

use crate::declared::{Input, InputState, known};

/// Members, targets and dependencies as cargo sees them, and whether they resolve under `--locked`.
pub struct Cargo;

impl Input for Cargo {
    const NAME: &'static str = "cargo metadata";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            add_model(inputs, digest);
            digest.part(&serde_json::to_vec(&placeless_resolution(inputs)).unwrap_or_default());
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path == "Cargo.lock"
    }
}

impl<'a, R: Declares<Cargo>> Context<'a, R> {
    /// Members, targets, dependencies.
    pub fn cargo(&self) -> &'a CargoModel {
        self.inputs.workspace.cargo()
    }

    /// What resolving under `--locked` said.
    pub fn resolution(&self) -> &'a Resolution {
        self.inputs.workspace.resolution()
    }
}

/// Text of all manifests of the workspace.
pub struct Manifests;

impl Input for Manifests {
    const NAME: &'static str = "manifests";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.digest(&inputs.workspace.manifests_digest());
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path == "Cargo.toml" || path.ends_with("/Cargo.toml")
    }
}

impl<'a, R: Declares<Manifests>> Context<'a, R> {
    /// Manifests with positions, the root first.
    pub fn manifests(&self) -> &'a [Manifest] {
        self.inputs.workspace.manifests()
    }
}

/// `Cargo.lock`: its bytes, whether it is tracked, whether it is ignored.
pub struct Lockfile;

impl Input for Lockfile {
    const NAME: &'static str = "lockfile";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let lockfile = inputs.workspace.lockfile();
        if lockfile.exists && lockfile.digest.is_none() {
            return InputState::Volatile;
        }
        known::<Self>(|digest| {
            digest.part(&[u8::from(lockfile.exists), u8::from(lockfile.ignored)]);
            digest.part(format!("{:?}", lockfile.tracked).as_bytes());
            if let Some(bytes) = &lockfile.digest {
                digest.digest(bytes);
            }
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        matches!(path, "Cargo.lock" | ".gitignore")
    }
}

impl<'a, R: Declares<Lockfile>> Context<'a, R> {
    /// State of `Cargo.lock`.
    pub fn lockfile(&self) -> &'a lockfile::Lockfile {
        self.inputs.workspace.lockfile()
    }
}

/// Cargo's configuration files.
pub struct CargoConfig;

impl Input for CargoConfig {
    const NAME: &'static str = "cargo configuration";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            for layer in &inputs.workspace.config().layers {
                // Two checkouts of one commit have the same inputs, wherever they lie.
                let path = layer.path.strip_prefix(inputs.workspace.root()).unwrap_or(&layer.path);
                digest.part(path.as_os_str().as_encoded_bytes()).digest(&layer.digest);
            }
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path.starts_with(".cargo/")
    }
}

impl<'a, R: Declares<CargoConfig>> Context<'a, R> {
    /// Cargo's configuration.
    pub fn config(&self) -> &'a Config {
        self.inputs.workspace.config()
    }
}

/// `CARGO_PROFILE_*`, `CARGO_INCREMENTAL` and the like.
pub struct CargoEnvironment;

impl Input for CargoEnvironment {
    const NAME: &'static str = "cargo environment variables";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            for prefix in ["CARGO_PROFILE_", "CARGO_INCREMENTAL", "CARGO_BUILD_"] {
                for (name, value) in inputs.workspace.environment().with_prefix(prefix) {
                    digest.part(name.as_bytes()).part(value.as_encoded_bytes());
                }
            }
        })
    }
}

impl<'a, R: Declares<CargoEnvironment>> Context<'a, R> {
    /// Environment variables that configure cargo.
    pub fn environment(&self) -> &'a Environment {
        self.inputs.workspace.environment()
    }
}

/// Environment variables that change what suites find.
pub struct SuiteVariables;

impl Input for SuiteVariables {
    const NAME: &'static str = "variables of test tools";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            for (name, interference) in interference::found(inputs.workspace.environment()) {
                digest.part(name.as_bytes()).part(interference.words().as_bytes());
            }
        })
    }
}

impl<'a, R: Declares<SuiteVariables>> Context<'a, R> {
    /// Environment variables that change what suites find.
    pub fn interference(&self) -> impl Iterator<Item = (&'static str, Interference)> + use<'a, R> {
        interference::found(self.inputs.workspace.environment())
    }
}

/// The toolchain file.
pub struct ToolchainFile;

impl Input for ToolchainFile {
    const NAME: &'static str = "toolchain file";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let file = &inputs.workspace.toolchain().file;
        known::<Self>(|digest| {
            digest.part(format!("{file:?}").as_bytes());
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        matches!(path, "rust-toolchain.toml" | "rust-toolchain")
    }
}

impl<'a, R: Declares<ToolchainFile>> Context<'a, R> {
    /// The toolchain file.
    pub fn toolchain_file(&self) -> Option<&'a toolchain::ToolchainFile> {
        self.inputs.workspace.toolchain().file.as_ref()
    }
}

/// The compiler that cargo would use.
pub struct Toolchain;

impl Input for Toolchain {
    const NAME: &'static str = "toolchain";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let toolchain = inputs.workspace.toolchain();
        match &toolchain.rustc {
            Ok(rustc) => known::<Self>(|digest| {
                digest.part(format!("{rustc:?}").as_bytes());
                digest.part(toolchain.cargo.to_string().as_bytes());
            }),
            Err(_) => InputState::Volatile,
        }
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        ToolchainFile::covers(path, policy)
    }
}

impl<'a, R: Declares<Toolchain>> Context<'a, R> {
    /// The compiler that cargo would use.
    ///
    /// # Errors
    /// Why there is none.
    pub fn rustc(&self) -> Result<&'a Rustc, &'a str> {
        self.inputs.workspace.toolchain().rustc.as_ref().map_err(String::as_str)
    }
}

/// Adds the model without where on this machine things lie: what checks say about it does not depend on that. What
/// stays is where the workspace lies in its repository, and paths to packages outside of both. Field by field, as
/// this is a part of every run: what is added to the model must be added here, says the compiler.
fn add_model(inputs: &Inputs<'_>, digest: &mut DigestBuilder) {
    let CargoModel {
        root,
        target_dir: _,
        build_dir: _,
        members,
        dependencies,
    } = inputs.workspace.cargo();
    let in_repository = |git: &Git| root.strip_prefix(&git.top).ok().map(Path::to_path_buf);
    let place = inputs.workspace.git().and_then(in_repository).unwrap_or_default();
    digest.part(place.as_os_str().as_encoded_bytes());
    digest.part(&serde_json::to_vec(members).unwrap_or_default());
    digest.part(&(dependencies.len() as u64).to_le_bytes());
    for dependency in dependencies {
        let Dependency {
            name,
            version,
            source,
            manifest,
            checksum,
        } = dependency;
        digest
            .part(name.as_bytes())
            .part(&version_bytes(version))
            .part(checksum.as_deref().unwrap_or_default().as_bytes());
        match source {
            // Unpacked below cargo's home, as the source says.
            Some(source) => digest.part(b"source").part(source.as_bytes()),
            None => {
                let below = manifest.strip_prefix(root).unwrap_or(manifest);
                digest.part(b"path").part(below.as_os_str().as_encoded_bytes())
            }
        };
    }
}

/// What resolving said, without the path of the workspace in cargo's words.
fn placeless_resolution(inputs: &Inputs<'_>) -> Resolution {
    let root = inputs.workspace.root().to_string_lossy();
    let placeless = |text: &String| text.replace(&*root, "");
    match inputs.workspace.resolution() {
        Resolution::Locked => Resolution::Locked,
        Resolution::NoLockfile => Resolution::NoLockfile,
        Resolution::Stale(text) => Resolution::Stale(placeless(text)),
        Resolution::Unreadable(text) => Resolution::Unreadable(placeless(text)),
        Resolution::Unavailable(text) => Resolution::Unavailable(placeless(text)),
    }
}

/// A version as bytes that differ where versions differ, which their formatting costs far more to say.
fn version_bytes(version: &Version) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    for number in [version.major, version.minor, version.patch] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(version.pre.as_bytes());
    bytes.push(b'+');
    bytes.extend_from_slice(version.build.as_bytes());
    bytes
}
