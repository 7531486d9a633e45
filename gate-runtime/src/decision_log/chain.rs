//! What ties the lines of a log to each other.

use sha2::{Digest, Sha256};

/// Hexadecimal digits of a link: 128 bits.
pub(super) const DIGITS: usize = 32;

/// What a line has before the digits of its link, which is its last field.
pub(super) const BEFORE: &str = ",\"chain\":\"";

/// What it has behind them, without the line feed.
pub(super) const BEHIND: &str = "\"}";

/// The `chain` of a line: the first 128 bits, in lowercase hexadecimal, of the SHA-256 over the `chain` of the line before and the
/// text of this one up to the comma before the field. The first line of a log follows the empty text; the first line of a
/// later file follows its field `previous`.
///
/// So each line holds a digest of itself and of every line before. It protects against accidents and careless edits;
/// anyone who can write the file can also compute it.
#[must_use]
pub fn link(previous: &str, text: &str) -> String {
    let digest = Sha256::new().chain_update(previous).chain_update(text).finalize();
    let mut digits = String::with_capacity(DIGITS);
    for byte in digest.iter().take(DIGITS / 2) {
        for nibble in [byte >> 4, byte & 15] {
            digits.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
        }
    }
    digits
}

/// A line without its end, cut into the text that the link covers and the link.
pub(super) fn cut(line: &str) -> Option<(&str, &str)> {
    let (rest, digits) = line
        .strip_suffix(BEHIND)?
        .split_at_checked(line.len().checked_sub(BEHIND.len() + DIGITS)?)?;
    Some((rest.strip_suffix(BEFORE)?, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_covers_its_line_and_the_one_before() {
        let first = link("", "{\"a\":1");
        assert_eq!(first.len(), DIGITS);
        assert_ne!(first, link("", "{\"a\":2"));
        assert_ne!(first, link(&first, "{\"a\":1"));
        let line = format!("{{\"a\":1{BEFORE}{first}{BEHIND}");
        assert_eq!(cut(&line), Some(("{\"a\":1", first.as_str())));
        for other in ["", "{}", "{\"chain\":\"\"}", "\u{e9}\"}"] {
            assert_eq!(cut(other), None, "{other}");
        }
    }
}
