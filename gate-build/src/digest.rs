//! SHA-256 of bytes, and what is built from it.

use std::fmt;
use std::str::FromStr;

/// SHA-256 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hmac_sha256::Hash::hash(bytes))
    }

    /// The digest's own bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first hexadecimal digits, for names of files that need not be told from more than a few others.
    pub(crate) fn prefix(&self, digits: usize) -> String {
        let mut text = self.to_string();
        text.truncate(digits);
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 64];
        for (at, byte) in self.0.iter().enumerate() {
            text[2 * at] = DIGITS[usize::from(byte >> 4)];
            text[2 * at + 1] = DIGITS[usize::from(byte & 15)];
        }
        // Only ASCII was written.
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a SHA-256 digest in lower-case hexadecimal")
    }
}

impl std::error::Error for NotADigest {}

/// Stands in [`VALUES`] for what is no digit.
const NO_DIGIT: u8 = 16;

/// Values of lower-case hexadecimal digits.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(NotADigest);
        };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| NotADigest)?;
        let mut bytes = [0; 32];
        // A table: a build with many units reads thousands of digests, without optimisation.
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            match (VALUES.get(usize::from(high)), VALUES.get(usize::from(low))) {
                (Some(&high), Some(&low)) if high != NO_DIGIT && low != NO_DIGIT => *byte = high << 4 | low,
                _ => return Err(NotADigest),
            }
        }
        Ok(Self(bytes))
    }
}

/// Detects damage of bytes whose digest was taken when they were stored: SHA-256 of megabytes takes a second in a
/// build script, which cargo does not optimise. Multiplies and rotates 64 bits at a time.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = bytes.len() as u64 ^ FACTOR;
    for word in words {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR).rotate_left(29);
    }
    for byte in rest {
        state = (state ^ u64::from(*byte)).wrapping_mul(FACTOR).rotate_left(29);
    }
    state ^ state >> 32
}

/// Digests a sequence of fields so that no two different sequences are the same bytes: each field goes in with its
/// name and its length.
pub(crate) struct Fields(hmac_sha256::Hash);

impl Fields {
    /// A sequence for this purpose. Raise the number in it when the meaning of a field changes.
    pub(crate) fn new(purpose: &str) -> Self {
        let mut fields = Self(hmac_sha256::Hash::new());
        fields.bytes(purpose.as_bytes());
        fields
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds a field.
    pub(crate) fn add(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        self.bytes(name.as_bytes());
        self.bytes(value.as_ref());
        self
    }

    /// The digest of all fields so far.
    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha_256() {
        // FIPS 180-4, the example of one block.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), text);
        assert_eq!(text.parse(), Ok(Digest::of(b"abc")));
        for wrong in ["", "ba78", &text.to_uppercase(), &text[1..], &format!("{text}00")] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong}");
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let digest = |fields: &[(&str, &str)]| {
            let mut all = Fields::new("test");
            for (name, value) in fields {
                all.add(name, value);
            }
            all.finish()
        };
        assert_ne!(digest(&[("a", "bc")]), digest(&[("ab", "c")]));
        assert_ne!(digest(&[("a", "b"), ("c", "d")]), digest(&[("a", "b")]));
        assert_ne!(digest(&[("a", "")]), digest(&[]));
    }
}
