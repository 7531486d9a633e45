//! The one form of records below the gate directory: a header with a version and a checksum, and then bytes, mostly postcard.
//! A record that is missing, damaged, of another version or of another machine is a miss: the checksum is keyed with a secret
//! of the machine, so that nobody else can write a record that counts here.

use std::path::Path;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::atomic;
use crate::digest::Digest;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"cgate\r\n\x1a";
const HEADER: usize = MAGIC.len() + 4 + 32;

static KEY: OnceLock<[u8; 32]> = OnceLock::new();

/// Sets the key of all records of this process. Only the first call counts; without one, records have a key that everybody
/// knows.
pub fn use_key(key: [u8; 32]) {
    // A second key would make records of this process foreign to it.
    let _ = KEY.set(key);
}

/// A keyed digest of some bytes: only who knows the key of this machine can make it.
pub fn mark(domain: &str, bytes: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new_keyed(KEY.get().unwrap_or(&[0; 32]));
    hasher
        .update(&(domain.len() as u64).to_le_bytes())
        .update(domain.as_bytes())
        .update(bytes);
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// The bytes of a record.
pub fn seal(version: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(mark("record", payload).as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// What [`seal`] was given, if the bytes are whole and of this version.
pub fn open(version: u32, bytes: &[u8]) -> Option<&[u8]> {
    let (header, payload) = bytes.split_at_checked(HEADER)?;
    let (head, digest) = header.split_at(HEADER - 32);
    let (magic, stored) = head.split_at(MAGIC.len());
    let fits = magic == MAGIC && stored == version.to_le_bytes() && digest == mark("record", payload).as_bytes();
    fits.then_some(payload)
}

/// Reads the record in `path`, if it is there, whole, and of this version.
pub fn read<T: DeserializeOwned>(path: &Path, version: u32) -> Option<T> {
    postcard::from_bytes(open(version, &std::fs::read(path).ok()?)?).ok()
}

/// Replaces the record in `path` in one step. There is no fsync: after a crash the checksum turns a torn record into a
/// miss, and the record can always be made again.
///
/// # Errors
/// I/O errors; the old record stays.
pub fn write<T: Serialize>(path: &Path, version: u32, value: &T) -> Result<()> {
    let payload =
        postcard::to_stdvec(value).map_err(|error| Error::tool(format!("cannot encode a record: {error}")))?;
    atomic::write_unsynced(path, &seal(version, &payload))
}

/// As [`write()`], of a value that cannot be made again: JSON, which old versions of a type read too, and an fsync before it counts.
///
/// # Errors
/// I/O errors; the old record stays.
pub fn write_durable<T: Serialize>(path: &Path, version: u32, value: &T) -> Result<()> {
    let payload = serde_json::to_vec(value).map_err(|error| Error::tool(format!("cannot encode a record: {error}")))?;
    atomic::write(path, &seal(version, &payload))
}

/// Reads what [`write_durable`] wrote. `None` where the file does not exist.
///
/// # Errors
/// The record is damaged, of another version or of another machine.
pub fn read_durable<T: DeserializeOwned>(path: &Path, version: u32) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path, &error)),
        Ok(bytes) => bytes,
    };
    let value = open(version, &bytes).and_then(|payload| serde_json::from_slice(payload).ok());
    value.map(Some).ok_or_else(|| {
        let mut error = Error::tool(format!(
            "`{}` is damaged, or of another machine or version of cargo-gate",
            path.display()
        ));
        error.path = Some(path.to_owned());
        error
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_of_another_version_is_a_miss() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("gate").join("record");
        write(&path, 1, &"value".to_string()).expect("write");
        assert_eq!(read::<String>(&path, 1).as_deref(), Some("value"));
        assert_eq!(read::<String>(&path, 2), None);
    }

    #[test]
    fn a_durable_record_is_read_or_reported() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("journal");
        assert_eq!(read_durable::<String>(&path, 1).expect("nothing"), None);
        write_durable(&path, 1, &"value".to_string()).expect("write");
        assert_eq!(
            read_durable::<String>(&path, 1).expect("a record").as_deref(),
            Some("value")
        );
        assert!(read_durable::<String>(&path, 2).is_err());
    }

    proptest! {
        #[test]
        fn a_damaged_record_is_a_miss(value in ".{0,40}", at in 0usize..200, flip in 1u8..) {
            let mut bytes = seal(1, value.as_bytes());
            prop_assert_eq!(open(1, &bytes), Some(value.as_bytes()));
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert_eq!(open(1, &bytes), None);
            bytes.truncate(at);
            prop_assert_eq!(open(1, &bytes), None);
        }

        #[test]
        fn foreign_bytes_are_a_miss(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(open(1, &bytes), None);
        }
    }
}
