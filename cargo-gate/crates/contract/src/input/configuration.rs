//! Configuration that decides what is built and judged, as far as the commit does not have it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gate_base::paths;
use gate_policy::Policy;
use gate_surveys::Surveys;
use gate_world::config::ConfigLayer;
use gate_world::git::Git;

use crate::declared::{Input, InputState, known};
use crate::{Context, Declares, Inputs};

/// What cargo, rustup, clippy and rustfmt read in the directory they work in and in every directory above it.
const FOUND_UPWARDS: [&str; 8] = [
    ".cargo/config",
    ".cargo/config.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    "clippy.toml",
    ".clippy.toml",
    "rustfmt.toml",
    ".rustfmt.toml",
];

/// What nextest reads at the root of the workspace.
const NEXTEST: &str = ".config/nextest.toml";

/// Which files that configure builds, suites and the gate are below the top of the repository and not in the commit.
pub struct Configuration;

impl Input for Configuration {
    const NAME: &'static str = "configuration that is not committed";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            for one in uncommitted(inputs.workspace, inputs.policy) {
                digest.part(one.path.as_bytes()).part(one.message.as_bytes());
            }
        })
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        let is = |name: &str| {
            path.strip_suffix(name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let own = policy.source.as_ref().is_some_and(|source| source.path == path);
        own || is("Cargo.toml") || is(NEXTEST) || FOUND_UPWARDS.into_iter().any(is)
    }
}

impl<R: Declares<Configuration>> Context<'_, R> {
    /// The files that configure what is judged and that the commit does not have as they are.
    pub fn uncommitted_configuration(&self) -> Vec<UncommittedConfiguration> {
        uncommitted(self.inputs.workspace, self.inputs.policy)
    }
}

/// A file that configures what is judged and that the commit does not have as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncommittedConfiguration {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// None where nothing is committed or there is no version control. What git lists as untracked is left to the status of the
/// work tree.
fn uncommitted(workspace: &Surveys, policy: &Policy) -> Vec<UncommittedConfiguration> {
    let Some(git) = workspace.git().filter(|git| git.head.is_some()) else {
        return Vec::new();
    };
    let there = candidates(workspace, policy, git)
        .into_iter()
        .filter(|path| path.is_file());
    let inside = there.filter_map(|path| judge(workspace, git, &path));
    inside
        .chain(included_from_outside(workspace, git))
        .chain(replaced_sources(workspace, git))
        .chain(programs_outside(workspace, git))
        .collect()
}

/// Programs outside the repository that a file inside names by a path from where it lies. A path from the root of the file system
/// names what is installed on a machine.
fn programs_outside(workspace: &Surveys, git: &Git) -> Vec<UncommittedConfiguration> {
    let inside = |layer: &ConfigLayer| layer.found_by.starts_with(&git.top);
    let programs = workspace.config().programs().filter(|program| inside(program.layer));
    let named = programs.filter_map(|program| Some((program.layer.relative_program(program.value)?, program.layer)));
    let outside = named.filter(|(path, _)| !path.starts_with(&git.top));
    let found = outside.map(|(path, layer)| {
        let path = paths::relative(workspace.root(), &path);
        let file = paths::relative(workspace.root(), &layer.path);
        UncommittedConfiguration {
            message: format!(
                "`{path}`, which {file} tells cargo to run, is outside the repository, so it is not part of the commit"
            ),
            help: format!("move the program into the repository, and change its path in {file}"),
            path,
        }
    });
    found.collect()
}

fn configured(path: &str, why: &str) -> String {
    format!("`{path}` {why}, so what it configures is not part of the commit")
}

/// Directories outside the repository from which cargo takes packages instead of from their registries (`[source]` with `directory`).
/// What cargo downloads itself is compared with the lockfile; what lies in such a directory anybody can edit.
fn replaced_sources(workspace: &Surveys, git: &Git) -> Vec<UncommittedConfiguration> {
    let Some(home) = workspace.environment().cargo_home(workspace.root()) else {
        return Vec::new();
    };
    let homes = [fs::canonicalize(&home).unwrap_or_else(|_| home.clone()), home];
    let downloaded = |path: &Path| homes.iter().any(|home| path.starts_with(home));
    let replaced = workspace.cargo().dependencies.iter().filter(|dependency| {
        let manifest = dependency.manifest.as_path();
        dependency.source.is_some() && !downloaded(manifest) && !manifest.starts_with(&git.top)
    });
    let mut directories: BTreeMap<&Path, usize> = BTreeMap::new();
    for directory in replaced.filter_map(|dependency| dependency.manifest.parent()?.parent()) {
        *directories.entry(directory).or_default() += 1;
    }
    let found = directories.into_iter().map(|(directory, packages)| {
        let path = paths::relative(workspace.root(), directory);
        let packages = match packages {
            1 => "1 package".to_owned(),
            more => format!("{more} packages"),
        };
        UncommittedConfiguration {
            message: format!("cargo takes the sources of {packages} from `{path}`, which is outside the repository"),
            help:
                "remove `replace-with` from the configuration of cargo, or vendor into the repository: `cargo vendor`"
                    .to_owned(),
            path,
        }
    });
    found.collect()
}

