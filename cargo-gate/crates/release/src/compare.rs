//! Two builds, byte by byte; and where they differ, what differs first and why that usually is.

use std::path::Path;

use gate_base::error::Result;
use object::{Object as _, ObjectSection as _};

use crate::archive::unpack;
use crate::checkout::{FIRST, SECOND};
use crate::files::{names, read};

/// Where two builds differ first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The artifact.
    pub file: String,
    /// The entry of the artifact, where it is an archive.
    pub entry: Option<String>,
    /// The section of the entry, where it is an object file.
    pub section: Option<String>,
    /// First byte that differs, in the section, or else in the entry or file.
    pub offset: usize,
    /// What usually makes this difference.
    pub cause: Cause,
}

/// What usually makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// One of the builds has no such file.
    Missing,
    /// The directory of the build is in it.
    BuildPath,
    /// The bytes look like a time.
    Time,
    /// Anything else.
    Unordered,
}

impl Cause {
    /// The cause in words, and what removes it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => (
                "only one of the builds has it",
                "make the list of files independent of the machine",
            ),
            Self::BuildPath => (
                "it holds the path of the directory it was built in",
                "replace `env!(\"CARGO_MANIFEST_DIR\")`, `env!(\"OUT_DIR\")` or what a build script writes with a path relative to the program",
            ),
            Self::Time => (
                "it looks like the time of the build",
                "take the time from `SOURCE_DATE_EPOCH` in build scripts and macros",
            ),
            Self::Unordered => (
                "usually a hash map that is iterated, a random number, or a thread count in a build script or macro",
                "sort what is generated; run the build script twice and compare",
            ),
        }
    }
}

impl Difference {
    /// What differs, on one line.
    pub fn words(&self) -> String {
        let entry = self
            .entry
            .as_ref()
            .map_or_else(String::new, |entry| format!(", entry `{entry}`"));
        let section = self
            .section
            .as_ref()
            .map_or_else(String::new, |name| format!(", section `{name}`"));
        let (cause, _) = self.cause.words();
        format!(
            "`{}`{entry}{section} differs from byte {}: {cause}",
            self.file, self.offset
        )
    }
}

/// The first difference between the files of two directories; `None` where there is none.
///
/// # Errors
/// I/O errors.
pub fn compare(first: &Path, second: &Path) -> Result<Option<Difference>> {
    let (ours, theirs) = (names(first)?, names(second)?);
    let mut all: Vec<&String> = ours.iter().chain(&theirs).collect();
    all.sort();
    all.dedup();
    for name in all {
        if !ours.contains(name) || !theirs.contains(name) {
            return Ok(Some(Difference {
                file: name.clone(),
                entry: None,
                section: None,
                offset: 0,
                cause: Cause::Missing,
            }));
        }
        let (a, b) = (read(&first.join(name))?, read(&second.join(name))?);
        if a != b {
            return Ok(Some(in_file(name, &a, &b)));
        }
    }
    Ok(None)
}

fn in_file(name: &str, a: &[u8], b: &[u8]) -> Difference {
    let plain = in_bytes(name, None, a, b);
    let (Some(ours), Some(theirs)) = (unpack(name, a), unpack(name, b)) else {
        return plain;
    };
    for at in 0..ours.len().max(theirs.len()) {
        match (ours.get(at), theirs.get(at)) {
            (Some((path, a)), Some((other, b))) if path == other => {
                if a != b {
                    return in_bytes(name, Some(path), a, b);
                }
            }
            (one, other) => {
                let entry = one.or(other).map(|(path, _)| path.clone());
                return Difference {
                    entry,
                    offset: 0,
                    cause: Cause::Missing,
                    ..plain
                };
            }
        }
    }
    // The same files: what differs are the headers or the compression.
    plain
}

fn in_bytes(file: &str, entry: Option<&str>, a: &[u8], b: &[u8]) -> Difference {
    let whole = first_difference(a, b);
    let (section, offset) = match section(a, b) {
        Some((name, offset)) => (Some(name), offset),
        None => (None, whole),
    };
    Difference {
        file: file.to_owned(),
        entry: entry.map(str::to_owned),
        section,
        offset,
        cause: cause(a, b, whole),
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b);
    same.count()
}

