//! What of an archive was not searched, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Part of a file that was not searched for secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The entry of the archive, without secrets; `None` where the reason is about the file as a whole.
    pub entry: Option<String>,
    /// Why it was not searched.
    pub reason: UnreadReason,
}

/// What stopped the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnreadReason {
    /// It unpacks to more than is read.
    Size,
    /// It has more entries than are read.
    Entries,
    /// It is nested deeper than is read.
    Depth,
    /// It needs a password.
    Encrypted,
    /// An entry of a ZIP archive is compressed by a method that is not read: its number in the specification.
    Method(u16),
    /// It has a format that is not read.
    Format(PackedFormat),
    /// Entries share one name, and only the last of them is read.
    SameName,
    /// It ends early, or contradicts itself.
    Damaged,
}

/// A format of compressed files that is recognised and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackedFormat {
    /// `.bz2`.
    Bzip2,
    /// `.xz`.
    Xz,
    /// `.zst`.
    Zstandard,
    /// `.lz4`.
    Lz4,
    /// `.7z`.
    SevenZip,
    /// `.rar`.
    Rar,
}

impl PackedFormat {
    /// How files in each format begin. Shorter signatures would be met by chance.
    const SIGNATURES: &[(&[u8], Self)] = &[
        (b"\xfd7zXZ\0", Self::Xz),
        (b"\x28\xb5\x2f\xfd", Self::Zstandard),
        (b"\x04\x22\x4d\x18", Self::Lz4),
        (b"7z\xbc\xaf\x27\x1c", Self::SevenZip),
        (b"Rar!\x1a\x07", Self::Rar),
    ];

    /// The format of a file, by how it begins.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        // `BZh`, the size of a block, and the magic number of a block or of the end.
        if let [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] = bytes
            && (rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90"))
        {
            return Some(Self::Bzip2);
        }
        Self::SIGNATURES
            .iter()
            .find(|(signature, _)| bytes.starts_with(signature))
            .map(|(_, format)| *format)
    }
}

impl fmt::Display for PackedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstandard => "Zstandard",
            Self::Lz4 => "LZ4",
            Self::SevenZip => "7-Zip",
            Self::Rar => "RAR",
        })
    }
}

impl Unread {
    /// Whether nothing of the file was searched.
    pub fn is_whole(&self) -> bool {
        self.entry.is_none() && matches!(self.reason, UnreadReason::Format(_))
    }
}

/// A sentence about the file or its entry, without a full stop: `the entry `a` is encrypted`.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "the entry `{entry}` ")?,
            None => f.write_str("it ")?,
        }
        match self.reason {
            UnreadReason::Size => f.write_str("unpacks to more than 64 MiB"),
            UnreadReason::Entries => f.write_str("has more than 10,000 entries"),
            UnreadReason::Depth => f.write_str("is nested more than three levels deep"),
            UnreadReason::Encrypted => f.write_str("is encrypted"),
            UnreadReason::Method(number) => match method(number) {
                Some(name) => write!(f, "is compressed with {name}"),
                None => write!(f, "is compressed with method {number}"),
            },
            UnreadReason::Format(format) => write!(f, "is in the format {format}, which is not unpacked"),
            UnreadReason::SameName => f.write_str("has several entries with one name"),
            UnreadReason::Damaged => f.write_str("is damaged"),
        }
    }
}

/// Names of methods in ZIP archives (APPNOTE 4.4.5).
fn method(number: u16) -> Option<&'static str> {
    Some(match number {
        9 => "Deflate64",
        12 => "bzip2",
        14 => "LZMA",
        20 | 93 => "Zstandard",
        95 => "xz",
        98 => "PPMd",
        _ => return None,
    })
}
