//! All that could be promoted: packages and archives of the releases of the current content.

use std::collections::BTreeSet;
use std::path::PathBuf;

use gate_base::error::{Error, Result};
use gate_release::Produced;
use gate_surveys::Surveys;

/// What users download; the other files of a release are about these.
const SHIPPED: [&str; 3] = [".crate", ".tar.gz", ".zip"];

/// The files, sorted.
pub(super) fn all(workspace: &Surveys, produced: &[Produced]) -> Result<Vec<PathBuf>> {
    let content = workspace.files().content_digest().to_hex();
    let is_shipped = |made: &&Produced| {
        made.content == content
            && SHIPPED.iter().any(|ending| made.file.path.ends_with(ending))
            && !made.file.path.ends_with("-licences.tar.gz")
            && made.path.is_file()
    };
    let found: BTreeSet<PathBuf> = produced
        .iter()
        .filter(is_shipped)
        .map(|made| made.path.clone())
        .collect();
    if found.is_empty() {
        return Err(
            Error::usage("no candidates: there is no release of the current content")
                .with_help("`cargo gate release --dry-run`, then promote again; or pass the files"),
        );
    }
    Ok(found.into_iter().collect())
}
