//! Whether a value is one of many of its shape: an entry of a table of digests, whatever its name sounds like.

use std::ops::Range;

use super::assignment::WORDS;
use super::span;

/// Bytes to either side in which siblings count.
const NEAR: usize = 8 * 1024;
/// Siblings that make a table. Settings with fewer random values than this are common.
const TABLE: usize = 8;

/// Whether at least [`TABLE`] values near this one have its length and alphabet, under names that are not those of secrets, and
/// values under names of secrets are the exception among them.
pub(super) fn is_in_table(bytes: &[u8], value: &Range<usize>) -> bool {
    let shape = Shape::of(span::within(bytes, value.clone()));
    let start = value.start.saturating_sub(NEAR);
    let window = span::within(bytes, start..(value.end + NEAR).min(bytes.len()));
    let (mut plain, mut secret) = (0, 0);
    let mut name: &[u8] = &[];
    for token in window
        .split(|byte| !is_of_token(*byte))
        .filter(|token| !token.is_empty())
    {
        if Shape::of(token) != shape {
            name = token;
        } else if names_secret(name) {
            secret += 1;
        } else {
            plain += 1;
        }
    }
    plain >= TABLE && secret * 4 <= plain
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'.')
}

fn names_secret(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    let mut words = WORDS.iter().flat_map(|(_, words)| words.split_whitespace());
    words.any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// What values of one origin have in common.
#[derive(PartialEq, Eq)]
struct Shape {
    length: usize,
    hexadecimal: bool,
}

impl Shape {
    fn of(text: &[u8]) -> Self {
        let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
        let text = span::before(text, text.len() - padding);
        Self {
            length: text.len(),
            hexadecimal: text.iter().all(u8::is_ascii_hexdigit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan_all;

    /// A table of digests in which one name sounds like that of a secret.
    fn table(rows: usize, odd: &str) -> String {
        let row =
            |name: &str, seed: usize| format!("  \"{name}\": \"{}\",\n", gate_base::digest::sha256_hex(&[seed as u8]));
        let rows: String = (0..rows).map(|at| row(&format!("Shape{at}Builder"), at)).collect();
        format!("{{\n{rows}{}}}\n", row(odd, 255))
    }

    #[test]
    fn an_entry_of_a_table_of_digests_is_no_secret() {
        assert!(
            scan_all(table(40, "ProfileCredentialProvider").as_bytes())
                .hits
                .is_empty()
        );
    }

    #[test]
    fn a_secret_beside_a_few_digests_is_one() {
        assert_eq!(scan_all(table(4, "client_secret").as_bytes()).hits.len(), 1);
    }

    #[test]
    fn many_secrets_are_no_table() {
        let rows: String = (0..20_u8)
            .map(|at| format!("SECRET_{at}={}\n", gate_base::digest::sha256_hex(&[at])))
            .collect();
        assert_eq!(scan_all(rows.as_bytes()).hits.len(), 20);
    }
}
