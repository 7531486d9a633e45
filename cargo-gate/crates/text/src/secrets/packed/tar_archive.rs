//! The entries of a `.tar`: their contents are parts of its bytes, so that nothing is copied.

use tar::{Archive, EntryType, Header, PaxExtensions};

use super::unpacker::{IN_NAME, Unpacker};
use crate::secrets::span;
use crate::secrets::unread::UnreadReason;

/// Size of a header, and of what contents are rounded up to.
const BLOCK: usize = 512;

/// Whether bytes begin with the header of a `.tar`. The oldest form has no magic number, but a checksum that fits.
pub(super) fn is(bytes: &[u8]) -> bool {
    let Some((header, _)) = bytes.split_at_checked(BLOCK) else {
        return false;
    };
    if span::within(header, 257..262) == b"ustar" {
        return true;
    }
    let octal = |byte: &u8| matches!(byte, b'0'..=b'7' | b' ');
    let sum = span::within(header, 148..154);
    if header.starts_with(&[0]) || !sum.iter().all(octal) {
        return false;
    }
    let outside = span::before(header, 148).iter().chain(span::from(header, 156));
    let expected: u32 = outside.map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    Header::from_byte_slice(header).cksum().is_ok_and(|sum| sum == expected)
}

/// Searches names and contents of all entries. From a damaged header on, the rest is one text.
pub(super) fn open(unpacker: &mut Unpacker<'_>, bytes: &[u8], depth: usize) -> bool {
    let mut archive = Archive::new(bytes);
    // Archives that were appended to one another have zeros between them.
    archive.set_ignore_zeros(true);
    let Ok(entries) = archive.entries() else {
        return false;
    };
    let mut long_name = None;
    let mut end = 0;
    for entry in entries.raw(true) {
        let Ok(entry) = entry else {
            unpacker.missed(UnreadReason::Damaged);
            let place = unpacker.place();
            unpacker.text(span::from(bytes, end), &place);
            break;
        };
        if !unpacker.next_entry() {
            break;
        }
        let header = entry.header();
        let at = usize::try_from(entry.raw_file_position()).unwrap_or(usize::MAX);
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        let rest = span::from(bytes, at);
        let content = span::before(rest, size);
        if rest.len() < size {
            unpacker.missed(UnreadReason::Damaged);
        }
        end = at.saturating_add(size).saturating_add(BLOCK - 1) / BLOCK * BLOCK;
        let names = [Some(entry.path_bytes()), entry.link_name_bytes()];
        for name in names.iter().flatten() {
            unpacker.text(name, IN_NAME);
        }
        for name in [header.username_bytes(), header.groupname_bytes()]
            .into_iter()
            .flatten()
        {
            unpacker.text(name, IN_NAME);
        }
        match header.entry_type() {
            EntryType::GNULongName => {
                unpacker.text(content, IN_NAME);
                long_name = content.split(|byte| *byte == 0).next();
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => unpacker.text(content, IN_NAME),
            EntryType::XHeader => {
                unpacker.text(content, IN_NAME);
                let mut fields = PaxExtensions::new(content).flatten();
                long_name = fields
                    .find(|field| field.key_bytes() == b"path")
                    .map(|field| field.value_bytes());
            }
            _ => {
                let name = entry.path_bytes();
                unpacker.entry(long_name.take().unwrap_or(&name), content, depth + 1);
            }
        }
    }
    true
}
