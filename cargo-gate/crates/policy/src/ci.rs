//! `[ci]`: what continuous integration must do.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{FilePath, NameGlob, Platform, Text};

/// Rules for the files of GitHub Actions and GitLab CI.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CiPolicy {
    /// Platforms on which a CI job must run the tests or the gate: `linux`, `macos`, `windows`, or target triples.
    #[serde(default)]
    #[schemars(with = "Vec<Platform>", extend("examples" = [["linux", "macos", "windows"]]))]
    pub platforms: Vec<String>,
    /// Whether every action and every include of a GitLab pipeline must be pinned to a full commit hash, and every
    /// `docker://` image to its digest.
    #[serde(default)]
    pub pinned_actions: bool,
    /// Globs over names of actions (`owner/name`) that need not be pinned.
    #[serde(default)]
    #[schemars(with = "Vec<NameGlob>", extend("examples" = [["actions/*"]]))]
    pub trusted_actions: Vec<String>,
    /// Whether every image of a job container or service must be pinned to its digest.
    #[serde(default)]
    pub pinned_images: bool,
    /// Globs over names of images, as written but without a tag, that need not be pinned.
    #[serde(default)]
    #[schemars(with = "Vec<NameGlob>", extend("examples" = [["$CI_REGISTRY_IMAGE/*"]]))]
    pub trusted_images: Vec<String>,
    /// Scripts that another CI system starts. They are read like CI files.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["ci/run.sh"]]))]
    pub scripts: Vec<String>,
    /// Commands and external files that run the gate: the start of a command (`cargo xtask ci`), or the name of an
    /// external workflow or include without its version.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["cargo xtask ci"]]))]
    pub gate_steps: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
