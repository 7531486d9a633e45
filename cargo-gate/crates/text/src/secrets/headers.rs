//! Headers of HTTP that a mask hides: `Authorization: …` in every scheme, and the values of cookies.

use std::ops::Range;

use super::eager::{is_given, is_mixed, is_name};
use super::span;

/// Schemes of the `Authorization` header that one word follows.
const SCHEMES: &[&[u8]] = &[
    b"basic",
    b"bearer",
    b"token",
    b"apikey",
    b"api-key",
    b"key",
    b"bot",
    b"negotiate",
    b"ntlm",
];
/// Longest header that is masked as a whole.
const LONGEST: usize = 8 * 1024;

/// What the header whose name ends at `at` says, without its scheme.
pub(super) fn authorization(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    /// The shortest text with a user and a password, in base64.
    const SHORTEST: usize = 6;
    /// The fewest characters without a scheme in front of them.
    const SHORTEST_ALONE: usize = 8;
    let from = value_start(bytes, at, b":=,")?;
    let scheme = span::run_within(bytes, from, 20, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let spaces = span::run_within(bytes, from + scheme, 4, |byte| byte == b' ');
    let name = span::within(bytes, from..from + scheme).to_ascii_lowercase();
    let is_scheme = spaces > 0 && SCHEMES.contains(&name.as_slice());
    let start = if is_scheme { from + scheme + spaces } else { from };
    let length = span::run_within(bytes, start, LONGEST, |byte| is_of_value(byte) && byte != b',');
    let text = span::within(bytes, start..start + length);
    // `authorization: basic authentication failed` is prose.
    let word = text.iter().all(u8::is_ascii_lowercase);
    let hidden = if is_scheme {
        length >= SHORTEST && !word && is_given(text)
    } else {
        is_mixed(text, SHORTEST_ALONE) && !is_name(text)
    };
    hidden.then_some(start..start + length)
}

/// The values in the `Cookie` or `Set-Cookie` header, or behind the option `--cookie`, whose name ends at `at`.
pub(super) fn cookies(bytes: &[u8], word: Range<usize>) -> Vec<Range<usize>> {
    const SHORTEST: usize = 6;
    let before = span::within(bytes, word.start.saturating_sub(4)..word.start).to_ascii_lowercase();
    let is_set = before == b"set-";
    let signs: &[u8] = if before.ends_with(b"--") { b":= " } else { b":," };
    let Some(mut at) = value_start(bytes, word.end, signs) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let end = at + span::run_within(bytes, at, LONGEST, |byte| byte >= b' ' && !is_quote(byte));
    while at < end {
        let pair = span::within(bytes, at..end);
        let length = memchr::memchr(b';', pair).unwrap_or(pair.len());
        if let Some(sign) = memchr::memchr(b'=', span::before(pair, length)) {
            let from = at + sign + 1;
            let value = from..from + span::run_within(bytes, from, length - sign - 1, is_of_value);
            let text = span::within(bytes, value.clone());
            if text.len() >= SHORTEST && is_given(text) {
                found.push(value);
            }
        }
        // Behind the first value, `Set-Cookie` has attributes.
        if is_set {
            break;
        }
        at += length + 1;
    }
    found
}

/// Where the value of a header begins whose name ends at `at`: behind the quote of the name, a sign, blanks and its own quote.
fn value_start(bytes: &[u8], at: usize, signs: &[u8]) -> Option<usize> {
    let escaped_quote = |at: usize| span::run_within(bytes, at, 2, |byte| byte == b'\\' || is_quote(byte));
    let blanks = |at: usize| span::run_within(bytes, at, 8, |byte| byte == b' ' || byte == b'\t');
    let mut at = at + escaped_quote(at);
    if !signs.contains(&b' ') {
        at += blanks(at);
    }
    if !signs.contains(bytes.get(at)?) {
        return None;
    }
    at += 1;
    at += blanks(at);
    Some(at + escaped_quote(at))
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn is_of_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !is_quote(byte) && !matches!(byte, b';' | b'\\')
}
