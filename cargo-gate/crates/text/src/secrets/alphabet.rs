//! Sets of characters that tokens are made of.

use super::span;

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// `0-9A-Za-z`.
    Alnum,
    /// `0-9A-Z`.
    Upper,
    /// `0-9a-z`.
    Lower,
    /// `A-Z2-7`.
    Base32,
    /// `0-9a-f`.
    Hex,
    /// `0-9A-Fa-f`.
    AnyHex,
    /// `0-9A-Za-z_`.
    Word,
    /// `0-9A-Za-z_-`, the characters of base64 in addresses.
    Url,
    /// [`Url`](Self::Url), `.` and `=`.
    Dotted,
    /// [`Url`](Self::Url) and `/`.
    Path,
    /// `0-9A-Za-z+/=`, the characters of base64.
    Base64,
}

impl Alphabet {
    /// Whether it has this character.
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Alphabet::Alnum => byte.is_ascii_alphanumeric(),
            Alphabet::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Alphabet::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Alphabet::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Alphabet::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Alphabet::AnyHex => byte.is_ascii_hexdigit(),
            Alphabet::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Alphabet::Url => byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-',
            Alphabet::Dotted => Alphabet::Url.has(byte) || byte == b'.' || byte == b'=',
            Alphabet::Path => Alphabet::Url.has(byte) || byte == b'/',
            Alphabet::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        }
    }

    /// How many characters of it follow from `at` on.
    pub(super) fn run(self, bytes: &[u8], at: usize) -> usize {
        span::run(bytes, at, |byte| self.has(byte))
    }

    /// How many characters of it stand before `at`.
    pub(super) fn run_before(self, bytes: &[u8], at: usize) -> usize {
        span::run_before(bytes, at, usize::MAX, |byte| self.has(byte))
    }
}
