//! `cargo xtask advisories`: the advisory database that is compiled into the program.

use std::path::Path;

use gate_base::atomic;
use gate_surveys::supply::{of_repository, snapshot};
use gate_world::environment::Environment;

use crate::Result;

/// Where it is kept.
const PATH: &str = "cargo-gate/crates/surveys/src/supply/advisories.snapshot";

/// Writes the snapshot of the commit that is checked out in a clone of the database, and says what is in it. The same commit
/// gives the same bytes.
///
/// # Errors
/// What git says, and files that cannot be parsed.
pub fn write(root: &Path, from: &Path) -> Result<String> {
    let database = of_repository(&Environment::of_process(), from).map_err(|error| error.message)?;
    if let Some(skipped) = database.skipped.first() {
        return Err(format!("`{}`: {}", skipped.path, skipped.why).into());
    }
    let bytes = snapshot::write(&database)?;
    let (header, _) = snapshot::header(&bytes)?;
    atomic::write_tracked(&root.join(PATH), &bytes).map_err(|error| error.message)?;
    Ok(format!(
        "{} advisories of {}, commit {}: {} KiB",
        header.advisories,
        header.commit.date,
        header.commit.id,
        bytes.len().div_ceil(1024)
    ))
}
