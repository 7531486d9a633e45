//! JSON web tokens.

use std::ops::Range;

use hmac_sha256::HMAC;

use super::alphabet::Alphabet::Url;
use super::encoding::base64;
use super::format::begins_word;
use super::{random, span};

/// Keys with which introductions and examples sign. Such a token shows nothing that the page beside it does not say.
const EXAMPLE_KEYS: &[&str] = &[
    "secret",
    "your-256-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "secretkey",
    "secret_key",
    "secret-key",
    "my_secret_key",
    "supersecret",
    "changeme",
    "password",
    "test",
    "key",
];

/// Where the JSON web token that begins at `at` ends: a header that names an algorithm, claims, and a signature.
pub(super) fn find(bytes: &[u8], at: usize) -> Option<usize> {
    if !begins_word(bytes, at) {
        return None;
    }
    let token = Token::at(bytes, at)?;
    (!token.is_example() && random::is_random(token.signature)).then_some(token.end)
}

/// Whether a value is a token of an introduction or an example.
pub(super) fn is_example(text: &[u8]) -> bool {
    text.starts_with(b"eyJ") && Token::at(text, 0).is_some_and(|token| token.end == text.len() && token.is_example())
}

/// A signed token (RFC 7515, compact serialization).
struct Token<'b> {
    /// Header and claims as they are written: what is signed.
    signed: &'b [u8],
    claims: Vec<u8>,
    signature: &'b [u8],
    end: usize,
}

impl<'b> Token<'b> {
    fn at(bytes: &'b [u8], at: usize) -> Option<Self> {
        let header = part(bytes, at);
        let claims = part_after(bytes, header.end)?;
        let signature = part_after(bytes, claims.end)?;
        let signed = span::within(bytes, at..claims.end);
        let header = base64(span::within(bytes, header));
        let names = |word: &[u8]| memchr::memmem::find(&header, word).is_some();
        let claims = base64(span::within(bytes, claims));
        let token = header.starts_with(b"{") && names(b"\"alg\"") && !names(b"\"none\"") && claims.len() >= 2;
        (token && signature.len() >= 20).then(|| Self {
            signed,
            claims,
            end: signature.end,
            signature: span::within(bytes, signature),
        })
    }

    fn is_example(&self) -> bool {
        // The token on the first page of every introduction.
        memchr::memmem::find(&self.claims, b"John Doe").is_some()
            || random::is_patterned(&self.claims)
            || self.has_example_key()
    }

    fn has_example_key(&self) -> bool {
        let signature = base64(self.signature);
        EXAMPLE_KEYS
            .iter()
            .any(|key| HMAC::mac(self.signed, key).as_slice() == signature)
    }
}

fn part(bytes: &[u8], at: usize) -> Range<usize> {
    at..at + Url.run(bytes, at)
}

fn part_after(bytes: &[u8], end: usize) -> Option<Range<usize>> {
    (bytes.get(end) == Some(&b'.')).then(|| part(bytes, end + 1))
}
