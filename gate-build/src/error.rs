//! Why kernels could not be built.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Id};

/// Why kernels could not be built. `Debug` prints the same as `Display`, because that is what a build script shows
/// when its `main` returns the error.
pub enum Error {
    /// What the compilers or the lock say, one for each unit and architecture that failed.
    Kernels(Vec<Diagnostic>),
    /// The builder or an environment variable asks for something that cannot be.
    Configuration {
        /// What it is about, as a stable code.
        id: Id,
        /// What is wrong.
        message: String,
        /// An edit or a command that helps.
        help: String,
    },
    /// A file could not be read or written.
    Io {
        /// What was tried, as in `cannot read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error {
    /// The builder or a variable asks for something that cannot be.
    pub(crate) fn configuration(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::missing(Id::Configuration, message, help)
    }

    /// The builder or a variable asks for something that is not there.
    pub(crate) fn missing(id: Id, message: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Configuration {
            id,
            message: message.into(),
            help: help.into(),
        }
    }

    /// A file could not be read or written.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Error::Io { action, path, source }
    }

    /// What the compilers say; empty for the other kinds.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Error::Kernels(diagnostics) => diagnostics,
            Error::Configuration { .. } | Error::Io { .. } => &[],
        }
    }
}

impl Error {
    /// What it is about, as a stable code: that of the first diagnostic.
    #[must_use]
    pub fn id(&self) -> Id {
        match self {
            Error::Kernels(diagnostics) => diagnostics.first().map_or(Id::Configuration, |first| first.id),
            Error::Configuration { id, .. } => *id,
            Error::Io { .. } => Id::FileAccess,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Kernels(diagnostics) => {
                let failed = diagnostics.len();
                write!(
                    f,
                    "{failed} {} not built",
                    if failed == 1 { "kernel was" } else { "kernels were" }
                )?;
                for diagnostic in diagnostics {
                    write!(f, "\n\n{diagnostic}")?;
                }
                Ok(())
            }
            Error::Configuration { message, help, .. } => {
                write!(f, "error[{}]: {message}\n  help: {help}", self.id())
            }
            Error::Io { action, path, source } => {
                write!(f, "error[{}]: {action} `{}`: {source}", self.id(), path.display())
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Kernels(_) | Error::Configuration { .. } => None,
        }
    }
}
