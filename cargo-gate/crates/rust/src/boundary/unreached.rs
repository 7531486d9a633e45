//! Sources that no target reaches: samples, inputs of tests, texts that `include_str!` reads. Cargo never compiles them.
//!
//! A file counts as one only if nothing in its package could reach it in a way that is not followed here: by its name in a macro
//! that declares modules, by its path in a string, by a path with an escape, or by an `include!` whose argument is computed.

use memchr::memmem;

use gate_base::paths::parent;

/// Names of directories with samples and inputs of tests.
const DATA: &str = "corpus fixture fixtures samples snapshots test-data test_data testdata";

/// What a package says that may reach other files.
pub(super) struct Mentions<'t> {
    /// Every source of the package: its path and its text.
    pub(super) sources: Vec<(&'t str, &'t [u8])>,
}

impl Mentions<'_> {
    /// Whether the package names files in a way that is not followed: an `include!` whose argument is computed, other than one
    /// below `OUT_DIR`, or a path with an escape.
    pub(super) fn computes_paths(&self) -> bool {
        let included = |text: &[u8], at: usize| {
            let argument = without_space(&text[at + b"include!".len()..], 200);
            let argument = argument.get(1..).unwrap_or_default();
            match literal(argument) {
                Some(literal) => literal.contains(&b'\\'),
                None => !argument.starts_with(b"concat!(env!(\"OUT_DIR\")"),
            }
        };
        let attribute = |text: &[u8], at: usize| {
            let value = without_space(&text[at + b"path".len()..], 200);
            value
                .strip_prefix(b"=")
                .and_then(literal)
                .is_some_and(|literal| literal.contains(&b'\\'))
        };
        self.sources.iter().any(|(_, text)| {
            memmem::find_iter(text, b"include!").any(|at| included(text, at))
                || memmem::find_iter(text, b"path").any(|at| attribute(text, at))
        })
    }

    /// Whether the package may compile the file: one of `parents`, which could declare it as a module, has the name of that
    /// module, or a string names the file and does more than embed its text. A file among data is compiled by an attribute or a
    /// macro, not by a function that is given its name.
    pub(super) fn may_compile(&self, path: &str, parents: &[String]) -> bool {
        let module = module_name(path);
        let file = path.rsplit('/').next().unwrap_or(path);
        let quoted = format!("{file}\"");
        let is_data = parent(path)
            .split('/')
            .any(|part| DATA.split_whitespace().any(|data| data == part));
        let compiles = |text, at| !(is_embedded(text, at) || is_data && is_given_to_a_function(text, at));
        self.sources
            .iter()
            .filter(|(source, _)| *source != path)
            .any(|(source, text)| {
                parents.iter().any(|parent| parent == source) && has_word(text, module.as_bytes())
                    || memmem::find_iter(text, quoted.as_bytes()).any(|at| compiles(text, at))
            })
    }
}

fn without_space(text: &[u8], most: usize) -> Vec<u8> {
    let bytes = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    bytes.take(most).collect()
}

/// The text of the string literal at the beginning, as it is written.
fn literal(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"r").unwrap_or(text);
    let marks = text.iter().take_while(|byte| **byte == b'#').count();
    let text = text.get(marks..)?.strip_prefix(b"\"")?;
    text.split(|byte| *byte == b'"').next()
}

/// The name of the module that a file would be.
fn module_name(path: &str) -> &str {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
    match stem {
        "mod" => parent(path).rsplit('/').next().unwrap_or(stem),
        _ => stem,
    }
}

fn has_word(text: &[u8], word: &[u8]) -> bool {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    memmem::find_iter(text, word).any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        !before.is_some_and(of_word) && !text.get(at + word.len()).is_some_and(of_word)
    })
}

/// Whether the string that holds the byte at `at` stands in a statement without a macro or an attribute.
fn is_given_to_a_function(text: &[u8], at: usize) -> bool {
    let before = &text[at.saturating_sub(200)..at];
    let begin = before
        .iter()
        .rposition(|byte| b";{}".contains(byte))
        .map_or(0, |end| end + 1);
    let statement = &before[begin..];
    // What begins further away is not known.
    let is_whole = begin > 0 || at <= 200;
    let calls = memchr::memchr(b'(', statement).is_some();
    is_whole && calls && memchr::memchr2(b'!', b'#', statement).is_none()
}

/// Whether the string that holds the byte at `at` is an argument of `include_str!` or `include_bytes!`.
fn is_embedded(text: &[u8], at: usize) -> bool {
    let line = &text[at.saturating_sub(200)..at];
    [b"include_str!".as_slice(), b"include_bytes!"]
        .iter()
        .filter_map(|name| memmem::rfind(line, name))
        .any(|start| !line[start..].contains(&b';') && !line[start..].contains(&b')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiles(source: &str, parents: &[&str]) -> bool {
        let mentions = Mentions {
            sources: vec![("src/lib.rs", source.as_bytes())],
        };
        let parents: Vec<String> = parents.iter().map(ToString::to_string).collect();
        mentions.computes_paths() || mentions.may_compile("src/data/shader.rs", &parents)
    }

    #[test]
    fn a_text_that_is_embedded_is_not_compiled() {
        assert!(!compiles("const A: &str = include_str!(\"data/shader.rs\");", &[]));
        assert!(!compiles("include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));", &[]));
        assert!(!compiles("fn shaders() {}", &["src/lib.rs"]));
    }

    #[test]
    fn a_name_given_to_a_function_compiles_no_data() {
        let says = |source: &str, path: &str| {
            let mentions = Mentions {
                sources: vec![("src/lib.rs", source.as_bytes())],
            };
            mentions.may_compile(path, &[])
        };
        let read = "fn read() { let text = std::fs::read_to_string(\"test_data/shader.rs\"); }";
        assert!(!says(read, "test_data/shader.rs"));
        assert!(says(read, "src/data/shader.rs"), "not a directory of data");
        for source in [
            "fn all() { declare!(\"test_data/shader.rs\"); }",
            "fn all() { read(declare!(\"test_data/shader.rs\")); }",
            "#[path = \"../test_data/shader.rs\"] mod shader;",
            "const NAMES: [&str; 1] = [\"test_data/shader.rs\"];",
        ] {
            assert!(says(source, "test_data/shader.rs"), "{source}");
        }
    }

    #[test]
    fn what_may_be_compiled_counts() {
        assert!(compiles("include!(\"data/shader.rs\");", &[]));
        assert!(compiles(
            "const A: &str = include_str!(\"x\"); include!(\"data/shader.rs\");",
            &[]
        ));
        assert!(compiles("declare!(\"data/shader.rs\");", &[]));
        assert!(compiles("modules! { shader }", &["src/lib.rs"]));
        assert!(compiles("include!(concat!(\"data/sha\", \"der.rs\"));", &[]));
        assert!(compiles("include!(\"data/\\u{73}hader.rs\");", &[]));
        assert!(compiles("#[path = \"data/\\x73hader.rs\"] mod x;", &[]));
    }
}