/// Configuration of cargo outside the repository that a file inside includes.
fn included_from_outside(workspace: &Surveys, git: &Git) -> impl Iterator<Item = UncommittedConfiguration> {
    let layers = workspace.config().layers.iter();
    let outside = layers.filter(|layer| layer.found_by.starts_with(&git.top) && !layer.path.starts_with(&git.top));
    outside.map(|layer| UncommittedConfiguration {
        path: paths::relative(workspace.root(), &layer.path),
        message: configured(
            &paths::relative(workspace.root(), &layer.path),
            "is outside the repository",
        ),
        help: format!(
            "move it into the repository, and change `include` in {}",
            paths::relative(workspace.root(), &layer.found_by)
        ),
    })
}

/// Every place below the top of the repository where configuration may be.
fn candidates(workspace: &Surveys, policy: &Policy, git: &Git) -> BTreeSet<PathBuf> {
    let (root, model) = (workspace.root(), workspace.cargo());
    let members = model.members.iter().map(|member| root.join(&member.directory));
    let suites = policy.suites.iter().filter_map(|suite| suite.directory.as_deref());
    let starts = members
        .chain(suites.map(|directory| root.join(directory)))
        .chain([root.to_owned()]);
    let mut directories = BTreeSet::new();
    for start in starts {
        let start = paths::normalize(&start);
        let below = start.ancestors().take_while(|above| above.starts_with(&git.top));
        directories.extend(below.map(Path::to_owned));
    }
    let upwards = directories
        .iter()
        .flat_map(|directory| FOUND_UPWARDS.map(|name| directory.join(name)));

    let local = model
        .dependencies
        .iter()
        .filter(|dependency| dependency.source.is_none());
    let manifests = local.map(|dependency| dependency.manifest.clone());
    let manifests = manifests.chain(model.members.iter().map(|member| root.join(&member.manifest)));
    let layers = workspace.config().layers.iter().map(|layer| layer.path.clone());
    let own = policy.source.iter().map(|source| root.join(&source.path));
    let named = manifests.chain(layers).chain(own).chain([root.join(NEXTEST)]);
    let named = named.map(|path| paths::normalize(&path));
    upwards.chain(named.filter(|path| path.starts_with(&git.top))).collect()
}

fn judge(workspace: &Surveys, git: &Git, path: &Path) -> Option<UncommittedConfiguration> {
    let root = workspace.root();
    let shown = paths::relative(root, path);
    let found = |why: String| {
        Some(UncommittedConfiguration {
            path: shown.clone(),
            message: configured(&shown, &why),
            help: format!("`git add --force {shown} && git commit`, or remove `{shown}`"),
        })
    };
    let Ok(below) = path.strip_prefix(root) else {
        // What is above the workspace is not among its files.
        return above(git, &shown, path).and_then(found);
    };
    if !is_listed(workspace, below) {
        return found("is ignored by git".to_owned());
    }
    let real = fs::canonicalize(root).ok().zip(fs::canonicalize(path).ok());
    // A link out of the repository is reported as such.
    let behind = real.as_ref().and_then(|(root, real)| real.strip_prefix(root).ok())?;
    if behind == below || is_listed(workspace, behind) {
        return None;
    }
    found(format!("is a link to `{}`, which git ignores", paths::spell(behind)))
}

/// Whether a file, or a link on the way to it, is among the files of the workspace.
fn is_listed(workspace: &Surveys, below: &Path) -> bool {
    let files = workspace.files();
    below.ancestors().any(|above| files.get(&paths::spell(above)).is_some())
}

/// Why the commit does not have a file above the workspace as it is.
fn above(git: &Git, shown: &str, path: &Path) -> Option<String> {
    // Git may have its own line ends in the work tree.
    let same = |committed: &[u8]| {
        let committed = String::from_utf8_lossy(committed);
        fs::read(path).is_ok_and(|found| committed.lines().eq(String::from_utf8_lossy(&found).lines()))
    };
    match git.show("HEAD", shown) {
        Ok(Some(committed)) if same(&committed) => None,
        Ok(Some(_)) => Some("differs from the commit".to_owned()),
        Ok(None) => Some("is not tracked by git".to_owned()),
        Err(problem) => Some(format!("cannot be compared with the commit: {problem}")),
    }
}
