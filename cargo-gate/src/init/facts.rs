//! What init finds in a workspace.

use gate_base::paths;
use gate_report::claim::Kind;

/// What is known about the workspace that gets a policy.
#[derive(Debug, Clone, Default)]
pub struct InitFacts {
    /// Directory of the workspace below the top of the repository, with `/`; empty for the top itself.
    pub directory: String,
    /// Workspace members, sorted by name.
    pub members: Vec<MemberFacts>,
    /// Whether the workspace is set up for nextest (`.config/nextest.toml`).
    pub nextest: bool,
    /// Whether a member has a library, which may have documentation tests.
    pub libraries: bool,
    /// Whether `Cargo.lock` exists; without one `--locked` would fail.
    pub lockfile: bool,
    /// The pinned toolchain channel, if it is a version.
    pub toolchain: Option<String>,
    /// The branch that CI protects; `main` when unknown.
    pub default_branch: Option<String>,
    /// Whether a member has benchmarks.
    pub benches: bool,
    /// Names of the suites of benchmarks that a policy declares already; without one, no job measures.
    pub compared: Vec<String>,
    /// Whether the workflows publish, behind `broad`.
    pub publishes: bool,
    /// Whether kernels run here: a package depends on the runtime.
    pub runs_kernels: bool,
    /// Production suites that are there as test targets.
    pub production: Vec<ProductionSuite>,
}

impl InitFacts {
    /// What workflows and jobs of the workspace are called: `gate`, or `gate-<directory>` below the top.
    pub fn gate_name(&self) -> String {
        let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '-' };
        match self.directory.chars().map(plain).collect::<String>() {
            top if top.is_empty() => "gate".into(),
            directory => format!("gate-{directory}"),
        }
    }

    /// A path of the workspace as seen from the top of the repository.
    pub(super) fn path_below_top(&self, path: &str) -> String {
        paths::join(&self.directory, path)
    }
}

/// A production suite that is a test target of a member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProductionSuite {
    /// Name of the suite and of the target.
    pub name: String,
    /// Package that has it.
    pub package: String,
}

/// A workspace member.
#[derive(Debug, Clone)]
pub struct MemberFacts {
    /// Package name.
    pub name: String,
    /// What kind of software it is, by its targets and dependencies.
    pub kind: Kind,
    /// Number of raw boundaries in it; `None` when nobody counted.
    pub raw_boundaries: Option<u64>,
}

/// A continuous integration service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
}
