//! Private keys in their text forms (PEM, OpenSSH, PGP, SSH2, PuTTY) and key stores.

use std::ops::Range;

use super::encoding::base64;
use super::{random, span};

/// A private key in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PrivateKey {
    pub(super) what: &'static str,
    /// The key with its first and last line.
    pub(super) span: Range<usize>,
    /// Its first line, which is no secret.
    pub(super) header: Range<usize>,
    /// Its characters without what stands between them.
    pub(super) body: Vec<u8>,
}

/// Longest key, with comments and escapes.
const LONGEST: usize = 64 * 1024;
/// Fewest characters: an Ed25519 key in PKCS #8 has 64.
const SHORTEST: usize = 60;

/// The key whose first line holds `PRIVATE KEY` from `at` on.
pub(super) fn pem(bytes: &[u8], at: usize) -> Option<PrivateKey> {
    let line = span::within(bytes, at.saturating_sub(48)..at);
    let begin = memchr::memmem::rfind(line, b"---- BEGIN ").or_else(|| memchr::memmem::rfind(line, b"-----BEGIN"))?;
    let (_, name) = line.split_at_checked(begin)?;
    if memchr::memchr(b'\n', name).is_some() {
        return None;
    }
    let begin = at - name.len();
    let behind = span::from(bytes, at + b"PRIVATE KEY".len());
    let behind = behind.strip_prefix(b" BLOCK").unwrap_or(behind);
    let behind = behind.strip_prefix(b" ").unwrap_or(behind);
    let dashes = span::run(behind, 0, |byte| byte == b'-');
    if dashes < 4 {
        return None;
    }
    let (_, behind) = behind.split_at_checked(dashes)?;
    let end = bytes.len() - behind.len();
    let behind = span::before(behind, LONGEST);
    let (inside, closing) = behind.split_at_checked(memchr::memmem::find(behind, b"----")?)?;
    let close = end + inside.len();
    let last = memchr::memmem::find(closing, b"KEY").map_or(close, |to| {
        let of_close = |byte| matches!(byte, b'-' | b' ' | b'B' | b'L' | b'O' | b'C' | b'K');
        close + to + 3 + span::run(closing, to + 3, of_close)
    });
    let has = |word: &[u8]| memchr::memmem::find(name, word).is_some();
    let body = characters(inside);
    let starts = |prefix: &[u8]| body.starts_with(prefix);
    let (what, fits) = if has(b"OPENSSH") {
        ("an OpenSSH private key", starts(b"b3BlbnNzaC1rZXktdjE"))
    } else if has(b"PGP") {
        ("a PGP private key", true)
    } else if has(b"SSH2") {
        ("an SSH2 private key", true)
    } else if memchr::memmem::find(inside, b"Proc-Type").is_some() {
        ("an encrypted private key", true)
    } else {
        let what = if has(b"RSA") {
            "an RSA private key"
        } else if has(b"EC ") {
            "an EC private key"
        } else if has(b"DSA") {
            "a DSA private key"
        } else if has(b"ENCRYPTED") {
            "an encrypted private key"
        } else {
            "a private key"
        };
        // All of these are a DER sequence.
        (what, base64(span::before(&body, 4)).first() == Some(&0x30))
    };
    let sample = span::from(span::before(&body, 400), 32);
    if !fits || body.len() < SHORTEST || random::entropy(sample) < 4.0 {
        return None;
    }
    Some(PrivateKey {
        what,
        span: begin..last.max(close),
        header: begin..end,
        body,
    })
}

