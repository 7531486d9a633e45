//! Private keys in their text forms (PEM, OpenSSH, PGP, SSH2, PuTTY) and key stores.

use std::ops::Range;

use super::encoding::base64;
use super::random;

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
    let dashes = |from: usize, least: usize| {
        bytes
            .get(from..)
            .is_some_and(|rest| rest.starts_with(&b"----"[..least]))
    };
    let line = at.saturating_sub(48);
    let begin = memchr::memmem::rfind(&bytes[line..at], b"---- BEGIN ")
        .or_else(|| memchr::memmem::rfind(&bytes[line..at], b"-----BEGIN"))?
        + line;
    if memchr::memchr(b'\n', &bytes[begin..at]).is_some() {
        return None;
    }
    let name = &bytes[begin..at];
    let mut end = at + b"PRIVATE KEY".len();
    if bytes[end..].starts_with(b" BLOCK") {
        end += b" BLOCK".len();
    }
    if bytes[end..].starts_with(b" ") {
        end += 1;
    }
    if !dashes(end, 4) {
        return None;
    }
    end += bytes[end..].iter().take_while(|byte| **byte == b'-').count();
    let limit = bytes.len().min(end + LONGEST);
    let close = memchr::memmem::find(&bytes[end..limit], b"----")? + end;
    let last = memchr::memmem::find(&bytes[close..limit], b"KEY").map_or(close, |to| {
        let to = close + to + 3;
        to + bytes[to..limit]
            .iter()
            .take_while(|byte| matches!(byte, b'-' | b' ' | b'B' | b'L' | b'O' | b'C' | b'K'))
            .count()
    });
    let has = |word: &[u8]| memchr::memmem::find(name, word).is_some();
    let body = characters(&bytes[end..close]);
    let starts = |prefix: &[u8]| body.starts_with(prefix);
    let (what, fits) = if has(b"OPENSSH") {
        ("an OpenSSH private key", starts(b"b3BlbnNzaC1rZXktdjE"))
    } else if has(b"PGP") {
        ("a PGP private key", true)
    } else if has(b"SSH2") {
        ("an SSH2 private key", true)
    } else if memchr::memmem::find(&bytes[end..close], b"Proc-Type").is_some() {
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
        (what, base64(&body[..body.len().min(4)]).first() == Some(&0x30))
    };
    let sample = &body[body.len().min(32)..body.len().min(400)];
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

/// The key of a PuTTY file whose `Private-Lines:` end at `at`.
pub(super) fn putty(bytes: &[u8], at: usize) -> Option<PrivateKey> {
    let begin = at.checked_sub(b"Private-Lines:".len())?;
    let limit = bytes.len().min(at + LONGEST);
    let first = memchr::memchr(b'\n', &bytes[at..limit])? + at + 1;
    let close = memchr::memmem::find(&bytes[first..limit], b"Private-MAC").map_or(limit, |to| first + to);
    let of_key =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace();
    let plain = bytes[first..close].iter().all(of_key);
    let body = characters(&bytes[first..close]);
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
    let head = &bytes[..bytes.len().min(40)];
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
    let count = line
        .iter()
        .take_while(|byte| matches!(byte, b'/' | b'!' | b'#' | b'*' | b' '))
        .count();
    // A line of base64 may begin with one slash.
    if count == 1 && line.starts_with(b"/") {
        line
    } else {
        &line[count..]
    }
}
