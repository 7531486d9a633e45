//! Addresses and telephone numbers of people, and characters without any order: too common in sources to be looked for
//! everywhere, so they are looked for where the policy says so, and in what a run publishes.

use std::ops::Range;

use gate_base::digest::sha256_hex;

use super::kind::Kind;
use super::position::{Positions, characters};
use super::{Hit, random, span};

/// Addresses and telephone numbers in a text.
pub fn scan_personal(bytes: &[u8]) -> Vec<Hit> {
    let emails = memchr::memchr_iter(b'@', bytes)
        .filter_map(|at| email(bytes, at))
        .map(|span| (Kind::Email, span));
    let phones = memchr::memchr_iter(b'+', bytes)
        .filter_map(|at| phone(bytes, at))
        .map(|span| (Kind::Phone, span));
    hits(bytes, emails.chain(phones).collect())
}

/// Characters without any order.
pub fn scan_entropy(bytes: &[u8]) -> Vec<Hit> {
    const LENGTHS: std::ops::RangeInclusive<usize> = 24..=256;
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = span::run(bytes, at, of_token);
        let text = span::within(bytes, at..at + length);
        let hexadecimal = text.iter().all(u8::is_ascii_hexdigit);
        let least = if hexadecimal { 3.2 } else { 4.2 };
        if LENGTHS.contains(&length) && random::is_generated(text) && random::entropy(text) >= least {
            found.push((Kind::HighEntropy, at..at + length));
        }
        at += length + 1;
    }
    hits(bytes, found)
}

fn hits(bytes: &[u8], mut found: Vec<(Kind, Range<usize>)>) -> Vec<Hit> {
    found.sort_by_key(|(_, span)| span.start);
    let mut positions = Positions::new(bytes);
    found
        .into_iter()
        .map(|(kind, span)| {
            let (line, column) = positions.of(span.start);
            let text = span::within(bytes, span.clone());
            Hit {
                kind,
                what: match kind {
                    Kind::Email => "an e-mail address",
                    Kind::Phone => "a telephone number",
                    _ => "characters without any order",
                }
                .to_owned(),
                line,
                column,
                length: characters(text),
                digest: sha256_hex(text),
                masked: "****".to_owned(),
                certain: false,
                guessed: kind == Kind::HighEntropy,
                in_test: false,
                bare: false,
                span,
            }
        })
        .collect()
}

fn email(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let local = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    let before = span::run_before(bytes, at, 64, local);
    let domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut host = span::before(span::from(bytes, at + 1), span::run_within(bytes, at + 1, 255, domain));
    while let [shorter @ .., b'.' | b'-'] = host {
        host = shorter;
    }
    let after = host.len();
    let user = span::within(bytes, at - before..at).to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    let top = host.rsplit(|byte| *byte == b'.').next()?;
    let reserved: &[&[u8]] = &[b"example", b"test", b"invalid", b"localhost", b"local"];
    let dotted = host.len() > top.len() + 1;
    let somebody = before > 0
        && !matches!(&*user, b"git" | b"noreply" | b"no-reply" | b"hg" | b"svn")
        && !host.starts_with(b"example.")
        && memchr::memmem::find(&host, b".example.").is_none()
        && !reserved.contains(&top);
    (dotted && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) && somebody)
        .then(|| at - before..at + 1 + after)
}

/// A number with its country: `+` and 9 to 15 digits, grouped or not.
fn phone(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let before = span::byte_before(bytes, at);
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-' | b'=' | b'/')) {
        return None;
    }
    let mut digits = 0;
    let mut groups = 0;
    let mut end = at + 1;
    let behind = span::before(span::from(bytes, at + 1), 24);
    for (offset, byte) in behind.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                end = at + 2 + offset;
            }
            b' ' | b'-' | b'(' | b')' if bytes.get(at + 2 + offset).is_some_and(u8::is_ascii_digit) => {
                groups += 1;
            }
            b'(' | b')' => {}
            _ => break,
        }
    }
    let text = span::within(bytes, at..end);
    let fiction = memchr::memmem::find(text, b"555").is_some();
    let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (ends
        && (9..=15).contains(&digits)
        && behind.first() != Some(&b'0')
        && (groups > 0 || digits >= 10)
        && !fiction
        && !random::is_patterned(text))
    .then_some(at..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, u32)> {
        scan_personal(text.as_bytes())
            .iter()
            .map(|hit| (hit.kind.name(), hit.column))
            .collect()
    }

    #[test]
    fn addresses_of_people() {
        let address = ["ada.lovelace", "analytical-engine.org"].join("@");
        assert_eq!(found(&format!("by <{address}>.")), [("email", 5)]);
        for none in [
            "git@github.com:a/b",
            "a@example.com",
            "x@y.test",
            "@Override",
            "a@b",
            "user@localhost",
            "noreply@github.com",
        ] {
            assert_eq!(found(none), [], "{none}");
        }
    }

    #[test]
    fn numbers_of_people() {
        let number = ["+44", "20", "7946", "0958"].join(" ");
        assert_eq!(found(&format!("call {number} now")), [("phone", 6)]);
        for none in [
            "+1 202 555 0143",
            "1+2+3",
            "a+123456789012",
            "+0 1 2 3 4 5 6 7 8 9",
            "v1.0.0+20240101",
        ] {
            assert_eq!(found(none), [], "{none}");
        }
    }

    #[test]
    fn order_is_no_entropy() {
        let digest = sha256_hex(b"");
        let text = format!("checksum {digest} of a-long-name-with-many-parts-in-it\n");
        let found: Vec<_> = scan_entropy(text.as_bytes()).iter().map(|hit| hit.column).collect();
        assert_eq!(found, [10]);
    }
}
