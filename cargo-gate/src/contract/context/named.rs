//! Files that the policy names, each by the section that names it.

use std::fs::File;
use std::io;

use crate::rust::library::Coverage;
use crate::workspace::git::Git;

use super::{Context, Input};

impl<'a> Context<'a> {
    /// Version control, for the history of the inventory, and the bytes of the inventory as it is now; `None` when
    /// there is no file at this path. Needs [`Input::BoundaryInventory`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn boundary_inventory(&self, path: &str) -> io::Result<(Option<&'a Git>, Option<Vec<u8>>)> {
        self.needs(&[Input::BoundaryInventory]);
        Ok((self.workspace.git(), self.read_if_there(path)?))
    }

    /// As [`boundary_inventory`](Self::boundary_inventory), for the panic inventory. Needs [`Input::PanicInventory`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn panic_inventory(&self, path: &str) -> io::Result<(Option<&'a Git>, Option<Vec<u8>>)> {
        self.needs(&[Input::PanicInventory]);
        Ok((self.workspace.git(), self.read_if_there(path)?))
    }

    /// The bytes of a file that `[release]` names; `None` when there is no such file. Needs [`Input::ReleaseFiles`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn release_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.needs(&[Input::ReleaseFiles]);
        self.read_if_there(path)
    }

    /// The bytes of a file that `[runtime]` names; `None` when there is no such file. Needs [`Input::RuntimeRecords`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn runtime_record(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.needs(&[Input::RuntimeRecords]);
        self.read_if_there(path)
    }

    /// The bytes of a report that `[cache]` names; `None` when there is no such file. Needs [`Input::CacheReports`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn cache_report(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.needs(&[Input::CacheReports]);
        self.read_if_there(path)
    }

    /// The coverage report at this path. Needs [`Input::Coverage`].
    ///
    /// # Errors
    /// Whatever the operating system says, among it that there is none.
    pub fn coverage(&self, path: &str) -> io::Result<Coverage> {
        self.needs(&[Input::Coverage]);
        Coverage::read(self.workspace.root(), path, self.workspace.files())
    }

    /// A file below the workspace root that a checklist names; `None` when there is none. Needs [`Input::Artifacts`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn artifact(&self, path: &str) -> io::Result<Option<File>> {
        self.needs(&[Input::Artifacts]);
        match File::open(self.workspace.root().join(path)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A file of the workspace; `None` when there is none.
    fn read_if_there(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self.workspace.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
