//! Paths: how they are spelled in reports, and lexical work that never touches the disk.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use crate::Location;

/// The spelling of a path in every report and index: `/` between components; bytes that are not UTF-8, control
/// characters, characters that break or reorder a line, and `\` as one `\xNN` per byte. Different paths have different
/// spellings, and a spelling fits on one line.
pub fn spell(path: &Path) -> String {
    let mut text = String::new();
    for component in path.components() {
        match component {
            Component::RootDir => text.push('/'),
            Component::Prefix(prefix) => spell_bytes(prefix.as_os_str().as_encoded_bytes(), &mut text),
            Component::CurDir => {}
            Component::ParentDir | Component::Normal(_) => {
                if !text.is_empty() && !text.ends_with('/') {
                    text.push('/');
                }
                spell_bytes(component.as_os_str().as_encoded_bytes(), &mut text);
            }
        }
    }
    text
}

/// The same spelling for a `/`-separated path in bytes, as git prints it.
pub fn spell_git(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    spell_bytes(path, &mut text);
    text
}

fn spell_bytes(bytes: &[u8], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        let mut plain = chunk.valid();
        while let Some(at) = plain.find(is_odd) {
            text.push_str(&plain[..at]);
            let odd = plain[at..].chars().next().map_or(0, char::len_utf8);
            escape(&plain.as_bytes()[at..at + odd], text);
            plain = &plain[at + odd..];
        }
        text.push_str(plain);
        escape(chunk.invalid(), text);
    }
}

fn escape(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        write!(text, "\\x{byte:02x}").expect("writing to a string cannot fail");
    }
}

/// Control characters, line and paragraph separators, and the bidirectional controls that make a line read
/// differently from what it holds.
fn is_odd(c: char) -> bool {
    c == '\\'
        || c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A path from git's bytes as this system spells it; `None` when it cannot be (bytes that are not UTF-8 on Windows).
pub fn from_git(bytes: &[u8]) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(bytes).ok().map(PathBuf::from)
    }
}

/// Resolves `.` and `..` without looking at the disk, as cargo does.
pub fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => drop(out.pop()),
                // There is nothing above the root.
                Some(Component::RootDir) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    out
}

/// `path` relative to `root`, spelled for reports: it may start with `../`. Stays absolute where there is no relative
/// path (another drive).
pub fn relative(root: &Path, path: &Path) -> String {
    if let Ok(inside) = path.strip_prefix(root) {
        return spell(inside);
    }
    let common = root
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    if common == 0 {
        return spell(path);
    }
    let up = root.components().count() - common;
    let mut out: PathBuf = std::iter::repeat_n(Component::ParentDir, up).collect();
    out.extend(path.components().skip(common));
    spell(&out)
}

/// `path` seen from `directory`, both `/`-separated, with `.` and `..` resolved; `..` stays in front where the path leads
/// above what the directory is relative to.
pub fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// As [`join`]; `None` where the path leads above what the directory is relative to.
pub fn join_below(directory: &str, path: &str) -> Option<String> {
    let joined = join(directory, path);
    (joined != ".." && !joined.starts_with("../")).then_some(joined)
}

/// Directory of a `/`-separated path; empty where there is none.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// 1-based line and column (in characters) of a byte offset.
pub fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    (clamp(line), clamp(column))
}

/// The place of a byte span: where it starts, and how many characters it covers on that line.
pub fn span_location(path: &str, text: &str, span: Range<usize>) -> Location {
    let (line, column) = line_column(text, span.start);
    let covered = text.get(span).unwrap_or_default();
    let length = covered.lines().next().unwrap_or_default().chars().count();
    Location::span(path, line, column, clamp(length))
}

fn clamp(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn odd_names_are_spelled_on_one_line() {
        assert_eq!(spell_git(b"src/lib.rs"), "src/lib.rs");
        assert_eq!(spell_git("sr\u{e9}/\u{202e}x".as_bytes()), "sr\u{e9}/\\xe2\\x80\\xaex");
        assert_eq!(spell_git(b"a\nb\\c\xff"), "a\\x0ab\\x5cc\\xff");
    }

    #[test]
    fn relative_paths_may_leave_the_root() {
        let root = Path::new("/a/b");
        assert_eq!(relative(root, Path::new("/a/b/c/Cargo.toml")), "c/Cargo.toml");
        assert_eq!(relative(root, Path::new("/a/x/Cargo.toml")), "../x/Cargo.toml");
        assert_eq!(relative(root, Path::new("/a/b")), "");
        assert_eq!(normalize(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(normalize(Path::new("/../a")), Path::new("/a"));
        assert_eq!(normalize(Path::new("../../x")), Path::new("../../x"));
        assert_eq!(normalize(Path::new("a/../../x")), Path::new("../x"));
    }

    #[test]
    fn joined_paths_are_lexical() {
        for (directory, path, joined) in [
            ("", "ptx/k.ptx", "ptx/k.ptx"),
            ("crates/k", "../shared/k.cuh", "crates/shared/k.cuh"),
            ("k", "../../outside.cuh", "../outside.cuh"),
            ("k", "./a//b", "k/a/b"),
            ("..", "../b", "../../b"),
        ] {
            assert_eq!(join(directory, path), joined);
        }
        assert_eq!(join_below("a/b", "../../c"), Some("c".to_owned()));
        assert_eq!(join_below("a", "../../c"), None);
        assert_eq!(join_below("a", "../.."), None);
    }

    /// Undoes the spelling, which proves that it is unique.
    fn read_back(text: &str) -> Vec<u8> {
        let bytes = text.as_bytes();
        let mut out = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'\\' {
                out.push(u8::from_str_radix(&text[at + 2..at + 4], 16).expect("hexadecimal"));
                at += 4;
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        out
    }

    proptest! {
        #[test]
        fn the_spelling_is_unique(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = spell_git(&bytes);
            prop_assert!(!text.contains(char::is_control));
            prop_assert_eq!(read_back(&text), bytes);
        }

        #[test]
        fn the_spelling_is_unique_for_text(name in "\\PC*[\u{0}-\u{1f}\u{2028}-\u{202f}\\\\]?\\PC*") {
            prop_assert_eq!(read_back(&spell_git(name.as_bytes())), name.as_bytes());
        }
    }
}
