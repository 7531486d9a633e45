//! Manifests with positions: what is declared, and on which line.

/// One parsed `Cargo.toml`.
#[derive(Debug)]
pub struct Manifest {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// The text.
    pub text: String,
    /// Its contents without positions.
    pub table: toml::Table,
}