/// The first section with other bytes, if both are object files. A build id is a digest of everything else, and says nothing.
fn section(a: &[u8], b: &[u8]) -> Option<(String, usize)> {
    let (ours, theirs) = (object::File::parse(a).ok()?, object::File::parse(b).ok()?);
    let mut of_digest = None;
    for section in ours.sections() {
        let name = section.name().ok()?;
        let own = section.data().ok()?;
        let other = theirs.section_by_name(name).and_then(|section| section.data().ok());
        if other == Some(own) {
            continue;
        }
        let found = (name.to_owned(), first_difference(own, other.unwrap_or_default()));
        if name.contains("build-id") {
            of_digest = Some(found);
        } else {
            return Some(found);
        }
    }
    of_digest
}

fn cause(a: &[u8], b: &[u8], at: usize) -> Cause {
    let holds = |bytes: &[u8], name: &str| {
        let path = format!("build/{name}/");
        let windows = path.replace('/', "\\");
        bytes
            .windows(path.len())
            .any(|window| window == path.as_bytes() || window == windows.as_bytes())
    };
    if holds(a, FIRST) && holds(b, SECOND) {
        return Cause::BuildPath;
    }
    let around = |bytes: &[u8]| {
        let end = bytes.len().min(at + 1);
        let begin = at.saturating_sub(12).min(end);
        bytes[begin..end]
            .iter()
            .filter(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'-' | b'T' | b' '))
            .count()
    };
    let is_digit = |bytes: &[u8]| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if is_digit(a) && is_digit(b) && around(a) >= 6 && around(b) >= 6 {
        Cause::Time
    } else {
        Cause::Unordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Contents, Format, Packed, pack};

    fn compared(a: &[(&str, Vec<u8>)], b: &[(&str, Vec<u8>)]) -> Option<Difference> {
        let scratch = tempfile::tempdir().expect("a directory");
        let directory = |name: &str, files: &[(&str, Vec<u8>)]| {
            let directory = scratch.path().join(name);
            std::fs::create_dir(&directory).expect("a directory");
            for (name, bytes) in files {
                std::fs::write(directory.join(name), bytes).expect("a file");
            }
            directory
        };
        compare(&directory("a", a), &directory("b", b)).expect("a comparison")
    }

    fn archive(entry: &str, bytes: &[u8]) -> Vec<u8> {
        let packed = Packed {
            bytes: bytes.to_vec(),
            executable: false,
        };
        pack(Format::TarGz, &Contents::from([(entry.to_owned(), packed)]), 0).expect("an archive")
    }

    #[test]
    fn the_first_difference_is_named_with_its_usual_cause() {
        let of = |a: &[u8], b: &[u8]| {
            let differs = compared(
                &[("a.tar.gz", archive("a/app", a))],
                &[("a.tar.gz", archive("a/app", b))],
            );
            differs.map(|difference| difference.words()).unwrap_or_default()
        };
        assert_eq!(of(b"same", b"same"), "");
        assert_eq!(
            of(b"at /x/build/first/source", b"at /x/build/the-second/source"),
            "`a.tar.gz`, entry `a/app` differs from byte 12: it holds the path of the directory it was built in"
        );
        assert_eq!(
            of(b"built 2026-11-23 14:05:09", b"built 2026-11-23 14:06:41"),
            "`a.tar.gz`, entry `a/app` differs from byte 21: it looks like the time of the build"
        );
        assert!(of(b"zx", b"xz").contains("hash map"));
    }

    #[test]
    fn a_file_or_an_entry_of_one_build_alone_is_a_difference() {
        let missing = compared(&[("a", vec![]), ("b", vec![])], &[("a", vec![])]);
        assert_eq!(
            missing.map(|difference| (difference.file, difference.cause)),
            Some(("b".into(), Cause::Missing))
        );
        let entry = compared(&[("a.crate", archive("x", b""))], &[("a.crate", archive("y", b""))]);
        assert_eq!(
            entry.map(|difference| (difference.entry, difference.cause)),
            Some((Some("x".into()), Cause::Missing))
        );
    }

    /// A program with other bytes in one of its sections.
    #[test]
    fn a_program_is_compared_by_section() {
        let own = std::fs::read(std::env::current_exe().expect("this program")).expect("its bytes");
        let file = object::File::parse(own.as_slice()).expect("an object file");
        let section = file
            .sections()
            .find(|section| {
                section
                    .name()
                    .is_ok_and(|name| name.contains("rodata") || name.contains("rdata") || name.contains("const"))
            })
            .expect("constants");
        let name = section.name().expect("a name").to_owned();
        let (at, _) = section.file_range().expect("a place");
        let mut other = own.clone();
        other[usize::try_from(at).expect("small") + 100] ^= 1;
        let found = in_bytes("app", None, &own, &other);
        assert_eq!((found.section, found.offset), (Some(name), 100));
    }
}
