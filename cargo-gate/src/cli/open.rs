//! Opens what a subcommand works on: the workspace, its policy, its history and its store.

use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_engine::evaluate::Surroundings;
use gate_evidence::history::History;
use gate_evidence::store::Store;
use gate_policy::{self, CheckPolicy, Policy};
use gate_report::Location;
use gate_report::render::human::Detail;
use gate_surveys::{Surveys, Wanted};
use gate_world::Options;

use super::Conversation;

/// A workspace with everything that belongs to it.
pub(super) struct Opened {
    pub(super) workspace: Surveys,
    pub(super) policy: Policy,
    pub(super) store: Store,
    pub(super) history: History,
}

impl Opened {
    pub(super) fn new(workspace: Surveys, policy: Policy, history: History) -> Self {
        let store = Store::new(&workspace.gate_dir());
        Self {
            workspace,
            policy,
            store,
            history,
        }
    }

    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            workspace: &self.workspace,
            policy: &self.policy,
            history: &self.history,
            store: &self.store,
            checks: gate_checks::ALL,
        }
    }

    /// Refuses `-p` for packages that are no members.
    pub(super) fn check_packages(&self, packages: &[String]) -> Result<()> {
        let members = &self.workspace.cargo().members;
        for package in packages {
            if members.iter().any(|member| member.name == *package) {
                continue;
            }
            let error = Error::usage(format!("package `{package}` is not a member of the workspace"));
            let names = members.iter().map(|member| member.name.as_str());
            return Err(match super::similar::did_you_mean(package, names) {
                Some(name) => error.with_help(format!("a member with a similar name exists: `{name}`")),
                None => error.with_help("`cargo metadata --no-deps` lists the members"),
            });
        }
        Ok(())
    }
}

impl Conversation<'_> {
    /// Reads the workspace.
    pub(super) fn workspace(&self) -> Result<Surveys> {
        let cwd = self.directory()?;
        let options = Options {
            manifest_path: self.global.manifest_path.clone(),
            target_dir: self.global.target_dir.clone(),
            ..self.options(cwd)
        };
        // A policy that cannot be read is reported when it is asked for.
        let workspace = Surveys::open(options, |root| Some(Wanted::by(&self.policy_in(root).ok()?)))?;
        let first = self.printer.know_workspace(workspace.root(), workspace.target_dir());
        if first && self.printer.detail() == Detail::Verbose {
            let root = workspace.root().display().to_string();
            self.printer.status("Reading", &root);
        }
        Ok(workspace)
    }

    /// Where the workspace is looked for.
    pub(super) fn directory(&self) -> Result<PathBuf> {
        match &self.directory {
            Some(directory) => Ok(directory.clone()),
            None => std::env::current_dir().map_err(|error| Error::io("read the current directory", ".", &error)),
        }
    }

    /// Another workspace of the repository, whatever the command line says of this one.
    pub(super) fn workspace_in(&self, directory: &Path) -> Result<Surveys> {
        Surveys::open(self.options(directory.to_owned()), |_| None)
    }

    fn options(&self, cwd: PathBuf) -> Options {
        Options {
            cwd,
            manifest_path: None,
            target_dir: None,
            offline: self.global.offline || self.global.frozen,
            environment: self.environment.clone(),
        }
    }

    /// Reads and validates the policy.
    pub(super) fn policy(&self, workspace: &Surveys) -> Result<Policy> {
        self.policy_in(workspace.root())
    }

    fn policy_in(&self, root: &Path) -> Result<Policy> {
        let catalogue = gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot);
        let mut policy = gate_policy::load(root, self.global.policy.as_deref(), &catalogue)?;
        if self.global.locked || self.global.frozen {
            let over = CheckPolicy {
                blocks_at: Stage::Pilot,
                location: Location::file("--locked"),
            };
            policy.checks.insert("lockfile.tracked".to_owned(), over);
        }
        Ok(policy)
    }

    /// Adds policy, history and store to a workspace.
    pub(super) fn opened(&self, workspace: Surveys) -> Result<Opened> {
        let policy = self.policy(&workspace)?;
        let history = History::load(&workspace.gate_dir());
        Ok(Opened::new(workspace, policy, history))
    }

    /// Reads everything.
    pub(super) fn open(&self) -> Result<Opened> {
        self.opened(self.workspace()?)
    }

    /// The command line as the run directory records it.
    pub(super) fn command_line(&self) -> Vec<String> {
        let rest = self
            .arguments
            .iter()
            .skip(1)
            .map(|argument| argument.to_string_lossy().into_owned());
        ["cargo", "gate"].into_iter().map(str::to_owned).chain(rest).collect()
    }
}
