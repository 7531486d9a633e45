//! Cargo's configuration files, layered as cargo layers them: nearest directory first, `CARGO_HOME` last, with
//! `include`.

/// The configuration files that apply, nearest first.
#[derive(Debug, Clone, Default)]
pub struct CargoConfig {
    /// Layers, the one with the highest precedence first.
    pub layers: Vec<ConfigLayer>,
}

/// One configuration file.
#[derive(Debug, Clone)]
pub struct ConfigLayer {
    /// Absolute path.
    pub path: std::path::PathBuf,
    /// Its contents.
    pub table: toml::Table,
    /// Digest of its bytes.
    pub digest: crate::digest::Digest,
}
