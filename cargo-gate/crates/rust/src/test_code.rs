//! The tests that a target declares: its files, as its module declarations lead to them, and the attributes in them.

use std::collections::BTreeMap;

use super::boundary::attributes::TEST_ATTRIBUTES;
use super::boundary::modules;
use super::boundary::scan::{Depth, scan_file, source_text};
use super::boundary::tokens::Tokens;

/// Most files of a target that are looked at.
const MOST: usize = 20_000;

/// What a harness would run of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TestCode {
    /// A test that is not ignored.
    pub tests: bool,
    /// An example in its documentation.
    pub examples: bool,
}

/// The files of the target with this root, and what a harness would run of each. `read` returns the text of a file of the
/// workspace, or `None` if it does not exist.
///
/// Declarations under `#[cfg(…)]` are followed whatever they ask for.
pub fn files(root: &str, read: &dyn Fn(&str) -> Option<Vec<u8>>) -> BTreeMap<String, TestCode> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        if found.len() >= MOST || found.contains_key(&path) {
            continue;
        }
        let Some(bytes) = read(&path) else { continue };
        let declarations = scan_file(&bytes, Depth::Modules).mods.unwrap_or_default();
        open.extend(
            declarations
                .iter()
                .flat_map(|declaration| modules::targets(&path, path == root, declaration)),
        );
        let code = TestCode {
            tests: declares_test(&bytes),
            examples: has_example(&bytes),
        };
        found.insert(path, code);
    }
    found
}

/// Whether the text declares a test that is not ignored. One inside a macro of another crate counts, as in `proptest!`; text that
/// `quote!` makes does not.
pub fn declares_test(bytes: &[u8]) -> bool {
    let text = source_text(bytes);
    let tokens = Tokens::new(&text);
    let mut at = 0;
    let mut is_test = false;
    let mut is_ignored = false;
    while at < tokens.len() {
        if tokens.is(at, b'#') && tokens.is(at + 1, b'[') {
            let end = tokens.close(at + 1);
            let name = last_segment(&tokens, at + 2, end);
            is_test |= name.is_some_and(|name| name != "bench" && TEST_ATTRIBUTES.contains(&name));
            is_ignored |= name == Some("ignore");
            at = end.max(at + 1) + 1;
            continue;
        }
        if is_test && !is_ignored {
            return true;
        }
        (is_test, is_ignored) = (false, false);
        let quotes = tokens.word(at).is_some_and(|word| word.starts_with("quote")) && tokens.is(at + 1, b'!');
        at = if quotes { tokens.after(at + 2) } else { at + 1 };
    }
    false
}

/// Whether a documentation comment has a block of code that rustdoc runs: one without a language, or of Rust, that is not ignored.
/// Source: <https://doc.rust-lang.org/rustdoc/write-documentation/documentation-tests.html>.
pub fn has_example(bytes: &[u8]) -> bool {
    let text = source_text(bytes);
    let mut open = false;
    for line in text.lines() {
        let line = line.trim_start();
        let Some(comment) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            open = false;
            continue;
        };
        let Some(words) = comment.trim().strip_prefix("```") else {
            continue;
        };
        if !open && words.split([',', ' ']).all(runs) {
            return true;
        }
        open = !open;
    }
    false
}

/// Whether a block with this word behind its fence is a test.
fn runs(word: &str) -> bool {
    matches!(word.trim(), "" | "rust" | "should_panic" | "no_run" | "compile_fail")
        || word.trim().starts_with("edition")
}

/// The last name of the path that an attribute begins with.
fn last_segment<'s>(tokens: &Tokens<'s>, from: usize, to: usize) -> Option<&'s str> {
    let mut last = from;
    while last + 3 < to && tokens.is(last + 1, b':') && tokens.is(last + 2, b':') {
        last += 3;
    }
    tokens.word(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_their_attributes() {
        for text in [
            "#[test]\nfn a() {}",
            "#[tokio::test(flavor = \"current_thread\")]\n#[should_panic]\nasync fn a() {}",
            "mod tests { #[cfg(unix)] #[rstest] #[case(1)] fn a(n: u8) {} }",
            "proptest! { #[test] fn a(n in 0..3) {} }",
            "#[ignore] #[test] fn a() {} #[test] fn b() {}",
        ] {
            assert!(declares_test(text.as_bytes()), "{text}");
        }
        for text in [
            "fn test() {}",
            "// #[test]\nfn a() {}",
            "const A: &str = \"#[test] fn a() {}\";",
            "fn expand() { quote! { #[test] fn a() {} } }",
            "#[test]\n#[ignore = \"slow\"]\nfn a() {}",
            "#[bench]\nfn a() {}",
            "#[cfg(test)]\nmod tests {}",
            "#[",
            "#[test]",
        ] {
            assert!(!declares_test(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn examples_are_known_by_their_fences() {
        for text in [
            "/// ```\n/// a();\n/// ```\nfn a() {}",
            "//! Text.\n//! ```text\n//! ```\n//! ```rust,should_panic\n//! a();",
            "    /// ```edition2021, no_run\n",
        ] {
            assert!(has_example(text.as_bytes()), "{text}");
        }
        for text in [
            "// ```\n// a();\n",
            "/// ```text\n/// a\n/// ```\n",
            "/// ```ignore\n/// a();\n/// ```\n/// ```rust,ignore\n",
            "/// ```console\n/// a\n/// ```\nfn a() {}\n/// ```json\n",
            "/// `a`",
        ] {
            assert!(!has_example(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn modules_are_followed() {
        let texts = BTreeMap::from([
            (
                "src/lib.rs",
                "mod a; #[cfg(test)] mod tests; #[path = \"odd.rs\"] mod b;",
            ),
            ("src/a/mod.rs", "mod deep;"),
            ("src/a/deep.rs", "mod a;"),
            ("src/tests.rs", "#[test] fn t() {}"),
            ("src/odd.rs", ""),
            ("src/other.rs", "#[test] fn t() {}"),
        ]);
        let found = files("src/lib.rs", &|path| {
            texts.get(path).map(|text| text.as_bytes().to_vec())
        });
        let with_tests: Vec<&str> = found
            .iter()
            .filter(|(_, code)| code.tests)
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!((found.len(), with_tests), (5, vec!["src/tests.rs"]));
    }
}
