//! What the checks know of continuous integration.

use gate_base::digest::Digest;

use super::expand::Argument;
use super::yaml::YamlError;

/// All CI files of a workspace.
#[derive(Debug, Clone, Default)]
pub struct CiFiles {
    /// Files in the order of their paths: workflows, pipelines, actions, declared scripts.
    pub files: Vec<CiFile>,
    /// Directory of the workspace in the repository; empty at its top.
    pub directory: String,
    /// Digest over everything that was read for them.
    pub digest: Option<Digest>,
}

/// Whose language a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A workflow of GitHub Actions.
    Workflow,
    /// An action in the repository.
    Action,
    /// The pipeline of GitLab CI, or a file that it includes.
    Pipeline,
    /// A script that the policy names as an entry point.
    Script,
}

/// One file.
#[derive(Debug, Clone)]
pub struct CiFile {
    /// Path relative to the workspace root, for findings; starts with `../` when the repository begins above it.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Why it cannot be read, if it cannot.
    pub problem: Option<YamlError>,
    /// What starts it.
    pub start: Trigger,
    /// Its jobs; none for an action, whose steps belong to the jobs that use it.
    pub jobs: Vec<Job>,
    /// Everything that its `uses:` name.
    pub uses: Vec<Use>,
    /// What it includes that is not in the repository: name and line.
    pub external: Vec<Use>,
    /// What holds each of these to one content, where it can be held.
    pub includes: Vec<Include>,
    /// Images of containers in which its jobs run, and of services beside them.
    pub images: Vec<Image>,
}

/// Something that a pipeline of GitLab includes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Include {
    /// Where it comes from.
    pub origin: Origin,
    /// Path of a project, address of a file, or path of a component without its version.
    pub name: String,
    /// The `ref` of a project, the `integrity` of a file, the version of a component.
    pub pin: Option<String>,
    /// 1-based line.
    pub line: u32,
}

/// Where an include comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Another project of the same server.
    Project,
    /// An address.
    Remote,
    /// A component of the catalogue.
    Component,
}

/// An image of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// As written.
    pub name: String,
    /// 1-based line.
    pub line: u32,
    /// The distinct names over the jobs of the matrix, variables replaced; what only the run knows is [`UNKNOWN`].
    ///
    /// [`UNKNOWN`]: super::UNKNOWN
    pub names: Vec<String>,
}

/// What starts a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Trigger {
    /// A change of the repository, or the clock.
    #[default]
    Automatic,
    /// A person.
    Manual,
    /// Another file.
    Called,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// `actions/checkout@v4`, `docker://alpine:3`, `./.github/actions/setup`.
    pub name: String,
    /// 1-based line.
    pub line: u32,
    /// The comment behind it, which names the version of a commit: `v4`.
    pub comment: Option<String>,
}

/// One job.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// Its name in the file.
    pub name: String,
    /// 1-based line.
    pub line: u32,
    /// For each job of its matrix the words that choose a machine; `None` when only the run knows them.
    pub machines: Vec<Option<Vec<String>>>,
    /// Its commands, those of scripts and actions of the repository in their place.
    pub commands: Vec<CiCommand>,
    /// What of it was not followed, though it may call cargo.
    pub not_followed: Vec<NotFollowed>,
    /// Remote or local workflows that it is made of.
    pub calls: Vec<Use>,
    /// Jobs that it waits for.
    pub needs: Vec<String>,
    /// Whether it is switched off.
    pub is_off: bool,
    /// Whether it may fail without consequence.
    pub may_fail: bool,
}

/// A command of a job.
#[derive(Debug, Clone)]
pub struct CiCommand {
    /// File in which it is written, relative to the workspace root.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Its arguments: once, or for each job of the matrix.
    pub arguments: Vec<Vec<Argument>>,
    /// Directory in which it runs, relative to the top of the repository; `None` outside the repository, and a text with
    /// [`UNKNOWN`](crate::UNKNOWN) when only the run knows it.
    pub directory: Option<String>,
    /// Targets of its redirections, as written.
    pub redirects: Vec<String>,
    /// Why a failure of it has no consequence, if it has none.
    pub ignored: Option<&'static str>,
    /// Whether it stands in a branch or a loop of its script, so that it may not run at all.
    pub conditional: bool,
}

/// Commands that could not be read, because what holds them is more than plain lines of commands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotFollowed {
    /// File in which it is written, relative to the workspace root.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// What was not followed, as it is written: `make test`.
    pub what: String,
    /// Why, as a sentence about it.
    pub why: String,
}

impl Job {
    /// Number of jobs that it stands for.
    pub fn rows(&self) -> usize {
        self.machines.len().max(1)
    }
}

impl CiCommand {
    /// The arguments in one job of the matrix.
    pub fn in_row(&self, row: usize) -> &[Argument] {
        let at = if self.arguments.len() == 1 { 0 } else { row };
        self.arguments.get(at).map_or(&[], Vec::as_slice)
    }

    /// The distinct arguments over the whole matrix.
    pub fn distinct(&self) -> Vec<&[Argument]> {
        let mut all: Vec<&[Argument]> = self.arguments.iter().map(Vec::as_slice).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
