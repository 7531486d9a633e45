//! Texts in archives: what `gzip` packed, the entries of `.tar` and ZIP archives, and archives inside them. Nothing is
//! written. One budget of bytes and one of entries hold for a file with everything nested in it, so that no file can make the
//! search ask for more; what they, or anything else, leave out is reported.

mod gzip;
mod tar_archive;
mod unpacker;
mod zip_archive;

use super::{Hit, TextScan};
use unpacker::{Format, MAX_ENTRIES, Unpacker};

/// More than this is not unpacked.
const MAX_UNPACKED: u64 = 64 << 20;

/// The formats that are read, in the order in which they are asked.
const FORMATS: [Format; 3] = [
    Format {
        is: gzip::is,
        open: gzip::open,
    },
    Format {
        is: tar_archive::is,
        open: tar_archive::open,
    },
    Format {
        is: zip_archive::is,
        open: zip_archive::open,
    },
];

/// Searches the texts in an archive; `None` for any other file.
pub(super) fn scan(bytes: &[u8], scan_text: &dyn Fn(&[u8]) -> Vec<Hit>) -> Option<TextScan> {
    scan_within(bytes, scan_text, MAX_UNPACKED, MAX_ENTRIES)
}

fn scan_within(
    bytes: &[u8],
    scan_text: &dyn Fn(&[u8]) -> Vec<Hit>,
    bytes_left: u64,
    entries_left: usize,
) -> Option<TextScan> {
    let mut unpacker = Unpacker {
        formats: &FORMATS,
        scan_text,
        bytes_left,
        entries_left,
        names: Vec::new(),
        hits: Vec::new(),
        unread: Vec::new(),
    };
    if !unpacker.archive(bytes, 0) {
        return None;
    }
    let Unpacker { mut hits, unread, .. } = unpacker;
    for hit in &mut hits {
        // Lines and ranges of what was unpacked say nothing about these bytes.
        (hit.line, hit.column, hit.length) = (1, 1, 1);
        hit.span = 0..bytes.len();
    }
    Some(TextScan {
        hits,
        unread,
        ..TextScan::default()
    })
}

#[cfg(test)]
mod tests;
