//! Digests of the inputs that checks declare, each computed once per run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use semver::Version;

use crate::base::digest::{Digest, DigestBuilder};
use crate::base::stage::Stage;
use crate::ci;
use crate::contract::{Input, register_commits};
use crate::kernels;
use crate::library::Coverage;
use crate::policy::{Policy, ReleasePolicy, RuntimePolicy};
use crate::stability::Sources;
use crate::suites::interference;
use crate::suites::reach::{Reach, reach};
use crate::surveys::{Surveys, document};
use crate::workspace::cargo::{CargoModel, Dependency, Resolution};
use crate::workspace::files::{File, FileKind};
use crate::workspace::git::Git;

/// State of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputState {
    /// It has this digest.
    Known(Digest),
    /// It has no digest that could vouch for it (the history with its clock, a file that cannot be read): evidence
    /// over it is never reused.
    Volatile,
}

/// Digests of all inputs of one workspace under one policy.
#[derive(Debug)]
pub struct InputDigests<'a> {
    workspace: &'a Surveys,
    policy: &'a Policy,
    stage: Stage,
    now: Timestamp,
    known: BTreeMap<Input, OnceLock<InputState>>,
    outside: OnceLock<Option<(String, Option<Digest>)>>,
}

impl<'a> InputDigests<'a> {
    /// Nothing is computed before it is asked for.
    pub fn new(workspace: &'a Surveys, policy: &'a Policy, stage: Stage, now: Timestamp) -> Self {
        let known = Input::ALL.iter().map(|input| (*input, OnceLock::new())).collect();
        Self {
            workspace,
            policy,
            stage,
            now,
            known,
            outside: OnceLock::new(),
        }
    }

    /// What suites read beyond the workspace root, as a named part of their fingerprints: the files of the repository
    /// where a path dependency lies there, and something without a digest where one lies outside of it.
    pub fn outside_root(&self) -> Option<(String, Option<Digest>)> {
        let state = || match reach(self.workspace) {
            Reach::Root => None,
            Reach::Repository(top) => {
                let files = self.workspace.files_around(&top).ok();
                let digest = files.and_then(|files| files.digest_of(|_| true));
                Some(("files of the repository".to_owned(), digest))
            }
            Reach::Elsewhere { path, .. } => Some((format!("`{path}` outside the repository"), None)),
        };
        self.outside.get_or_init(state).clone()
    }

    /// State of one input.
    pub fn state(&self, input: Input) -> InputState {
        match self.known.get(&input) {
            Some(slot) => *slot.get_or_init(|| self.compute(input)),
            None => self.compute(input),
        }
    }

