//! The last answer of `cargo metadata`, kept under the gate directory with the digest of what it depended on.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_base::error::Result;

use super::super::cache;
use super::super::environment::Environment;
use super::metadata::Answer;
use super::{Hint, Inputs};
use gate_base::paths;

const NAME: &str = "cargo";
const VERSION: u32 = 3;

#[derive(Serialize, Deserialize)]
struct Record<A> {
    inputs: Digest,
    /// Manifests that were part of the inputs, absolute.
    manifests: Vec<PathBuf>,
    answer: A,
}

/// The kept answer, if it is about this workspace and everything it depends on is what it was.
pub fn load(gate_dir: &Path, hint: &Hint, environment: &Environment, base: &Digest) -> Option<(Answer, Inputs)> {
    let record: Record<Answer> = gate_base::record::read(&gate_dir.join(NAME), VERSION)?;
    let model = &record.answer.model;
    let start = paths::relative(&hint.root, &hint.manifest);
    let belongs = start == "Cargo.toml" || model.members.iter().any(|member| member.manifest == start);
    if model.root != hint.root || !belongs {
        return None;
    }
    let inputs = Inputs::read(&hint.root, &record.manifests, environment, base);
    (inputs.digest == record.inputs).then_some((record.answer, inputs))
}

/// Keeps an answer.
///
/// # Errors
/// I/O errors.
pub fn store(gate_dir: &Path, answer: &Answer, inputs: &Inputs) -> Result<()> {
    let record = Record {
        inputs: inputs.digest,
        manifests: answer.manifests.clone(),
        answer,
    };
    cache::write(gate_dir, NAME, VERSION, &record)
}
