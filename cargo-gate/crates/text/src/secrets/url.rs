//! Passwords in addresses: `scheme://user:password@host`.

use std::ops::Range;

use super::eager::is_mixed;
use super::{random, span};

/// Longest user, password or host.
const LONGEST: usize = 256;

/// The password in the address whose `://` begins at `at`, if it looks like one that opens something.
pub(super) fn find(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let from = at + 3;
    let rest = bytes.get(from..bytes.len().min(from + LONGEST))?;
    let stop = span::run(rest, 0, |byte| {
        let ends = matches!(
            byte,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'@' | b')'
        );
        !ends && byte > b' '
    });
    let (pair, [b'@', host @ ..]) = rest.split_at_checked(stop)? else {
        return None;
    };
    let (user, password) = user_and_password(pair)?;
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let host = span::before(host, span::run(host, 0, of_host));
    (is_public_host(host) && is_password(user, password)).then(|| from + stop - password.len()..from + stop)
}

/// The password in the address whose `://` begins at `at`, whatever it is and wherever it leads, unless something stands in
/// its place.
pub(super) fn find_any(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let from = at + 3;
    let rest = bytes.get(from..bytes.len().min(from + LONGEST))?;
    let stop = span::run(rest, 0, |byte| {
        !matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'@') && byte > b' '
    });
    let (pair, [b'@', ..]) = rest.split_at_checked(stop)? else {
        return None;
    };
    let (_, password) = user_and_password(pair)?;
    let stands_in = |byte: &u8| matches!(byte, b'{' | b'}' | b'$' | b'*' | b'[' | b']' | b'%');
    (!password.is_empty() && !password.iter().any(stands_in)).then(|| from + stop - password.len()..from + stop)
}

/// The token that is the user of the address whose `://` begins at `at`: `https://X@host`, `https://X:x-oauth-basic@host`.
pub(super) fn token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const SHORTEST: usize = 16;
    let from = at + 3;
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let of_password =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'@');
    let end = from + span::run_within(bytes, from, LONGEST, of_token);
    let password = match bytes.get(end) {
        Some(b':') => span::run_within(bytes, end, LONGEST, of_password),
        _ => 0,
    };
    let fits = bytes.get(end + password) == Some(&b'@') && is_mixed(span::within(bytes, from..end), SHORTEST);
    fits.then_some(from..end)
}

/// Both halves of `user:password`.
pub(super) fn user_and_password(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let (user, password) = pair.split_at_checked(memchr::memchr(b':', pair)?)?;
    Some((user, password.strip_prefix(b":")?))
}

/// Whether the host is one that somebody else could reach, and none of those kept for examples.
fn is_public_host(host: &[u8]) -> bool {
    let host = host.to_ascii_lowercase();
    let top = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    if top.len() == host.len() {
        return false;
    }
    const LOCAL: &str = "example test invalid localhost local internal lan";
    const EXAMPLES: &str = "host.com foo.com bar.com test.com acme.com foo.bar";
    let is_one_of = |list: &str, word: &[u8]| list.split(' ').any(|known| known.as_bytes() == word);
    let named = |word: &str| memchr::memmem::find(&host, word.as_bytes()).is_some();
    top.len() >= 2
        && top.iter().all(u8::is_ascii_alphabetic)
        && !is_one_of(LOCAL, top)
        && !["example", "domain.", "your", "localhost"].into_iter().any(named)
        && !is_one_of(EXAMPLES, &host)
}

/// Whether a password looks like one that opens something.
pub(super) fn is_password(user: &[u8], password: &[u8]) -> bool {
    let plain = password
        .iter()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}' | b'$' | b'(' | b'[' | b']' | b'*' | b'|'));
    let digits = password.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = password.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    password.len() >= 8
        && plain
        && user != password
        && digits >= 1
        && letters >= 1
        && !random::is_patterned(password)
        && !random::has_stand_in(password)
        && !random::has_stand_in(&spelled_out(password))
        && random::entropy(password) >= 2.7
        && !is_word_and_number(password)
}

/// `p4ssw0rd` as `password`: the letters that digits are written for.
fn spelled_out(text: &[u8]) -> Vec<u8> {
    let letter = |byte: &u8| match byte {
        b'0' => b'o',
        b'1' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' => b's',
        b'7' => b't',
        byte => *byte,
    };
    text.iter().map(letter).collect()
}

/// `hunter2`, `password123`: letters, then a few digits.
fn is_word_and_number(text: &[u8]) -> bool {
    let rest = span::from(text, span::run(text, 0, |byte| byte.is_ascii_alphabetic()));
    rest.len() <= 4 && rest.iter().all(u8::is_ascii_digit)
}
