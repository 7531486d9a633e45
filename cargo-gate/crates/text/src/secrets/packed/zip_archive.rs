//! The entries of a ZIP archive, which may follow a program that unpacks it.

use std::io::Cursor;

use zip::{CompressionMethod, ZipArchive};

use super::unpacker::{IN_COMMENT, IN_NAME, IN_PREFIX, MAX_ENTRIES, Unpacker};
use crate::secrets::span;
use crate::secrets::unread::UnreadReason;

/// How the first entry begins.
const ENTRY: &[u8] = b"PK\x03\x04";
/// How each entry of the directory begins.
const DIRECTORY: &[u8] = b"PK\x01\x02";
/// How the end of the directory begins.
const END: &[u8] = b"PK\x05\x06";
/// The most bytes from there on: a record of fixed size, and a comment.
const LONGEST_END: usize = 22 + 0xffff;

/// Whether bytes are a ZIP archive, perhaps behind something else.
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(ENTRY) || has_end(bytes)
}

/// Whether the end of a directory is where an archive has it. It holds NULs, for which a text is looked through faster.
fn has_end(bytes: &[u8]) -> bool {
    let tail = span::from(bytes, bytes.len().saturating_sub(LONGEST_END));
    memchr::memchr(0, tail).is_some() && memchr::memmem::rfind(tail, END).is_some()
}

/// Searches names, comments and contents of all entries, and what is before the first one.
pub(super) fn open(unpacker: &mut Unpacker<'_>, bytes: &[u8], depth: usize) -> bool {
    // The directory is read as a whole. Entries of archives inside this one count too: more than a few times as many are a trap.
    if memchr::memmem::find_iter(bytes, DIRECTORY)
        .nth(4 * MAX_ENTRIES)
        .is_some()
    {
        unpacker.missed(UnreadReason::Entries);
        return true;
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        let is_archive = bytes.starts_with(ENTRY);
        if is_archive {
            unpacker.missed(UnreadReason::Damaged);
        }
        return is_archive;
    };
    if archive.has_duplicate_names() {
        unpacker.missed(UnreadReason::SameName);
    }
    unpacker.text(archive.comment(), IN_COMMENT);
    let mut start = archive.central_directory_start();
    for position in 0..archive.len() {
        if !unpacker.next_entry() {
            break;
        }
        let Ok(entry) = archive.by_index_data(position) else {
            continue;
        };
        let name = entry.name_raw().to_owned();
        unpacker.text(&name, IN_NAME);
        unpacker.text(entry.comment().as_bytes(), IN_COMMENT);
        start = start.min(entry.header_start());
        let encrypted = entry.encrypted();
        let method = entry.compression();
        unpacker.names.push(name);
        if encrypted {
            unpacker.missed(UnreadReason::Encrypted);
        } else if let Some(number) = unread_method(method) {
            unpacker.missed(UnreadReason::Method(number));
        } else if let Ok(entry) = archive.by_index(position) {
            let (content, _) = unpacker.read(entry);
            unpacker.content(&content, depth + 1);
        } else {
            unpacker.missed(UnreadReason::Damaged);
        }
        unpacker.names.pop();
    }
    prefix(
        unpacker,
        span::before(bytes, usize::try_from(start).unwrap_or(usize::MAX)),
    );
    true
}

/// Searches what is before an archive, if it is text: a program is not searched elsewhere either.
fn prefix(unpacker: &mut Unpacker<'_>, bytes: &[u8]) {
    const HEAD: usize = 8 * 1024;
    if memchr::memchr(0, span::before(bytes, HEAD)).is_none() {
        unpacker.text(bytes, IN_PREFIX);
    }
}

/// The number of a method that is not read.
fn unread_method(method: CompressionMethod) -> Option<u16> {
    match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => None,
        #[expect(deprecated, reason = "the number is in no other place")]
        CompressionMethod::Unsupported(number) => Some(number),
        // Methods that features of other crates turn on.
        _ => None,
    }
}
