//! What git tracks, remembered for as long as git's own index is the same file.
//!
//! `git ls-files` prints nothing but what stands in the index, so its answer holds while the index is untouched. The
//! rule for "untouched" is that of the digest index: size, times and inode are what they were, and the times are old
//! enough that a later change would show.

use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use gate_base::error::Result;

use super::super::cache;
use super::super::index::{Stamp, nanos_since_epoch};
use super::Program;
use super::repository::Repository;

const NAME: &str = "tracked";
const VERSION: u32 = 1;

/// The answer of `git ls-files -z --stage` with what it depends on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tracked {
    /// The directory that was listed.
    directory: Vec<u8>,
    /// What the index file looked like.
    stamp: Stamp,
    /// The answer.
    pub(super) output: Vec<u8>,
}

impl Tracked {
    /// The remembered answer, or git's. The second value says whether the answer is new and may be remembered.
    pub(super) fn read(program: &Program, top: &Path, gate_dir: &Path) -> std::result::Result<(Self, bool), String> {
        let index = Repository::of(top).map(|repository| repository.own.join("index"));
        let directory = program.root.as_os_str().as_encoded_bytes();
        let stamp = || Some(Stamp::of(&std::fs::symlink_metadata(index.as_ref()?).ok()?));
        let before = stamp();
        if let Some(known) = gate_base::record::read::<Self>(&gate_dir.join(NAME), VERSION)
            && known.directory == directory
            && Some(known.stamp) == before
        {
            return Ok((known, false));
        }
        let asked = nanos_since_epoch(SystemTime::now());
        let output = program.output(&["ls-files", "-z", "--stage"])?;
        let settled = before.filter(|before| before.settled_before(asked) && stamp() == Some(*before));
        let tracked = Self {
            directory: directory.to_vec(),
            stamp: settled.unwrap_or_default(),
            output,
        };
        Ok((tracked, settled.is_some()))
    }

    /// An answer that nothing vouches for.
    pub(super) fn unremembered(output: Vec<u8>) -> (Self, bool) {
        (
            Self {
                directory: Vec::new(),
                stamp: Stamp::default(),
                output,
            },
            false,
        )
    }

    /// Remembers the answer.
    ///
    /// # Errors
    /// I/O errors; what was remembered before stays.
    pub fn store(&self, gate_dir: &Path) -> Result<()> {
        cache::write(gate_dir, NAME, VERSION, self)
    }
}
