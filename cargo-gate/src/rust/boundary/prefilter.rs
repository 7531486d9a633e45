//! The substring pass in front of the lexer: most files hold none of the words that matter and are never lexed.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Words without which a file has no raw boundary.
const WORDS: [&str; 7] = [
    "unsafe",
    "extern",
    "transmute",
    "asm",
    "no_mangle",
    "export_name",
    "link_section",
];

static FINDERS: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| WORDS.map(|word| Finder::new(word.as_bytes())));
static PATH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"path"));

/// Whether the file may hold a raw boundary. Never false for a file that holds one.
pub(crate) fn may_hold_boundary(bytes: &[u8]) -> bool {
    FINDERS.iter().zip(WORDS).any(|(finder, word)| {
        finder.find_iter(bytes).any(|at| {
            let after = &bytes[at + word.len()..];
            match word {
                // `transmute_copy`, `global_asm!`: the word may be a part of the identifier.
                "transmute" => true,
                // `wasm` is in many files, `asm` followed by `!` in few; a comment may stand between.
                "asm" => matches!(first_visible(after), Some(b'!' | b'/')),
                "extern" => is_word(bytes, at, word.len()) && !is_extern_crate(after),
                _ => is_word(bytes, at, word.len()),
            }
        })
    })
}

/// Whether the file may hold `#[path = "…"]`. Never false for a file that holds one.
pub(crate) fn may_hold_path_attribute(bytes: &[u8]) -> bool {
    PATH.find_iter(bytes)
        .any(|at| is_word(bytes, at, 4) && matches!(first_visible(&bytes[at + 4..]), Some(b'=' | b'/')))
}

/// Whether nothing that belongs to an identifier touches the word. Bytes of multi-byte characters count as nothing,
/// so that a doubtful case is lexed.
fn is_word(bytes: &[u8], at: usize, len: usize) -> bool {
    let touches = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !touches(at.checked_sub(1).and_then(|before| bytes.get(before))) && !touches(bytes.get(at + len))
}

fn first_visible(bytes: &[u8]) -> Option<u8> {
    // Everything that is not ASCII might be white space to rustc: report it as a comment, which is doubtful too.
    bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && **byte != 0x0b)
        .map(|byte| if byte.is_ascii() { *byte } else { b'/' })
}

fn is_extern_crate(after: &[u8]) -> bool {
    let rest = after.trim_ascii_start();
    rest.len() < after.len() && rest.starts_with(b"crate") && rest.get(5).is_some_and(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_doubtful_files_are_lexed() {
        for text in [
            "unsafe{}",
            "x;unsafe\t{}",
            "extern \"C\" {}",
            "extern{}",
            "global_asm ! (\"\")",
            "asm/**/!()",
            "mem::transmute_copy(x)",
            "#[no_mangle]",
            "cfg_attr(x, link_section = \"y\")",
            "é unsafe é",
        ] {
            assert!(may_hold_boundary(text.as_bytes()), "{text}");
        }
        for text in [
            "#![forbid(unsafe_code)]",
            "extern crate alloc;",
            "#[cfg(target_arch = \"wasm32\")]",
            "wasm",
            "external",
            "",
        ] {
            assert!(!may_hold_boundary(text.as_bytes()), "{text}");
        }
        assert!(may_hold_path_attribute(b"#[path = \"x.rs\"] mod y;"));
        assert!(!may_hold_path_attribute(b"let path: &Path = x;"));
    }
}
