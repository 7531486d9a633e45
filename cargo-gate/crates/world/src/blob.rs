//! Ids of file contents as git computes them: `blob <length>\0<contents>` under SHA-1 or SHA-256
//! (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>).

use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// The first 20 bytes of an id: all of it in a SHA-1 repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob([u8; 20]);

/// How a repository computes ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 40 hexadecimal digits.
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
}

/// Computes an id piece by piece.
#[derive(Debug)]
pub(crate) enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Blob {
    /// An id as git prints it, with the format that its length tells.
    pub fn parse(hex: &[u8]) -> Option<(Format, Self)> {
        let format = match hex.len() {
            40 => Format::Sha1,
            64 => Format::Sha256,
            _ => return None,
        };
        let mut id = [0; 20];
        for (byte, pair) in id.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |at: usize| {
                char::from(pair[at])
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            };
            *byte = digit(0)? << 4 | digit(1)?;
        }
        Some((format, Self(id)))
    }

    /// The id of these contents.
    pub fn of(format: Format, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(format, bytes.len() as u64);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Whether this is an id at all, and not the one of an entry that was never computed.
    pub(crate) fn is_known(self) -> bool {
        self != Self::default()
    }
}

impl Hasher {
    /// For contents of this length.
    pub(crate) fn new(format: Format, length: u64) -> Self {
        let mut this = match format {
            Format::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Format::Sha256 => Self::Sha256(sha2::Sha256::new()),
        };
        this.update(format!("blob {length}\0").as_bytes());
        this
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Blob {
        let mut id = [0; 20];
        match self {
            Self::Sha1(hasher) => id.copy_from_slice(&hasher.finalize()),
            Self::Sha256(hasher) => id.copy_from_slice(&hasher.finalize()[..20]),
        }
        Blob(id)
    }
}

/// A reader that hands on what it reads.
pub(crate) struct Tee<'a, R> {
    pub(crate) inner: R,
    pub(crate) hasher: &'a mut Option<Hasher>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(hasher) = self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// The same contents with `\n` where they have `\r\n`: git changes no more than that for text.
fn with_unix_line_ends(bytes: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(bytes, b"\r\n")?;
    let mut unix = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\r' || rest.peek() != Some(&b'\n') {
            unix.push(byte);
        }
    }
    Some(unix)
}

/// Whether a file holds what `blob` says, but for its form: other line ends, or what a pointer of Git LFS stands for
/// (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
pub(crate) fn same_but_for_form(file: &Path, format: Format, blob: Blob) -> bool {
    let Ok(bytes) = std::fs::read(file) else { return false };
    if with_unix_line_ends(&bytes).is_some_and(|unix| Blob::of(format, &unix) == blob) {
        return true;
    }
    let sha256 = gate_base::digest::sha256_hex(&bytes);
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {}\n",
        bytes.len()
    );
    Blob::of(format, pointer.as_bytes()) == blob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        // `printf 'hello\n' | git hash-object --stdin`, in a repository of each format.
        let (format, id) = Blob::parse(b"ce013625030ba8dba906f756967f9e9ca394464a").expect("an id");
        assert_eq!((format, Blob::of(format, b"hello\n")), (Format::Sha1, id));
        let sha256 = b"2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4";
        let (format, id) = Blob::parse(sha256).expect("an id");
        assert_eq!((format, Blob::of(format, b"hello\n")), (Format::Sha256, id));
        assert_eq!(Blob::parse(b"ce01"), None);
        assert_eq!(Blob::parse(&[b'x'; 40]), None);
    }

    #[test]
    fn line_ends_are_those_of_unix() {
        assert_eq!(with_unix_line_ends(b"a\r\nb\rc\n").as_deref(), Some(&b"a\nb\rc\n"[..]));
        assert_eq!(with_unix_line_ends(b"a\nb\r"), None);
    }
}