/// Whatever follows a first line that holds `PRIVATE KEY` from `at` on, and looks like lines of a key: with signs before each
/// line, without an end, or of no form that is known.
pub(super) fn anything_like(bytes: &[u8], at: usize) -> Option<PrivateKey> {
    let line = span::within(bytes, at.saturating_sub(48)..at);
    let begin = at - (line.len() - memchr::memmem::rfind(line, b"BEGIN")?);
    let begin = begin - span::run_before(bytes, begin, 8, |byte| matches!(byte, b'-' | b' '));
    let window = span::before(span::from(bytes, at), LONGEST);
    let first = memchr::memchr(b'\n', window).map_or(window.len(), |end| end + 1);
    // In a string of one line it ends with the string at the latest.
    let quoted = memchr::memchr2(b'"', b'\'', span::before(window, first));
    let end = match (memchr::memmem::find(window, b"END"), quoted) {
        (Some(end), None) => memchr::memchr(b'\n', span::from(window, end)).map_or(window.len(), |more| end + more),
        (Some(end), Some(quote)) if end < quote => quote,
        (_, Some(quote)) => quote,
        (None, None) => {
            let lines = span::from(window, first).split_inclusive(|byte| *byte == b'\n');
            first
                + lines
                    .take_while(|line| is_line_of_key(line))
                    .map(<[u8]>::len)
                    .sum::<usize>()
        }
    };
    Some(PrivateKey {
        what: "a private key",
        span: begin..at + end,
        header: begin..at + span::before(window, first.min(end)).trim_ascii_end().len(),
        body: characters(span::within(window, first.min(end)..end)),
    })
}

/// Whether a line could belong to a key: it is empty, or it holds many characters of base64 in a row.
pub(super) fn is_line_of_key(line: &[u8]) -> bool {
    const SHORTEST_RUN: usize = 16;
    let of_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let longest = line.split(|byte| !of_key(byte)).map(<[u8]>::len).max();
    let header = ["Proc-Type", "DEK-Info", "Comment", "Version"];
    longest.is_some_and(|run| run >= SHORTEST_RUN)
        || line.trim_ascii().is_empty()
        || header
            .iter()
            .any(|name| memchr::memmem::find(line, name.as_bytes()).is_some())
}

/// The key of a PuTTY file whose `Private-Lines:` end at `at`.
pub(super) fn putty(bytes: &[u8], at: usize) -> Option<PrivateKey> {
    let begin = at.checked_sub(b"Private-Lines:".len())?;
    let behind = span::before(span::from(bytes, at), LONGEST);
    let line = memchr::memchr(b'\n', behind)? + 1;
    let behind = span::from(behind, line);
    let key = memchr::memmem::find(behind, b"Private-MAC").map_or(behind, |to| span::before(behind, to));
    let close = at + line + key.len();
    let of_key =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace();
    let plain = key.iter().all(of_key);
    let body = characters(key);
    (plain && body.len() >= 40 && random::entropy(&body) >= 4.0).then_some(PrivateKey {
        what: "a PuTTY private key",
        span: begin..close,
        header: begin..at,
        body,
    })
}

/// Whether the bytes are a key store: PKCS #12 or the older one of Java.
pub(super) fn store(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        return Some("a Java key store");
    }
    // SEQUENCE { INTEGER 3, SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.7, … } }
    let head = span::before(bytes, 40);
    let version = memchr::memmem::find(head, &[2, 1, 3, 0x30])?;
    let object = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
    (head.starts_with(&[0x30]) && version <= 6 && memchr::memmem::find(head, &object).is_some())
        .then_some("a PKCS #12 key store")
}

/// The base64 of a body: without white space, escapes of line ends, quotes, comment signs, headers and the check sum
/// of PGP.
fn characters(text: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(text.len());
    let lines = text.split(|byte| *byte == b'\n');
    for line in lines {
        let line = line.trim_ascii();
        // Headers of encrypted keys, of SSH2 and of PGP.
        if line.contains(&b':') {
            continue;
        }
        let mut rest = without_comment(line);
        while let Some((byte, tail)) = rest.split_first() {
            rest = tail;
            match byte {
                b'\\' => rest = tail.get(1..).unwrap_or_default(),
                b'+' | b'/' | b'=' => body.push(*byte),
                byte if byte.is_ascii_alphanumeric() => body.push(*byte),
                _ => {}
            }
        }
    }
    body
}

/// A line without the signs that comments in sources begin with.
fn without_comment(line: &[u8]) -> &[u8] {
    let count = span::run(line, 0, |byte| matches!(byte, b'/' | b'!' | b'#' | b'*' | b' '));
    // A line of base64 may begin with one slash.
    if count == 1 && line.starts_with(b"/") {
        line
    } else {
        span::from(line, count)
    }
}
