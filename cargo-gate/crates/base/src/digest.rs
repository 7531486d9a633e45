//! Digests: BLAKE3 for what only this tool reads, SHA-256 wherever another tool or a person verifies.

use std::{fmt, io};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// BLAKE3 digest of some bytes, 32 bytes, shown as lowercase hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Digest of all that a reader gives, in pieces: a file may be larger than memory.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_reader(reader: impl io::Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(reader)?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }

    /// The raw 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A digest from its raw 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Lowercase hexadecimal, 64 characters.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// The first 12 hexadecimal characters, enough to tell digests apart in conversation.
    pub fn short(self) -> String {
        hex(&self.0[..6])
    }

    /// Parses 64 hexadecimal characters.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut out = [0; 32];
        for (slot, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *slot = (high * 16 + low) as u8;
        }
        Some(Self(out))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_hex())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Digest::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest is 64 hexadecimal characters"))
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// Digest over a sequence of parts, each with its length in front, so that no two sequences collide by concatenation.
#[derive(Default)]
pub struct DigestBuilder {
    hasher: blake3::Hasher,
    /// Parts wait here until they are worth a call: BLAKE3 hashes many short pieces several times slower than one long
    /// one.
    pending: Vec<u8>,
}

/// Bytes that are handed to the hasher at once.
const BATCH: usize = 64 * 1024;

impl DigestBuilder {
    /// A builder whose result can never equal one made for another `domain`.
    pub fn new(domain: &str) -> Self {
        let mut this = Self::default();
        this.part(domain.as_bytes());
        this
    }

    /// Adds one part.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.pending.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= BATCH {
            self.hasher.update(&self.pending);
            self.pending.clear();
        }
        self
    }

    /// Adds a digest as a part.
    pub fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.part(digest.as_bytes())
    }

    /// The digest of all parts so far.
    pub fn finish(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.pending);
        Digest(*hasher.finalize().as_bytes())
    }
}

/// SHA-256 of `bytes` as lowercase hexadecimal, as `sha256sum` prints it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

/// SHA-256 of bytes that come in parts.
#[derive(Debug, Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far, in lowercase hexadecimal.
    pub fn to_hex(&self) -> String {
        hex(&self.0.clone().finalize())
    }
}

/// Lowercase hexadecimal of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_round_trips() {
        let digest = Digest::of(b"abc");
        assert_eq!(Digest::parse(&digest.to_hex()), Some(digest));
        assert_eq!(Digest::parse("zz"), None);
        // The empty-input vector of FIPS 180-4.
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn parts_have_the_digest_of_the_whole() {
        let mut parts = Sha256::default();
        assert_eq!(parts.to_hex(), sha256_hex(b""));
        parts.update(b"ab");
        parts.update(b"c");
        assert_eq!(parts.to_hex(), sha256_hex(b"abc"));
    }

    #[test]
    fn parts_do_not_collide_by_concatenation() {
        let one = DigestBuilder::new("t").part(b"ab").part(b"c").finish();
        let two = DigestBuilder::new("t").part(b"a").part(b"bc").finish();
        assert_ne!(one, two);
    }
}
