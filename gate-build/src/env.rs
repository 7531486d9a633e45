//! What discovery looks at.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::sorted::{List as _, sort};

/// Operating system whose conventions apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Linux and other Unix systems.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Os {
    /// The operating system this code was compiled for.
    #[must_use]
    pub const fn host() -> Self {
        if cfg!(windows) {
            Os::Windows
        } else if cfg!(target_os = "macos") {
            Os::MacOs
        } else {
            Os::Linux
        }
    }
}

/// The part of a file system that discovery reads.
pub trait Files: Send + Sync {
    /// Whether `path` is a regular file, symbolic links followed.
    fn is_file(&self, path: &Path) -> bool;

    /// Names of the entries of a directory in any order; empty when it is missing or cannot be read.
    fn entries(&self, directory: &Path) -> Vec<OsString>;
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn entries(&self, directory: &Path) -> Vec<OsString> {
        std::fs::read_dir(directory)
            .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.file_name())).list())
            .unwrap_or_default()
    }
}

/// Environment variables, a file system and the conventions to search it by.
#[derive(Clone)]
pub struct Env {
    os: Os,
    variables: Vec<(OsString, OsString)>,
    files: std::sync::Arc<dyn Files>,
}

impl Env {
    /// The environment variables of this process and the disk of this machine.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(Os::host(), std::env::vars_os(), Disk)
    }

    /// These variables and this file system, searched by the conventions of `os`.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(
        os: Os,
        variables: impl IntoIterator<Item = (K, V)>,
        files: impl Files + 'static,
    ) -> Self {
        Self {
            os,
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .list(),
            files: std::sync::Arc::new(files),
        }
    }

    /// Every variable, for a process that is to see this environment and no other.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Whose conventions apply.
    #[must_use]
    pub fn os(&self) -> Os {
        self.os
    }

    /// A variable, if it is set to something other than the empty string. On Windows, case does not matter.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let same = |candidate: &OsStr| match self.os {
            Os::Windows => candidate.eq_ignore_ascii_case(name),
            Os::Linux | Os::MacOs => candidate == name,
        };
        self.variables
            .iter()
            .seek(|(candidate, _)| same(candidate))
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// A variable that holds a number above 0.
    ///
    /// # Errors
    /// It holds something else.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Error> {
        let Some(value) = self.variable(name) else {
            return Ok(None);
        };
        let number = value.to_str().and_then(|text| text.parse().ok());
        number.filter(|&number| number > 0).map(Some).ok_or_else(|| {
            Error::configuration(
                format!("invalid value `{}` for `{name}`", value.to_string_lossy()),
                format!("set it to a positive integer, such as `{name}=900`"),
            )
        })
    }

    /// The directories of `PATH` in order, empty entries left out.
    #[must_use]
    pub fn search_path(&self) -> Vec<PathBuf> {
        self.variable("PATH")
            .map(|path| {
                std::env::split_paths(path)
                    .filter(|directory| !directory.as_os_str().is_empty())
                    .list()
            })
            .unwrap_or_default()
    }

    /// Whether `path` is a regular file.
    #[must_use]
    pub fn is_file(&self, path: &Path) -> bool {
        self.files.is_file(path)
    }

    /// Names in a directory that are UTF-8, sorted.
    #[must_use]
    pub fn names(&self, directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .entries(directory)
            .into_iter()
            .filter_map(|name| name.into_string().ok())
            .list();
        sort(&mut names);
        names
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values stay out: an environment holds secrets.
        f.debug_struct("Env")
            .field("os", &self.os)
            .field("variables", &self.variables.iter().map(|(name, _)| name).list())
            .finish_non_exhaustive()
    }
}
