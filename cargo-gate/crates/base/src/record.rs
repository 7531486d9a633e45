//! Small binary records under the gate directory: a header with a version, a checksum, and postcard behind it. A record
//! that is missing, from another version, or damaged is a miss.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::atomic;
use crate::digest::Digest;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"cgate\r\n\x1a";
const HEADER: usize = MAGIC.len() + 4 + 32;

/// Reads the record in `path`, if it is there, whole, and of this version.
pub fn read<T: DeserializeOwned>(path: &Path, version: u32) -> Option<T> {
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

/// Replaces the record in `path` in one step, and makes missing directories. There is no fsync: after a crash the checksum turns a
/// torn record into a miss, and the record can always be made again.
///
/// # Errors
/// I/O errors; the old record stays.
pub fn write<T: Serialize>(path: &Path, version: u32, value: &T) -> Result<()> {
    atomic::write_unsynced(path, &encode(value, version)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_of_another_version_is_a_miss() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("gate/record");
        write(&path, 1, &"value".to_string()).expect("write");
        assert_eq!(read::<String>(&path, 1).as_deref(), Some("value"));
        assert_eq!(read::<String>(&path, 2), None);
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
