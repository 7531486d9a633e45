//! What the policy says about continuous integration.

use serde::Serialize;

use crate::report::Location;

use super::raw::RawCi;
use super::section::section;

/// Rules for CI files.
#[derive(Debug, Clone, Serialize)]
pub struct CiPolicy {
    /// Platforms on which the tests or the gate must run: `linux`, `macos`, `windows`, or target triples.
    pub platforms: Vec<String>,
    /// Whether actions must be pinned by commit.
    pub pinned_actions: bool,
    /// Globs over names of actions that need not be.
    pub trusted_actions: Vec<String>,
    /// Whether images of containers must be named by digest.
    pub pinned_images: bool,
    /// Globs over names of images that need not be.
    pub trusted_images: Vec<String>,
    /// Scripts that another CI system starts, relative to the workspace root.
    pub scripts: Vec<String>,
    /// Commands and remote workflows that run the gate.
    pub gate_steps: Vec<String>,
    /// Where `[ci]` is declared.
    pub location: Location,
}

pub(super) fn ci_policy(raw: RawCi, location: Location) -> CiPolicy {
    CiPolicy {
        platforms: raw.platforms,
        pinned_actions: raw.pinned_actions,
        trusted_actions: raw.trusted_actions,
        pinned_images: raw.pinned_images,
        trusted_images: raw.trusted_images,
        scripts: raw.scripts,
        gate_steps: raw.gate_steps,
        location,
    }
}

section!(CiPolicy, "ci", ci: Option<CiPolicy>);
