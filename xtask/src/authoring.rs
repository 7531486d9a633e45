//! `gate/authoring.toml`: what hurts authors, what was done about it, and what bringing an example under the gate takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;

/// Where it is.
pub const PATH: &str = "gate/authoring.toml";

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authoring {
    /// What hurts, in any order.
    pub pain: Vec<Pain>,
    /// What was made easy, in any order.
    pub change: Vec<Change>,
    /// What the examples take.
    #[serde(default)]
    pub measured: Measured,
    /// What they took at the measurement before; `None` where there is none.
    pub previous: Option<Measured>,
}

/// What bringing one example under the gate took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Lines of its `gate.toml` that are neither blank nor comments: how large the policy is.
    pub policy_lines: u32,
    /// Those of them that `cargo gate init` does not write: what somebody had to find out and type.
    pub authored_lines: u32,
    /// Kernel sources.
    pub kernels: u32,
    /// Lines of its build script, and lines of its sources, tests left out, that name one of the library crates.
    pub glue_lines: u32,
    /// Maps of migrations that it keeps.
    pub migrations: u32,
    /// Findings on the way from `init` to a ready decision, without those that block at a later stage.
    pub diagnostics: u32,
    /// Commands and edits from `init` to a ready decision.
    pub steps: u32,
}

impl Measurement {
    /// What makes work, by name. The other numbers say how large the example is.
    pub fn friction(&self) -> [(&'static str, u32); 4] {
        [
            ("authored_lines", self.authored_lines),
            ("glue_lines", self.glue_lines),
            ("diagnostics", self.diagnostics),
            ("steps", self.steps),
        ]
    }
}

/// Measurements by example.
pub type Measured = BTreeMap<String, Measurement>;

/// A pain point.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pain {
    /// Unique name.
    pub id: String,
    /// How much it hurts.
    pub severity: Severity,
    /// What hurts, one line.
    pub summary: String,
    /// What to do about it.
    pub recommendation: String,
    /// Areas of checks, and codes of the language server.
    pub covers: Vec<String>,
    /// Files of this repository that say more.
    pub sources: Vec<String>,
}

/// How much something hurts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A release goes wrong.
    Blocker,
    /// Work is lost.
    Major,
    /// Time is lost.
    Minor,
}

/// Something that got easier.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Unique name.
    pub id: String,
    /// What got easier, one line.
    pub summary: String,
    /// When what would weaken it is refused.
    pub safety: Safety,
    /// Tests of what it makes easy, as `path::function`.
    pub positive: Vec<String>,
    /// Tests of what stays refused.
    pub negative: Vec<String>,
}

/// When something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Before anything runs: by the compiler, or by the validation of what was written.
    CompileTime,
    /// When it is used.
    RunTime,
}

impl Authoring {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read or parsed.
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(PATH)).map_err(|error| format!("{PATH}: {error}"))?;
        Ok(toml::from_str(&text).map_err(|error| format!("{PATH}: {error}"))?)
    }

    /// Replaces the measurements, and leaves what is above them.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn write(root: &Path, measured: &Measured, previous: Option<&Measured>) -> Result {
        let path = root.join(PATH);
        let text = fs::read_to_string(&path)?;
        let above = text.find("\n[measured.").map_or(text.as_str(), |at| &text[..=at]);
        let table = |name, measured| toml::to_string(&BTreeMap::from([(name, measured)]));
        let mut text = above.to_owned() + &table("measured", measured)?;
        if let Some(previous) = previous {
            text += "\n";
            text += &table("previous", previous)?;
        }
        Ok(fs::write(path, text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_replaced_and_the_rest_stays() {
        let root = crate::project_root();
        let text = fs::read_to_string(root.join(PATH)).expect("the file");
        let authoring = Authoring::read(&root).expect("the file");
        let copy = tempfile::tempdir().expect("a directory");
        fs::create_dir(copy.path().join("gate")).expect("a directory");
        let above = &text[..=text.find("\n[measured.").expect("measurements")];
        fs::write(copy.path().join(PATH), above).expect("a file");
        for _ in 0..2 {
            Authoring::write(copy.path(), &authoring.measured, authoring.previous.as_ref()).expect("written");
            assert_eq!(fs::read_to_string(copy.path().join(PATH)).expect("the file"), text);
        }
    }
}
