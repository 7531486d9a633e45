//! Which runs this machine made: each leaves a mark under `target/gate/marks`, keyed with the secret of the machine, so that a
//! run that was copied from elsewhere, or written by hand, is recognised.

use std::fs;
use std::path::{Path, PathBuf};

use gate_base::error::Result;
use gate_base::{atomic, record};

const DOMAIN: &str = "run";

/// Marks a run as made here.
///
/// # Errors
/// I/O errors.
pub(super) fn mark(gate_dir: &Path, run_id: &str, chain: &str) -> Result<()> {
    let mark = record::mark(DOMAIN, chain.as_bytes()).to_hex();
    atomic::write(&place(gate_dir, run_id), mark.as_bytes())
}

/// Whether a run with this chain hash was made here.
pub(super) fn is_marked(gate_dir: &Path, run_id: &str, chain: &str) -> bool {
    let known = fs::read_to_string(place(gate_dir, run_id)).unwrap_or_default();
    known == record::mark(DOMAIN, chain.as_bytes()).to_hex()
}

fn place(gate_dir: &Path, run_id: &str) -> PathBuf {
    gate_dir.join("marks").join(run_id)
}
