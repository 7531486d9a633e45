//! Recorded outputs: who produced each, from what, and that it was not the implementation under test.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use gate_base::digest::sha256_hex;
use gate_policy::{EquivalencePolicy, Reference, SuitePolicy};
use gate_report::Reason;
use gate_world::Workspace;

/// A line of the record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// The output, relative to the workspace root.
    file: String,
    /// Its SHA-256.
    sha256: String,
    producer: Producer,
    /// What it was produced from, if that is a file: a change of it makes the output stale.
    #[serde(default)]
    source: Option<SourceFile>,
}

/// Who produced an output.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Producer {
    /// Name: `cpython`, `numpy`.
    name: String,
    version: String,
    /// The command, as it was started.
    command: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    file: String,
    sha256: String,
}

/// Recorded outputs by their paths.
#[derive(Debug)]
pub(super) struct Recorded {
    lines: BTreeMap<String, Line>,
}

/// What a record is held against.
pub(super) struct Oracle<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) suite: &'a SuitePolicy,
    pub(super) policy: &'a EquivalencePolicy,
    pub(super) reference: &'a Reference,
}

impl Oracle<'_> {
    /// Reads the record.
    ///
    /// # Errors
    /// It cannot be read, or a producer is the implementation under test.
    pub(super) fn read(&self) -> Result<Recorded, Reason> {
        let path = self.reference.record.as_deref().unwrap_or_default();
        let failed = |why: String| {
            let help = "write a line for each file: {\"file\": …, \"sha256\": …, \"producer\": {\"name\": …, \"version\": …, \"command\": […]}}";
            Reason::new("no_oracle", why).help(help)
        };
        let text = fs::read_to_string(self.workspace.root().join(path))
            .map_err(|error| failed(format!("cannot read `{path}`: {error}")))?;
        let mut lines = BTreeMap::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line =
                serde_json::from_str(line).map_err(|error| failed(format!("{path}:{}: {error}", at + 1)))?;
            if self.is_under_test(&line.producer) {
                let message = format!(
                    "{path}:{}: `{}` was produced by `{}`, the implementation under test",
                    at + 1,
                    line.file,
                    line.producer.name
                );
                let help = "record what another implementation gives: an output of its own shows nothing";
                return Err(Reason::new("oracle_not_independent", message).help(help));
            }
            lines.insert(line.file.clone(), line);
        }
        Ok(Recorded { lines })
    }

    /// By its name, or by its command up to the first value of a cell.
    fn is_under_test(&self, producer: &Producer) -> bool {
        let stem = |words: &[String]| -> Vec<String> {
            let own = words.iter().take_while(|word| !word.contains('{'));
            own.cloned().collect()
        };
        let ours = stem(&self.suite.command);
        let same = !ours.is_empty() && producer.command.starts_with(&ours);
        // `cargo run` alone names no implementation.
        let telling = ours.len() > 1
            || !matches!(
                ours.first().map(String::as_str),
                Some("cargo" | "python3" | "python" | "sh")
            );
        producer.name == self.policy.implementation || same && telling
    }
}

impl Recorded {
    /// The bytes of an output, which are those that were recorded.
    ///
    /// # Errors
    /// There are none, they changed, or their source did.
    pub(super) fn bytes(&self, root: &Path, path: &str) -> Result<Vec<u8>, String> {
        let line = self
            .lines
            .get(path)
            .ok_or_else(|| format!("has no record of `{path}`"))?;
        let read = |path: &str| fs::read(root.join(path)).map_err(|error| format!("cannot give `{path}`: {error}"));
        let bytes = read(path)?;
        if sha256_hex(&bytes) != line.sha256 {
            return Err(format!("has another `{path}` than was recorded"));
        }
        if let Some(source) = &line.source
            && sha256_hex(&read(&source.file)?) != source.sha256
        {
            return Err(format!("recorded `{path}` from another `{}`", source.file));
        }
        Ok(bytes)
    }

    /// Who produced the outputs, each once.
    pub(super) fn producers(&self) -> String {
        let names: std::collections::BTreeSet<String> = self
            .lines
            .values()
            .map(|line| format!("{} {}", line.producer.name, line.producer.version))
            .collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}
