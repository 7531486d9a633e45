//! A folder that machines share.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use gate_build::store::LARGEST;

use gate_base::atomic;

use super::{Failure, Remote};

/// The folder of a format in a folder that machines share, laid out as the store of one machine is.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    /// Whether the folder that machines share is there. The folder of the format comes with its first entry.
    fn is_there(&self) -> bool {
        self.0.parent().is_some_and(Path::is_dir)
    }
}

impl Remote for Directory {
    fn get(&self, place: &str) -> Result<Option<Vec<u8>>, Failure> {
        let file = match File::open(self.0.join(place)) {
            Ok(file) => file,
            // A folder that is not mounted is no folder without entries.
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_there() => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Failure::new("the directory does not exist"));
            }
            Err(error) => return Err(Failure::new(error)),
        };
        let mut bytes = Vec::new();
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Failure::TooLarge);
        }
        Ok(Some(bytes))
    }

    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), Failure> {
        atomic::write_unsynced(&self.0.join(place), bytes).map_err(|_| Failure::new("the directory is not writable"))
    }
}
