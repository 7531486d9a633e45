//! `Cargo.lock`.

/// State of the lockfile on disk.
#[derive(Debug, Clone, Default)]
pub struct Lockfile {
    /// Whether `Cargo.lock` exists.
    pub exists: bool,
    /// Whether git tracks it; `None` outside git.
    pub tracked: Option<bool>,
    /// Whether an ignore rule of git hides it.
    pub ignored: bool,
    /// Digest of its bytes; `None` when it is absent or unreadable.
    pub digest: Option<crate::digest::Digest>,
}
