//! The toolchain: what is pinned and what would be used.

use semver::Version;

/// Toolchain of the workspace.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The toolchain file, if there is one at the root or above.
    pub file: Option<ToolchainFile>,
    /// `rustc -vV` of the compiler cargo would use; the message when it cannot be run.
    pub rustc: Result<Rustc, String>,
    /// Version of cargo.
    pub cargo: Version,
}

/// `rust-toolchain.toml` or `rust-toolchain`.
#[derive(Debug, Clone)]
pub struct ToolchainFile {
    /// Path relative to the workspace root, `/`-separated (may start with `../`).
    pub path: String,
    /// The channel, if one is given.
    pub channel: Option<String>,
    /// A custom toolchain by path (`path = "…"`).
    pub custom_path: Option<String>,
    /// 1-based line of the channel.
    pub line: u32,
    /// Why the file could not be understood.
    pub error: Option<String>,
}

/// What `rustc -vV` says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rustc {
    /// Release, `1.95.0` or `1.97.0-nightly`.
    pub release: Version,
    /// Commit hash, where it is known.
    pub commit: Option<String>,
    /// Commit date, `YYYY-MM-DD`, where it is known.
    pub commit_date: Option<String>,
    /// Host triple.
    pub host: String,
    /// LLVM version, where it is known.
    pub llvm: Option<String>,
}