    fn compute(&self, input: Input) -> InputState {
        let mut digest = DigestBuilder::new(input.name());
        match input {
            Input::Cargo => {
                self.add_model(&mut digest);
                digest.part(&serde_json::to_vec(&self.placeless_resolution()).unwrap_or_default());
            }
            Input::Manifests => {
                digest.digest(&self.workspace.manifests_digest());
            }
            Input::Lockfile => {
                let lockfile = self.workspace.lockfile();
                digest.part(&[u8::from(lockfile.exists), u8::from(lockfile.ignored)]);
                digest.part(format!("{:?}", lockfile.tracked).as_bytes());
                if let Some(bytes) = lockfile.digest {
                    digest.digest(&bytes);
                } else if lockfile.exists {
                    return InputState::Volatile;
                }
            }
            Input::CargoConfig => {
                for layer in &self.workspace.config().layers {
                    // Two checkouts of one commit have the same inputs, wherever they lie.
                    let path = layer.path.strip_prefix(self.workspace.root()).unwrap_or(&layer.path);
                    digest.part(path.as_os_str().as_encoded_bytes()).digest(&layer.digest);
                }
            }
            Input::CargoEnvironment => {
                for prefix in ["CARGO_PROFILE_", "CARGO_INCREMENTAL", "CARGO_BUILD_"] {
                    for (name, value) in self.workspace.environment().with_prefix(prefix) {
                        digest.part(name.as_bytes()).part(value.as_encoded_bytes());
                    }
                }
            }
            Input::SuiteVariables => {
                for (name, interference) in interference::found(self.workspace.environment()) {
                    digest.part(name.as_bytes()).part(interference.words().as_bytes());
                }
            }
            Input::ToolchainFile => {
                digest.part(format!("{:?}", self.workspace.toolchain().file).as_bytes());
            }
            Input::Toolchain => match &self.workspace.toolchain().rustc {
                Ok(rustc) => {
                    digest.part(format!("{rustc:?}").as_bytes());
                    digest.part(self.workspace.toolchain().cargo.to_string().as_bytes());
                }
                Err(_) => return InputState::Volatile,
            },
            Input::GitHead => {
                let git = self.workspace.git();
                digest.part(&[u8::from(git.is_some())]);
                digest.part(git.and_then(|git| git.head.as_deref()).unwrap_or_default().as_bytes());
            }
            Input::GitTags => {
                let git = self.workspace.git();
                digest.part(&[u8::from(git.is_some())]);
                match self.workspace.tags() {
                    None => {}
                    Some(Ok(tags)) => {
                        for tag in tags {
                            digest.part(tag.name.as_bytes()).part(tag.commit.as_bytes());
                        }
                    }
                    Some(Err(_)) => return InputState::Volatile,
                }
            }
            Input::GitStatus => {
                let git = self.workspace.git();
                digest.part(&[
                    u8::from(git.is_some()),
                    u8::from(git.is_some_and(|git| git.head.is_some())),
                ]);
                for dirty in git.map(|git| git.dirty.as_slice()).unwrap_or_default() {
                    digest.part(dirty.path.as_bytes()).part(&[u8::from(dirty.untracked)]);
                }
            }
            Input::CiFiles => return self.ci_files(),
            Input::RustSources => {
                return self.files(|file| file.path.ends_with(".rs"));
            }
            Input::AllFiles => {
                if self
                    .workspace
                    .files()
                    .iter()
                    .any(|file| file.kind == FileKind::Unreadable)
                {
                    return InputState::Volatile;
                }
                digest.digest(&self.workspace.files().content_digest());
            }
            Input::FileNames => {
                digest.digest(&self.workspace.files().names_digest());
            }
            Input::MachinePaths => {
                // What is found and not what is looked for: two machines that find nothing have the same input.
                for (file, path) in &self.workspace.secrets().machine {
                    let place = format!("{}:{}:{}", path.line, path.column, path.length);
                    digest.part(file.as_bytes()).part(place.as_bytes());
                }
            }
            Input::BoundaryInventory => {
                let path = self.policy.inventory_path();
                return self.files(|file| file.path == path);
            }
            Input::AdvisoryDb => {
                match self.workspace.advisories(self.policy.advisory_db()).fingerprint() {
                    Some(state) => digest.digest(&state),
                    None => return InputState::Volatile,
                };
            }
            Input::Release => {
                let stability = self.policy.stability.as_ref();
                match stability.map(|stability| Sources::of(self.workspace).release(&stability.reference)) {
                    Some(Ok(release)) => drop(digest.part(release.name.as_bytes()).part(release.commit.as_bytes())),
                    Some(Err(_)) => return InputState::Volatile,
                    None => drop(digest.part(b"none")),
                }
            }
            Input::Documents => {
                return self.files(|file| self.workspace.is_document(file) || document::is_ignore_file(file));
            }
            Input::DocumentsAbove => drop(digest.digest(&self.workspace.above().digest())),
            Input::KernelLocks => match kernels::named_files(self.workspace) {
                Some(paths) => return self.files(|file| paths.contains(&file.path)),
                None => return InputState::Volatile,
            },
            Input::KernelRebuild => match kernels::rebuild::bytes(self.workspace) {
                Some(record) => drop(digest.part(&record)),
                None => drop(digest.part(b"none")),
            },
            Input::PanicInventory => {
                let path = self.policy.panic_inventory_path();
                return self.files(|file| file.path == path);
            }
            Input::ReleaseFiles => {
                let release = self.policy.release.as_ref();
                let paths: Vec<&str> = release.into_iter().flat_map(ReleasePolicy::paths).collect();
                return self.files(|file| paths.contains(&file.path.as_str()));
            }
            Input::RuntimeRecords => {
                let runtime = self.policy.runtime.as_ref();
                for path in runtime.into_iter().flat_map(RuntimePolicy::paths) {
                    // A run writes them beside the tracked files, so they are read rather than looked up. One that is
                    // not there yet may be there for the next check.
                    match self.workspace.read(path) {
                        Ok(bytes) => drop(digest.part(path.as_bytes()).part(&bytes)),
                        Err(_) => return InputState::Volatile,
                    }
                }
            }
            Input::CacheReports => {
                let cache = self.policy.cache.as_ref();
                for path in cache.into_iter().flat_map(|cache| &cache.reports) {
                    // Written by builds, as records of runs are by runs.
                    match self.workspace.read(path) {
                        Ok(bytes) => drop(digest.part(path.as_bytes()).part(&bytes)),
                        Err(_) => return InputState::Volatile,
                    }
                }
            }
            Input::Coverage => {
                let failure = self.policy.failure.as_ref();
                match failure.and_then(|failure| failure.coverage.as_deref()) {
                    Some(path) => match Coverage::read(self.workspace, path) {
                        Ok(coverage) => drop(digest.part(&coverage.identity())),
                        Err(_) => return InputState::Volatile,
                    },
                    None => drop(digest.part(b"none")),
                }
            }
            Input::PolicyTiers
            | Input::PolicyProfiles
            | Input::PolicyBoundary
            | Input::PolicyConformance
            | Input::PolicyDocs
            | Input::PolicyDeprecations
            | Input::PolicyFailure
            | Input::PolicyGenerated
            | Input::PolicyUses
            | Input::PolicyKernels
            | Input::PolicyCache
            | Input::PolicyRelease
            | Input::PolicyRuntime
            | Input::PolicyStability
            | Input::PolicyClaims
            | Input::PolicyPaths
            | Input::PolicySecrets
            | Input::PolicyStages
            | Input::PolicySuites
            | Input::PolicyCi
            | Input::PolicySupply
            | Input::PolicyToolchain
            | Input::PolicyOwners
            | Input::PolicyRecord
            | Input::PolicyRegister
            | Input::PolicyChecklist
            | Input::PolicyWaivers
            | Input::PolicyFile => {
                digest.part(&crate::contract::slice::slice(self.policy, input));
            }
            Input::RegisterCommits => match register_commits(self.workspace, self.policy) {
                Ok(states) => {
                    for (commit, state) in &states {
                        digest.part(commit.as_bytes()).part(state.name().as_bytes());
                    }
                }
                Err(_) => return InputState::Volatile,
            },
            Input::Today => {
                digest.part(self.now.to_zoned(TimeZone::UTC).date().to_string().as_bytes());
            }
            Input::Stage => {
                digest.part(self.stage.name().as_bytes());
            }
            Input::CodeOwners => {
                if let Some((path, text, below)) = self.workspace.code_owners() {
                    digest.part(path.as_bytes()).part(&text).part(below.as_bytes());
                }
            }
            Input::Artifacts | Input::History | Input::Outcomes | Input::WaiverUse => return InputState::Volatile,
        }
        InputState::Known(digest.finish())
    }

