//! What is in front of every source in its preprocessed text: the headers that nvcc includes by itself, a megabyte of them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::deps;
use crate::digest::Digest;
use crate::sorted::{List as _, Set};

/// Preambles that were read in this build: few, one for each architecture and set of flags. Build scripts are mostly compiled without
/// optimisation, and then comparing bytes, which the standard library does, is the only fast thing to do with a megabyte.
#[derive(Default)]
pub(crate) struct Preambles(Mutex<Vec<Arc<Preamble>>>);

/// One of them.
pub(super) struct Preamble {
    raw: Vec<u8>,
    /// Digest of the text without what only says where it came from.
    pub text: Digest,
    /// Whether the place of a token may matter.
    pub knows_its_place: bool,
    /// As `absolute` names them.
    pub files: Vec<PathBuf>,
}

/// How gcc and clang begin what is in front of a source, and end it.
const BEGIN: &[u8] = b"<built-in>\"";
const END: &[u8] = b"\"<command-line>\" 2";

impl Preambles {
    /// The preamble of a text, and what is before and behind it. `None` where it has none.
    pub(super) fn split<'t>(
        &self,
        text: &'t [u8],
        absolute: &dyn Fn(Set<PathBuf>) -> Vec<PathBuf>,
    ) -> Option<(&'t [u8], Arc<Preamble>, &'t [u8])> {
        let at = begin(text)?;
        let (before, rest) = text.split_at(at);
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().iter().seek(|known| rest.starts_with(&known.raw)).cloned();
        if let Some(found) = found {
            let behind = &rest[found.raw.len()..];
            return Some((before, found, behind));
        }
        let (raw, behind) = rest.split_at(end(rest)?);
        let parsed = deps::parse_preprocessed(raw);
        let new = Arc::new(Preamble {
            raw: raw.to_vec(),
            text: Digest::of(&parsed.text),
            knows_its_place: deps::knows_its_place(raw),
            files: absolute(parsed.files),
        });
        known().push(Arc::clone(&new));
        Some((before, new, behind))
    }
}

/// Where the first line begins that has `BEGIN` in it: among the first few.
fn begin(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n').take(4) {
        if line.windows(BEGIN.len()).any(|part| part == BEGIN) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Where the line ends with which the command line does for the last time: each header that it names ends so.
fn end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut found = None;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        at += line.len();
        if line.first() == Some(&b'#') && line.trim_ascii_end().ends_with(END) {
            found = Some(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str, preamble: &str, rest: &str) -> Vec<u8> {
        format!(
            "# 0 \"{source}\"\n# 0 \"<built-in>\"\n# 0 \"<command-line>\"\n# 0 \"<command-line>\" 2\n# 1 \"/cuda/cuda_runtime.h\" 1\n{preamble}\n\
             # 0 \"<command-line>\" 2\n# 1 \"{source}\"\n{rest}"
        )
        .into_bytes()
    }

    #[test]
    fn a_preamble_is_read_once_and_told_from_others() {
        let preambles = Preambles::default();
        let absolute = |files: Set<PathBuf>| files.into_iter().collect::<Vec<_>>();
        let (a, b, c) = (
            text("a.cu", "int x;", "int a;\n"),
            text("b.cu", "int x;", "int b;\n"),
            text("a.cu", "int y;", "int a;\n"),
        );
        let split = |text| preambles.split(text, &absolute).unwrap();
        let (_, first, behind) = split(&a);
        assert_eq!(behind, b"# 1 \"a.cu\"\nint a;\n");
        assert_eq!(first.files, [PathBuf::from("/cuda/cuda_runtime.h")]);
        assert_eq!(first.text, Digest::of(b"int x;\n"));
        let (_, second, behind) = split(&b);
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(behind, b"# 1 \"b.cu\"\nint b;\n");
        assert_ne!(split(&c).1.text, first.text);
        assert!(preambles.split(b"int a;\n", &absolute).is_none());
        assert!(preambles.split(b"# 0 \"<built-in>\"\nint a;\n", &absolute).is_none());
    }
}
