//! The one error type that crosses module borders: what went wrong, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::exit;

/// Why a command could not be carried out. Its [`kind`](Error::kind) alone decides the exit code.
#[derive(Debug)]
pub struct Error {
    /// Class of the failure.
    pub kind: ErrorKind,
    /// What went wrong, in sentence case without a final full stop.
    pub message: String,
    /// The file it is about, if it is about one.
    pub path: Option<PathBuf>,
    /// What the reader can do: a command or an edit.
    pub help: Option<String>,
    /// Text already rendered for people (source snippets with carets), shown instead of `message` by the printer.
    pub rendered: Option<String>,
    /// What `rendered` consists of.
    pub details: Option<Box<Details>>,
}

/// What a rendered [`Error`] consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The rendered text with ANSI styles, for a printer that shows colour.
    pub styled: String,
    /// The errors one by one, in the order of the file.
    pub problems: Vec<Located>,
}

/// One error of a file, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// Stable id of the rule that is broken, such as `policy::unknown-key`.
    pub id: String,
    /// What is wrong.
    pub message: String,
    /// One edit that repairs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The word that was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The file, relative to the workspace root where it lies below it.
    pub file: String,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Length in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
}

/// Class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line or the policy is wrong.
    Usage,
    /// The tool could not do its work: an I/O error, a broken store, an unexpected answer of another program.
    Tool,
    /// cargo or rustc is not there.
    ToolchainMissing,
    /// The user interrupted the command.
    Interrupted,
}

impl Error {
    /// A wrong command line or policy.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// A failure of the tool itself.
    pub fn tool(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Tool, message)
    }

    /// An error of the given class.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            path: None,
            help: None,
            rendered: None,
            details: None,
        }
    }

    /// A command of a part that this binary was installed without.
    pub fn without_feature(feature: &str) -> Self {
        Self::usage(format!(
            "this `cargo gate` was installed without the feature `{feature}`"
        ))
        .with_help(format!("cargo install cargo-gate --locked --features {feature}"))
    }

    /// An I/O error of the tool, with the file it happened on.
    pub fn io(action: &str, path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        let path = path.into();
        let mut this = Self::tool(format!("cannot {action} `{}`: {error}", path.display()));
        this.help = match error.kind() {
            std::io::ErrorKind::StorageFull => {
                Some("free disk space, or choose another disk with `--target-dir`".into())
            }
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                Some("make it accessible, or choose another directory with `--target-dir`".into())
            }
            _ => None,
        };
        this.path = Some(path);
        this
    }

    /// Adds the help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The process exit code this error stands for.
    pub fn exit_code(&self) -> i32 {
        match self.kind {
            ErrorKind::Usage => exit::USAGE,
            ErrorKind::Tool => exit::TOOL_FAILED,
            ErrorKind::ToolchainMissing => exit::TOOLCHAIN_MISSING,
            ErrorKind::Interrupted => exit::INTERRUPTED,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Result of everything that can fail for a reason the user should read.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_full_or_read_only_disk_has_a_remedy() {
        for (kind, remedy) in [
            (io::ErrorKind::StorageFull, "free disk space"),
            (
                io::ErrorKind::ReadOnlyFilesystem,
                "choose another directory with `--target-dir`",
            ),
            (
                io::ErrorKind::PermissionDenied,
                "choose another directory with `--target-dir`",
            ),
        ] {
            let error = Error::io("write", "target/gate/index", &io::Error::from(kind));
            assert_eq!(error.exit_code(), exit::TOOL_FAILED);
            assert!(
                error.message.starts_with("cannot write `target/gate/index`: "),
                "{error}"
            );
            let help = error.help.unwrap_or_default();
            assert!(help.contains(remedy), "{kind:?}: {help}");
        }
    }
}
