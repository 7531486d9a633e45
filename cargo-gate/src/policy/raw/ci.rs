//! What continuous integration must do.

use schemars::JsonSchema;
use serde::Deserialize;

/// Rules for the files of GitHub Actions and GitLab CI.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawCi {
    /// Platforms on which a CI job must run the tests or the gate: `linux`, `macos`, `windows`, or target triples.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 100, "x-format": "platform" },
        "examples" = [["linux", "macos", "windows"]]
    ))]
    pub(in crate::policy) platforms: Vec<String>,
    /// Whether every action and every include of a GitLab pipeline must be named by the full hash of a commit, and every
    /// `docker://` image by its digest.
    #[serde(default)]
    pub(in crate::policy) pinned_actions: bool,
    /// Globs over names of actions (`owner/name`) that need not be pinned.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "glob" },
        "examples" = [["actions/*"]]
    ))]
    pub(in crate::policy) trusted_actions: Vec<String>,
    /// Whether every image of a container in which a job runs, or of a service beside it, must be named by its digest.
    #[serde(default)]
    pub(in crate::policy) pinned_images: bool,
    /// Globs over names of images, as they are written and without a tag, that need not be pinned.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "glob" },
        "examples" = [["$CI_REGISTRY_IMAGE/*"]]
    ))]
    pub(in crate::policy) trusted_images: Vec<String>,
    /// Scripts that another CI system starts. They are read as if they were CI files.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["ci/run.sh"]]
    ))]
    pub(in crate::policy) scripts: Vec<String>,
    /// What runs the gate where CI files do not show it: the beginning of a command (`cargo xtask ci`), or the name of
    /// a workflow or an include from elsewhere, without its version.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" },
        "examples" = [["cargo xtask ci"]]
    ))]
    pub(in crate::policy) gate_steps: Vec<String>,
}
