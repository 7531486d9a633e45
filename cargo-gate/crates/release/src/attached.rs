//! Files that were built elsewhere and are handed out with a release: its checksums and statements cover them, and say what they are.

use std::path::Path;

use gate_base::atomic;
use gate_base::error::Error;

use crate::files::{Recorded, names, read, recorded};
use crate::layout::is_added;
use crate::stop::{Result, Stop};

/// The files of the directory, sorted by path; none without a directory.
pub(crate) fn files(directory: Option<&Path>) -> Result<Vec<Recorded>> {
    let Some(directory) = directory else {
        return Ok(Vec::new());
    };
    for name in names(directory)? {
        let refused = |what: &str, help: &str| {
            let message = format!("`{}` in `{}` {what}", name.trim_end_matches('/'), directory.display());
            Err(Error::usage(message).with_help(help).into())
        };
        if name.ends_with('/') {
            return refused(
                "is not a file",
                "attach a directory of files, without links and directories below it",
            );
        }
        if is_added(&name) {
            return refused(
                "has a name that the release gives to what it writes itself",
                "rename the file",
            );
        }
    }
    Ok(recorded(directory)?)
}

/// Copies them to what the release made.
pub(crate) fn copy(files: &[Recorded], from: &Path, output: &Path) -> Result<()> {
    for file in files {
        let to = output.join(&file.path);
        if to.exists() {
            let help = "leave it out: what the release builds twice is handed out";
            return Err(Stop::refused(
                format!("`{}` is attached, and the release makes it", file.path),
                help,
            ));
        }
        atomic::write_unsynced(&to, &read(&from.join(&file.path))?)?;
    }
    Ok(())
}
