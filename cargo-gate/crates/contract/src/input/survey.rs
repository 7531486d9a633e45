//! What follows from many files: code, secrets, advisories, interfaces.

use std::collections::BTreeMap;

use crate::{Context, Declares, Inputs};
use gate_govern::migration::protocol::{self, OpenMigration};
use gate_policy::{KindPolicy, Policy, StabilityPolicy, SupplyPolicy};
use gate_report::Reason;
use gate_report::claim::PackageKind;
use gate_rust::boundary::survey::Survey;
use gate_rust::facts::UsedPath;
use gate_rust::library::Survey as Library;
use gate_rust::uses::{self, Used};
use gate_surveys::stability::{self, Comparison};
use gate_surveys::supply::Opened;
use gate_surveys::supply::index;
use gate_text::secrets::file::MachinePath;
use gate_text::secrets::survey::SecretSurvey;

use super::{AllFiles, Cargo, Documents, FileNames, Lockfile, Manifests, RustSources};
use crate::declared::{Input, InputState, known};

/// Kinds of packages follow from their targets, and from their dependencies as manifests declare them.
impl<R: Declares<Cargo> + Declares<Manifests> + Declares<KindPolicy>> Context<'_, R> {
    /// Kinds of the packages that the claim is limited to (all members, where it is not), in the order of their names.
    pub fn kinds(&self) -> Vec<PackageKind> {
        self.inputs.workspace.kinds(self.inputs.policy, self.inputs.packages)
    }
}

/// The code of members: cargo says whose a file is, and the names of files where other packages begin.
impl<'a, R: Declares<RustSources> + Declares<Cargo> + Declares<FileNames>> Context<'a, R> {
    /// Raw boundaries of all members.
    pub fn boundaries(&self) -> &'a Survey {
        self.inputs.workspace.boundaries()
    }

    /// Library code of all members.
    pub fn library(&self) -> &'a Library {
        self.inputs.workspace.library()
    }

    /// What libraries and binaries use.
    ///
    /// # Errors
    /// The first file that cannot be read, with the reason.
    pub fn uses(&self) -> Result<BTreeMap<UsedPath, Used>, (String, String)> {
        uses::survey(self.inputs.workspace.cargo(), self.inputs.workspace.code())
    }
}

impl<'a, R: Declares<AllFiles> + Declares<FileNames>> Context<'a, R> {
    /// Secrets and home directories in the tracked files.
    pub fn secrets(&self) -> &'a SecretSurvey {
        self.inputs.workspace.secrets()
    }
}

/// Where tracked files name directories that exist on this machine only: the workspace and the home directory.
pub struct MachinePaths;

impl Input for MachinePaths {
    const NAME: &'static str = "paths of this machine";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            // What is found and not what is looked for: two machines that find nothing have the same input.
            for (file, path) in &inputs.workspace.secrets().machine {
                let place = format!("{}:{}:{}", path.line, path.column, path.length);
                digest.part(file.as_bytes()).part(place.as_bytes());
            }
        })
    }
}

impl<'a, R: Declares<MachinePaths> + Declares<AllFiles> + Declares<FileNames>> Context<'a, R> {
    /// Paths of this machine in the tracked files, each with its file.
    pub fn machine_paths(&self) -> &'a [(String, MachinePath)] {
        &self.secrets().machine
    }
}

/// The advisory databases: where they lie, what they hold, and what the one of the last run held.
pub struct AdvisoryDb;

impl Input for AdvisoryDb {
    const NAME: &'static str = "advisory database";

    fn state(inputs: &Inputs<'_>) -> InputState {
        match inputs.workspace.advisories(inputs.policy.advisory_db()).fingerprint() {
            Some(state) => known::<Self>(|digest| {
                digest.digest(&state);
            }),
            None => InputState::Volatile,
        }
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        let declared = policy.advisory_db();
        declared.is_some_and(|database| path.starts_with(database)) || path.starts_with("advisory-db/")
    }
}

impl<'a, R: Declares<AdvisoryDb> + Declares<SupplyPolicy>> Context<'a, R> {
    /// The advisory database.
    ///
    /// # Errors
    /// Why there is none to judge by.
    pub fn advisories(&self) -> Result<&'a Opened, &'a Reason> {
        let workspace = self.inputs.workspace;
        let advisories = workspace.advisories(self.inputs.policy.advisory_db());
        advisories.open(&workspace.gate_dir())
    }
}

/// Migrations of histories that have begun and not ended, as their journals say.
pub struct OpenMigrations;

impl Input for OpenMigrations {
    const NAME: &'static str = "open migrations";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            for open in protocol::open_migrations(&inputs.workspace.gate_dir()) {
                digest.part(open.name.as_bytes()).part(open.state.as_bytes());
            }
        })
    }
}

impl<R: Declares<OpenMigrations>> Context<'_, R> {
    /// Migrations that have not ended, by name.
    pub fn open_migrations(&self) -> Vec<OpenMigration> {
        protocol::open_migrations(&self.inputs.workspace.gate_dir())
    }
}

/// What cargo keeps of registries' indexes about the packages of the lockfile.
pub struct RegistryIndex;

impl Input for RegistryIndex {
    const NAME: &'static str = "registry index";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.digest(&inputs.workspace.registry_index().fingerprint());
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path.contains("registry/index/")
    }
}

impl<'a, R: Declares<RegistryIndex> + Declares<Lockfile>> Context<'a, R> {
    /// What cargo keeps of registries' indexes about the packages of the lockfile.
    pub fn registry_index(&self) -> &'a index::RegistryIndex {
        self.inputs.workspace.registry_index()
    }
}

/// The release that `[stability]` names: the commit it stands for.
pub struct Release;

impl Input for Release {
    const NAME: &'static str = "last release";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let stability = inputs.policy.stability.as_ref();
        match stability.map(|stability| stability::Release::of(inputs.workspace, &stability.reference)) {
            Some(Ok((_, release))) => known::<Self>(|digest| {
                digest.part(release.name.as_bytes()).part(release.commit.as_bytes());
            }),
            Some(Err(_)) => InputState::Volatile,
            None => known::<Self>(|digest| {
                digest.part(b"none");
            }),
        }
    }
}

impl<R> Context<'_, R>
where
    R: Declares<FileNames> + Declares<Documents> + Declares<Release> + Declares<StabilityPolicy>,
{
    /// The documents of the last release beside those of the workspace.
    ///
    /// # Errors
    /// Why there is no release to compare with.
    pub fn released_documents(&self, policy: &StabilityPolicy) -> Result<Comparison, Reason> {
        stability::compare(self.inputs.workspace, policy)
    }
}