    /// Adds the model without where on this machine things lie: what checks say about it does not depend on that. What
    /// stays is where the workspace lies in its repository, and paths to packages outside of both. Field by field, as
    /// this is a part of every run: what is added to the model must be added here, says the compiler.
    fn add_model(&self, digest: &mut DigestBuilder) {
        let CargoModel {
            root,
            target_dir: _,
            members,
            dependencies,
        } = self.workspace.cargo();
        let in_repository = |git: &'a Git| root.strip_prefix(&git.top).ok();
        let place = self.workspace.git().and_then(in_repository).unwrap_or(Path::new(""));
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
    fn placeless_resolution(&self) -> Resolution {
        let root = self.workspace.root().to_string_lossy();
        let placeless = |text: &String| text.replace(&*root, "");
        match self.workspace.resolution() {
            Resolution::Locked => Resolution::Locked,
            Resolution::NoLockfile => Resolution::NoLockfile,
            Resolution::Stale(text) => Resolution::Stale(placeless(text)),
            Resolution::Unreadable(text) => Resolution::Unreadable(placeless(text)),
            Resolution::Unavailable(text) => Resolution::Unavailable(placeless(text)),
        }
    }

    /// Everything that CI files may be made of. Above the workspace there are no digests: there it is what was read.
    fn ci_files(&self) -> InputState {
        let scripts = self.policy.ci_scripts();
        if ci::is_within(self.workspace.root(), self.workspace.git()) {
            return self.files(|file| ci::may_read(&file.path) || scripts.contains(&file.path));
        }
        let read = self.workspace.ci(scripts).digest;
        read.map_or(InputState::Volatile, InputState::Known)
    }

    /// Digest over the files that `keep` accepts; [`InputState::Volatile`] when one of them cannot be read.
    pub fn files(&self, keep: impl FnMut(&File) -> bool) -> InputState {
        self.workspace
            .files()
            .digest_of(keep)
            .map_or(InputState::Volatile, InputState::Known)
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
