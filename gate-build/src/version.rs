//! Versions of compilers, from what they print.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sorted::List as _;

/// Version of a compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToolVersion {
    /// Major version.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Patch or build number, where the text has one.
    pub patch: Option<u32>,
}

impl ToolVersion {
    /// Reads what `nvcc --version` or `ptxas --version` prints: `… release 12.4, V12.4.131`.
    #[must_use]
    pub fn parse_nvcc(text: &str) -> Option<Self> {
        text.lines().seek_map(|line| {
            let (_, release) = line.split_once("release ")?;
            let (release, rest) = release.split_once(',').unwrap_or((release, ""));
            let full = rest.split_whitespace().seek_map(|word| word.strip_prefix('V'));
            full.and_then(Self::parse_numbers)
                .or_else(|| Self::parse_numbers(release.trim()))
        })
    }

    /// Reads what `clang --version` prints: `… clang version 18.1.3 (…)`.
    #[must_use]
    pub fn parse_clang(text: &str) -> Option<Self> {
        text.lines().seek_map(|line| {
            let (_, version) = line.split_once("clang version ")?;
            Self::parse_numbers(version.split_whitespace().next()?)
        })
    }

    /// `MAJOR.MINOR` or `MAJOR.MINOR.PATCH`; what follows the digits of the last number is ignored (`18.1.3-rc1`).
    pub(crate) fn parse_numbers(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let major = parts.next()?.parse().ok()?;
        let minor = leading_number(parts.next()?)?;
        let patch = parts.next().and_then(leading_number);
        Some(Self { major, minor, patch })
    }
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

impl fmt::Display for ToolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        match patch {
            Some(patch) => write!(f, "{major}.{minor}.{patch}"),
            None => write!(f, "{major}.{minor}"),
        }
    }
}

/// Why a version could not be had.
#[derive(Debug)]
pub enum VersionError {
    /// The program could not be started.
    Start {
        /// The program.
        program: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The program ended in failure.
    Failed {
        /// The program.
        program: PathBuf,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
    },
    /// The program printed something else than a version.
    Unparsable {
        /// The program.
        program: PathBuf,
    },
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionError::Start { program, source } => write!(f, "cannot start `{}`: {source}", program.display()),
            VersionError::Failed {
                program,
                code: Some(code),
            } => write!(f, "`{} --version` exited with {code}", program.display()),
            VersionError::Failed { program, code: None } => {
                write!(f, "`{} --version` was killed by a signal", program.display())
            }
            VersionError::Unparsable { program } => write!(f, "`{} --version` printed no version", program.display()),
        }
    }
}

impl std::error::Error for VersionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VersionError::Start { source, .. } => Some(source),
            VersionError::Failed { .. } | VersionError::Unparsable { .. } => None,
        }
    }
}

/// Runs `<program> --version` and reads the version of nvcc, ptxas or clang. Waits until the program ends.
///
/// # Errors
/// The program cannot be started, fails, or prints something else.
pub fn version_of(program: &Path) -> Result<ToolVersion, VersionError> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| VersionError::Start {
            program: program.to_path_buf(),
            source,
        })?;
    if !output.status.success() {
        return Err(VersionError::Failed {
            program: program.to_path_buf(),
            code: output.status.code(),
        });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    ToolVersion::parse_nvcc(&text)
        .or_else(|| ToolVersion::parse_clang(&text))
        .ok_or_else(|| VersionError::Unparsable {
            program: program.to_path_buf(),
        })
}
