//! A database in one small file: what is judged of each advisory, and the commit that it was taken from. One of them is
//! compiled in, and `cargo gate advisories update` keeps another.
//!
//! The file is a line of JSON, the header, and behind it the advisories as JSON, compressed (RFC 1950).

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;

use super::archive::MAX_UNPACKED;
use super::database::{Commit, Database};

/// The snapshot of the public database that is compiled in; `cargo xtask advisories` writes it. Its own licence terms are in
/// its header and in its entries.
pub static BUILT_IN: &[u8] = include_bytes!("advisories.snapshot");

const FORMAT: u32 = 1;
/// How every snapshot begins.
const START: &[u8] = b"{\"advisory-snapshot\":";
/// A header longer than this is none.
const LONGEST_HEADER: usize = 4096;
const LICENSE: &str = "https://github.com/RustSec/advisory-db, CC0-1.0; an entry with a `license` has that licence, and \
     its `url` names the origin";

/// What a snapshot says of itself, readable without unpacking it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    #[serde(rename = "advisory-snapshot")]
    format: u32,
    /// The commit it was made of.
    pub commit: Commit,
    /// Number of advisories.
    pub advisories: usize,
    /// Day of the newest one.
    pub newest: Date,
    /// Files that were left out.
    pub skipped: usize,
    license: String,
    /// SHA-256 of what follows.
    pub sha256: String,
}

/// Whether a file is a snapshot, by its first bytes.
pub(super) fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(START)
}

/// The snapshot of a database; equal databases give equal bytes.
///
/// # Errors
/// The database is empty, or nobody knows which commit it is of.
pub fn write(database: &Database) -> Result<Vec<u8>, String> {
    let commit = database.commit.clone().ok_or("its commit is unknown")?;
    let newest = database.newest.ok_or("it contains no advisories")?;
    let plain = serde_json::to_vec(database).map_err(|error| error.to_string())?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(&plain).and_then(|()| encoder.finish());
    let packed = packed.map_err(|error| error.to_string())?;
    let header = Header {
        format: FORMAT,
        commit,
        advisories: database.advisories.len(),
        newest,
        skipped: database.skipped.len(),
        license: LICENSE.to_owned(),
        sha256: sha256_hex(&packed),
    };
    let mut bytes = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    bytes.extend(packed);
    Ok(bytes)
}

/// The header, and what it is about.
///
/// # Errors
/// Why it is no snapshot of this format.
pub fn header(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let first = &bytes[..bytes.len().min(LONGEST_HEADER)];
    let end = first.iter().position(|byte| *byte == b'\n').ok_or("it has no header")?;
    let header: Header = serde_json::from_slice(&bytes[..end]).map_err(|_| "its header cannot be read")?;
    if header.format != FORMAT {
        return Err(format!("its format is {}, not {FORMAT}", header.format));
    }
    Ok((header, &bytes[end + 1..]))
}

/// The database in a snapshot.
///
/// # Errors
/// Why it cannot be read: it is of another format, damaged, or not what its header says.
pub fn read(bytes: &[u8]) -> Result<Database, String> {
    let (header, packed) = header(bytes)?;
    if sha256_hex(packed) != header.sha256 {
        return Err("it is damaged".into());
    }
    let mut plain = Vec::new();
    let read = ZlibDecoder::new(packed).take(MAX_UNPACKED + 1).read_to_end(&mut plain);
    read.map_err(|error| format!("it is damaged: {error}"))?;
    let database: Database = serde_json::from_slice(&plain).map_err(|error| format!("it is damaged: {error}"))?;
    let said = (
        Some(&header.commit),
        Some(header.newest),
        header.advisories,
        header.skipped,
    );
    let found = (
        database.commit.as_ref(),
        database.advisories.iter().map(|advisory| advisory.date).max(),
        database.advisories.len(),
        database.skipped.len(),
    );
    if said != found {
        return Err("it does not contain what its header says".into());
    }
    Ok(database)
}

#[cfg(test)]
mod tests;
