//! What `gzip` packed: one stream or several, each with a header that may hold a name and a comment.

use flate2::bufread::GzDecoder;

use super::unpacker::{IN_HEADER, Unpacker};
use crate::secrets::span;

/// Whether bytes begin like a `gzip` file.
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8])
}

/// Searches every stream, and what follows the last one.
pub(super) fn open(unpacker: &mut Unpacker<'_>, bytes: &[u8], depth: usize) -> bool {
    let mut rest = bytes;
    while is(rest) {
        if !unpacker.next_entry() {
            return true;
        }
        let mut decoder = GzDecoder::new(rest);
        let (content, complete) = unpacker.read(&mut decoder);
        if let Some(header) = decoder.header() {
            for text in [header.filename(), header.comment(), header.extra()]
                .into_iter()
                .flatten()
            {
                unpacker.text(text, IN_HEADER);
            }
        }
        unpacker.content(&content, depth + 1);
        if !complete {
            return true;
        }
        rest = decoder.into_inner();
        // Tapes and disks are filled up with zeros.
        rest = span::from(rest, span::run(rest, 0, |byte| byte == 0));
    }
    if !rest.is_empty() {
        unpacker.content(rest, depth + 1);
    }
    true
}
