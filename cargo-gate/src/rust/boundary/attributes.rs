//! Attributes, as far as the scan cares: test code, unsafe attributes, paths of modules.

use super::tokens::{Class, Tokens};

/// What one attribute says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Attribute<'s> {
    /// What it is on is only compiled for tests.
    pub(crate) test: bool,
    /// Indexes of tokens that are unsafe attributes.
    pub(crate) raw: Vec<usize>,
    /// Values of `path = "…"`.
    pub(crate) paths: Vec<&'s str>,
}

/// Attributes whose name alone says that what follows is a test or a benchmark, whatever path is in front of it.
pub(crate) const TEST_ATTRIBUTES: [&str; 6] = [
    "test",
    "bench",
    "rstest",
    "test_case",
    "quickcheck",
    "wasm_bindgen_test",
];

/// Attributes that need `unsafe(…)` since edition 2024.
const RAW_ATTRIBUTES: [&str; 3] = ["no_mangle", "export_name", "link_section"];

/// Reads the attribute whose brackets enclose the tokens `from..to`.
pub(crate) fn read<'s>(tokens: &Tokens<'s>, from: usize, to: usize) -> Attribute<'s> {
    let mut attribute = Attribute::default();
    read_into(tokens, from, to, false, &mut attribute);
    attribute
}

fn read_into<'s>(tokens: &Tokens<'s>, from: usize, to: usize, conditional: bool, out: &mut Attribute<'s>) {
    if tokens.is_word(from, "unsafe") && tokens.is(from + 1, b'(') {
        out.raw.push(from);
        return;
    }
    // `a::b::c`: the last segment decides.
    let mut last = from;
    while last + 3 < to && tokens.is(last + 1, b':') && tokens.is(last + 2, b':') {
        last += 3;
    }
    let Some(name) = tokens.word(last) else { return };
    let group = tokens
        .is(last + 1, b'(')
        .then(|| (last + 2, tokens.close(last + 1).min(to)));
    let plain = last == from;
    match (name, group) {
        ("cfg", Some((start, end))) if plain => out.test |= !conditional && implies_test(tokens, start, end),
        ("cfg_attr", Some((start, end))) if plain => {
            for (start, end) in split(tokens, start, end).into_iter().skip(1) {
                read_into(tokens, start, end, true, out);
            }
        }
        ("path", None) if plain && tokens.is(last + 1, b'=') => out.paths.extend(string(tokens, last + 2)),
        _ if plain && RAW_ATTRIBUTES.contains(&name) => out.raw.push(from),
        _ if TEST_ATTRIBUTES.contains(&name) => out.test |= !conditional,
        _ => {}
    }
}

/// Whether a `cfg` predicate can only hold in a test build: `test`, rustdoc's `doctest`, or `fuzzing`, which fuzzers set.
fn implies_test(tokens: &Tokens<'_>, from: usize, to: usize) -> bool {
    match tokens.word(from) {
        Some("test" | "doctest" | "fuzzing") => from + 1 >= to || tokens.is(from + 1, b','),
        Some(name @ ("all" | "any")) if tokens.is(from + 1, b'(') => {
            let parts = split(tokens, from + 2, tokens.close(from + 1).min(to));
            let mut parts = parts.into_iter().map(|(start, end)| implies_test(tokens, start, end));
            if name == "all" {
                parts.any(|part| part)
            } else {
                parts.len() > 0 && parts.all(|part| part)
            }
        }
        _ => false,
    }
}

/// The non-empty parts between commas.
fn split(tokens: &Tokens<'_>, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = from;
    let mut at = from;
    while at < to {
        if tokens.is(at, b',') {
            parts.push((start, at));
            start = at + 1;
        }
        at = tokens.after(at);
    }
    parts.push((start, to));
    parts.retain(|(start, end)| start < end);
    parts
}

/// Contents of a plain or raw string literal without escapes (paths have none that matter).
pub(crate) fn string<'s>(tokens: &Tokens<'s>, at: usize) -> Option<&'s str> {
    let literal = (tokens.all.get(at)?.class == Class::Literal).then(|| tokens.text_of(at))?;
    let inner = literal.strip_prefix('r').unwrap_or(literal).trim_matches('#');
    inner.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (bool, usize, Vec<String>) {
        let tokens = Tokens::new(text);
        let attribute = read(&tokens, 0, tokens.len());
        (
            attribute.test,
            attribute.raw.len(),
            attribute.paths.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn test_code_is_what_only_tests_compile() {
        for text in [
            "cfg(test)",
            "cfg(all(test, unix))",
            "cfg(all(unix, all(test)))",
            "cfg(any(test))",
            "cfg(any(test, fuzzing))",
            "cfg(any(all(test, a), all(test, b)),)",
            "test",
            "tokio::test(flavor = \"x\")",
            "bench",
        ] {
            assert!(of(text).0, "{text}");
        }
        for text in [
            "cfg(not(test))",
            "cfg(any(test, feature = \"x\"))",
            "cfg(any())",
            "cfg_attr(test, test)",
            "cfg(feature = \"test\")",
            "cfg(all(not(test), unix))",
            "doc = \"test\"",
            "cfg(test = \"x\")",
        ] {
            assert!(!of(text).0, "{text}");
        }
    }

    #[test]
    fn raw_attributes_and_paths() {
        assert_eq!(of("unsafe(no_mangle)").1, 1);
        assert_eq!(of("no_mangle").1, 1);
        assert_eq!(of("cfg_attr(x, unsafe(no_mangle), export_name = \"y\")").1, 2);
        assert_eq!(of("allow(no_mangle_generic_items)").1, 0);
        assert_eq!(of("cfg_attr(unix, path = r\"a/b.rs\")").2, ["a/b.rs"]);
        assert_eq!(of("path = r#\"c.rs\"#").2, ["c.rs"]);
    }
}
