//! Small binary records under the gate directory: a header with a version, a checksum, and postcard behind it. A record
//! that is missing, from another version, or damaged is a miss.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::atomic;
use crate::base::digest::Digest;
use crate::base::error::{Error, Result};

const MAGIC: &[u8; 8] = b"cgate\r\n\x1a";
const HEADER: usize = MAGIC.len() + 4 + 32;

/// Reads the record in `path`, if it is there, whole, and of this version.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, version: u32) -> Option<T> {
    decode(&std::fs::read(path).ok()?, version)
}

fn decode<T: DeserializeOwned>(bytes: &[u8], version: u32) -> Option<T> {
    let (header, payload) = bytes.split_at_checked(HEADER)?;
    if header != head(version, payload) {
        return None;
    }
    postcard::from_bytes(payload).ok()
}

fn encode<T: Serialize>(value: &T, version: u32) -> Result<Vec<u8>> {
    let payload =
        postcard::to_stdvec(value).map_err(|error| Error::tool(format!("cannot encode a record: {error}")))?;
    let mut bytes = head(version, &payload);
    bytes.extend_from_slice(&payload);
    Ok(bytes)
}

fn head(version: u32, payload: &[u8]) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER + payload.len());
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&version.to_le_bytes());
    header.extend_from_slice(Digest::of(payload).as_bytes());
    header
}

/// Replaces the record in `path` in one step. There is no fsync: after a crash the checksum turns a torn record into a
/// miss, and the record can always be made again.
///
/// # Errors
/// I/O errors; the old record stays.
pub(crate) fn write<T: Serialize>(gate_dir: &Path, name: &str, version: u32, value: &T) -> Result<()> {
    let bytes = encode(value, version)?;
    create_gate_dir(gate_dir)?;
    let path = gate_dir.join(name);
    replace(gate_dir, &path, &bytes).map_err(|error| Error::io("write", path, &error))
}

fn replace(directory: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tmp-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any other build output: the umask decides.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    atomic::persist(file, path)
}

/// Creates the gate directory and marks it as a cache, so that backup tools leave it out.
///
/// # Errors
/// I/O errors, among them a read-only target directory.
pub(crate) fn create_gate_dir(gate_dir: &Path) -> Result<()> {
    let tag = gate_dir.join("CACHEDIR.TAG");
    if tag.exists() {
        return Ok(());
    }
    let failed = |path: &Path| {
        let path: PathBuf = path.into();
        move |error: std::io::Error| Error::io("create", path, &error)
    };
    std::fs::create_dir_all(gate_dir).map_err(failed(gate_dir))?;
    // The first line is fixed by https://bford.info/cachedir/.
    let text = b"Signature: 8a477f597d28d172789f06886806bc55\n\
        # This file marks a directory of `cargo gate` that can be made again.\n\
        # For information about cache directory tags see https://bford.info/cachedir/\n";
    replace(gate_dir, &tag, text).map_err(failed(&tag))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_of_another_version_is_a_miss() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let gate = directory.path().join("gate");
        write(&gate, "record", 1, &"value".to_string()).expect("write");
        let path = gate.join("record");
        assert_eq!(read::<String>(&path, 1).as_deref(), Some("value"));
        assert_eq!(read::<String>(&path, 2), None);
        assert!(gate.join("CACHEDIR.TAG").exists());
    }

    proptest! {
        #[test]
        fn a_damaged_record_is_a_miss(value in ".{0,40}", at in 0usize..200, flip in 1u8..) {
            let mut bytes = encode(&value, 1).expect("encode");
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert_eq!(decode::<String>(&bytes, 1), None);
            bytes.truncate(at);
            prop_assert_eq!(decode::<String>(&bytes, 1), None);
        }

        #[test]
        fn foreign_bytes_are_a_miss(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode::<Vec<String>>(&bytes, 1), None);
        }
    }
}
