//! Files that the policy names, each by the section that names it.

use std::fs::File;
use std::io;

use crate::{Context, Declares, Inputs};
use gate_policy::{BoundaryPolicy, FailurePolicy, Policy, ReleasePolicy, RuntimePolicy};
use gate_rust::library::Coverage as Lines;
use gate_surveys::Surveys;
use gate_world::git::Git;

use crate::declared::{Input, InputState, files, known};

/// The tracked boundary inventory and its earlier versions in git.
pub struct BoundaryInventory;

impl Input for BoundaryInventory {
    const NAME: &'static str = "boundary inventory";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let path = inputs.policy.inventory_path();
        files(inputs, |file| file.path == path)
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        path == policy.inventory_path()
    }
}

impl<'a, R: Declares<BoundaryInventory> + Declares<BoundaryPolicy>> Context<'a, R> {
    /// Path of the inventory: the declared one, or else the usual one.
    pub fn boundary_inventory_path(&self) -> &'a str {
        self.inputs.policy.inventory_path()
    }

    /// Version control, for the history of the inventory, and the bytes of the inventory as it is now; `None` when
    /// there is no file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn boundary_inventory(&self) -> io::Result<(Option<&'a Git>, Option<Vec<u8>>)> {
        let workspace = self.inputs.workspace;
        Ok((
            workspace.git(),
            read_if_there(workspace, self.boundary_inventory_path())?,
        ))
    }
}

/// The tracked panic inventory and its earlier versions in git.
pub struct PanicInventory;

impl Input for PanicInventory {
    const NAME: &'static str = "panic inventory";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let path = inputs.policy.panic_inventory_path();
        files(inputs, |file| file.path == path)
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        path == policy.panic_inventory_path()
    }
}

impl<'a, R: Declares<PanicInventory> + Declares<FailurePolicy>> Context<'a, R> {
    /// Path of the inventory: the declared one, or else the usual one.
    pub fn panic_inventory_path(&self) -> &'a str {
        self.inputs.policy.panic_inventory_path()
    }

    /// As [`boundary_inventory`](Self::boundary_inventory), for the panic inventory.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn panic_inventory(&self) -> io::Result<(Option<&'a Git>, Option<Vec<u8>>)> {
        let workspace = self.inputs.workspace;
        Ok((workspace.git(), read_if_there(workspace, self.panic_inventory_path())?))
    }
}

/// The files that `[release]` names.
pub struct ReleaseFiles;

impl ReleaseFiles {
    fn paths(policy: &Policy) -> impl Iterator<Item = &str> {
        policy.release.iter().flat_map(ReleasePolicy::paths)
    }
}

impl Input for ReleaseFiles {
    const NAME: &'static str = "release files";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let paths: Vec<&str> = Self::paths(inputs.policy).collect();
        files(inputs, |file| paths.contains(&file.path.as_str()))
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        Self::paths(policy).any(|named| named == path)
    }
}

impl<R: Declares<ReleaseFiles> + Declares<ReleasePolicy>> Context<'_, R> {
    /// The bytes of a file that `[release]` names; `None` when there is no such file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn release_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        read_if_there(self.inputs.workspace, path)
    }
}

/// The decision logs and run stats that `[runtime]` names.
pub struct RuntimeRecords;

impl RuntimeRecords {
    fn paths(policy: &Policy) -> impl Iterator<Item = &str> {
        policy.runtime.iter().flat_map(RuntimePolicy::paths)
    }
}

impl Input for RuntimeRecords {
    const NAME: &'static str = "records of runs";

    fn state(inputs: &Inputs<'_>) -> InputState {
        written::<Self>(inputs, Self::paths(inputs.policy))
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        Self::paths(policy).any(|named| named == path)
    }
}

impl<R: Declares<RuntimeRecords> + Declares<RuntimePolicy>> Context<'_, R> {
    /// The bytes of a file that `[runtime]` names; `None` when there is no such file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn runtime_record(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        read_if_there(self.inputs.workspace, path)
    }
}

/// The reports that `[cache]` names.
pub struct CacheReports;

impl CacheReports {
    fn paths(policy: &Policy) -> impl Iterator<Item = &str> {
        policy
            .cache
            .iter()
            .flat_map(|cache| cache.reports.iter().map(String::as_str))
    }
}

impl Input for CacheReports {
    const NAME: &'static str = "reports of caches";

    fn state(inputs: &Inputs<'_>) -> InputState {
        written::<Self>(inputs, Self::paths(inputs.policy))
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        Self::paths(policy).any(|named| named == path)
    }
}

impl<R: Declares<CacheReports>> Context<'_, R> {
    /// The bytes of a report that `[cache]` names; `None` when there is no such file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn cache_report(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        read_if_there(self.inputs.workspace, path)
    }
}

/// The coverage report that `[failure]` names: its bytes, and which sources are newer.
pub struct Coverage;

impl Coverage {
    fn path(policy: &Policy) -> Option<&str> {
        policy.failure.as_ref()?.coverage.as_deref()
    }
}

impl Input for Coverage {
    const NAME: &'static str = "coverage report";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let identity = match Self::path(inputs.policy).map(|path| lines(inputs.workspace, path)) {
            Some(Ok(coverage)) => coverage.identity(),
            Some(Err(_)) => return InputState::Volatile,
            None => b"none".to_vec(),
        };
        known::<Self>(|digest| {
            digest.part(&identity);
        })
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        Self::path(policy) == Some(path) || path.ends_with(".rs")
    }
}

impl<R: Declares<Coverage> + Declares<FailurePolicy>> Context<'_, R> {
    /// The coverage report at this path.
    ///
    /// # Errors
    /// Whatever the operating system says, among it that there is none.
    pub fn coverage(&self, path: &str) -> io::Result<Lines> {
        lines(self.inputs.workspace, path)
    }
}

fn lines(workspace: &Surveys, path: &str) -> io::Result<Lines> {
    Lines::read(workspace.root(), path, workspace.files())
}

/// Files that checklists name, wherever below the workspace root they lie.
pub struct Artifacts;

impl Input for Artifacts {
    const NAME: &'static str = "artifacts of checklists";

    fn state(_: &Inputs<'_>) -> InputState {
        InputState::Volatile
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        let mut artifacts = policy.checklist.iter().flat_map(|item| &item.artifacts);
        artifacts.any(|artifact| artifact.path == path)
    }
}

impl<R: Declares<Artifacts>> Context<'_, R> {
    /// A file below the workspace root that a checklist names; `None` when there is none.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn artifact(&self, path: &str) -> io::Result<Option<File>> {
        if_there(File::open(self.inputs.workspace.root().join(path)))
    }
}

/// State of files that builds and runs write beside the tracked ones, so that they are read rather than looked up. One
/// that is not there yet may be there for the next check.
fn written<'p, I: Input>(inputs: &Inputs<'p>, paths: impl Iterator<Item = &'p str>) -> InputState {
    let read = |path: &'p str| Some((path, inputs.workspace.read(path).ok()?));
    match paths.map(read).collect::<Option<Vec<_>>>() {
        Some(files) => known::<I>(|digest| {
            for (path, bytes) in files {
                digest.part(path.as_bytes()).part(&bytes);
            }
        }),
        None => InputState::Volatile,
    }
}

/// A file of the workspace; `None` when there is none.
fn read_if_there(workspace: &Surveys, path: &str) -> io::Result<Option<Vec<u8>>> {
    if_there(workspace.read(path))
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
