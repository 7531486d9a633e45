//! JSON web tokens.

use super::alphabet::Alphabet::Url;
use super::encoding::base64;
use super::format::begins_word;
use super::{random, span};

/// Where the JSON web token that begins at `at` ends: a header that names an algorithm, claims, and a signature.
pub(super) fn find(bytes: &[u8], at: usize) -> Option<usize> {
    if !begins_word(bytes, at) {
        return None;
    }
    let header_end = at + Url.run(bytes, at);
    let claims = part_after(bytes, header_end)?;
    let claims_end = claims + Url.run(bytes, claims);
    let signature = part_after(bytes, claims_end)?;
    let end = signature + Url.run(bytes, signature);
    let header = base64(span::within(bytes, at..header_end));
    let names = |word: &[u8]| memchr::memmem::find(&header, word).is_some();
    let signed = header.starts_with(b"{") && names(b"\"alg\"") && !names(b"\"none\"");
    let claims = base64(span::within(bytes, claims..claims_end));
    // The token on the first page of every introduction.
    let example = memchr::memmem::find(&claims, b"John Doe").is_some() || random::is_patterned(&claims);
    let random = random::is_random(span::within(bytes, signature..end));
    (signed && !example && claims.len() >= 2 && end - signature >= 20 && random).then_some(end)
}

fn part_after(bytes: &[u8], end: usize) -> Option<usize> {
    (bytes.get(end) == Some(&b'.')).then_some(end + 1)
}
