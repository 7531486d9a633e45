//! What the product says: string literals of its sources, and the descriptions of its formats.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

use super::{Turn, findings, listed, tracked};

/// Sources of the product; what their tests say is left out.
const PRODUCT: [&str; 3] = ["gate-build/src/", "gate-runtime/src/", "cargo-gate/"];

/// Fewer literals than this, and the reader has lost its way.
const LEAST_LITERALS: usize = 2_000;

/// A token of a source: its text and where it starts.
#[derive(Clone, Copy)]
struct Token<'s> {
    kind: TokenKind,
    text: &'s str,
    start: usize,
}

/// The tokens of a source without comments and white space.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut start = 0;
    let mut all = Vec::new();
    for token in tokenize(source, FrontmatterAllowed::No) {
        let end = start + token.len as usize;
        if !matches!(
            token.kind,
            TokenKind::Whitespace | TokenKind::LineComment { .. } | TokenKind::BlockComment { .. }
        ) {
            all.push(Token {
                kind: token.kind,
                text: &source[start..end],
                start,
            });
        }
        start = end;
    }
    all
}

/// The index behind the delimiter that matches the one at `open`.
fn behind(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// What one file says.
#[derive(Default)]
struct Said<'s> {
    /// Literals with at least two words, and where each starts.
    literals: Vec<(usize, &'s str)>,
    /// Names of the modules in files of their own that only tests compile.
    test_modules: Vec<&'s str>,
}

/// Attributes are left out, and so are items for tests.
fn said(source: &str) -> Said<'_> {
    let tokens = tokens(source);
    let mut said = Said::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let attribute = token.text == "#" && tokens.get(at + 1).is_some_and(|next| next.text == "[");
        if attribute {
            let end = behind(&tokens, at + 1);
            let words: String = tokens[at..end].iter().map(|token| token.text).collect();
            at = end;
            if words == "#[cfg(test)]" {
                let body = tokens[at..].iter().position(|token| matches!(token.text, "{" | ";"));
                let body = body.map_or(tokens.len(), |body| at + body);
                if tokens.get(body).is_some_and(|token| token.text == "{") {
                    at = behind(&tokens, body);
                } else {
                    said.test_modules.push(tokens[body - 1].text);
                    at = body;
                }
            }
            continue;
        }
        let has_words = token.text.contains('"') && token.text.contains(' ') && !is_list_of_words(token.text);
        if matches!(token.kind, TokenKind::Literal { .. }) && has_words {
            said.literals.push((token.start, token.text));
        }
        at += 1;
    }
    said
}

/// Whether a literal is a list that a program splits into words, not a text that somebody reads.
fn is_list_of_words(literal: &str) -> bool {
    literal.split_whitespace().count() > 20 && !literal.contains([',', ':', ';', '.', '`', '{'])
}

/// A text of as many lines as the source, with its literals alone. Code in backticks is left out, and a literal that
/// goes on in the next line is one text.
fn spoken(source: &str, literals: &[(usize, &str)]) -> String {
    let mut out = String::new();
    let mut end = 0;
    for (start, text) in literals {
        out.extend(source[end..*start].chars().filter(|char| *char == '\n'));
        let mut code = false;
        for char in text.replace("\\\n", " \n").chars() {
            code ^= char == '`';
            out.push(if code && char != '\n' { '.' } else { char });
        }
        end = start + text.len();
    }
    out
}

/// Sources of the product by path, with what each says.
fn product() -> Vec<(String, String)> {
    let root = xtask::project_root();
    tracked("*.rs")
        .into_iter()
        .filter(|path| PRODUCT.iter().any(|part| path.starts_with(part)) && path.contains("/src/"))
        .map(|path| {
            let text = fs::read_to_string(root.join(&path)).expect("a source");
            (path, text)
        })
        .collect()
}

/// Whether only tests compile the file, by the modules that are declared for tests alone.
fn is_of_tests(path: &str, test_modules: &BTreeSet<String>) -> bool {
    let mut module = Path::new(path.trim_end_matches(".rs"));
    loop {
        if test_modules.contains(&*module.to_string_lossy()) {
            return true;
        }
        let Some(parent) = module.parent() else { return false };
        module = parent;
    }
}

fn in_literals(sources: &[(String, String)], turns: &[Turn]) -> (usize, Vec<String>) {
    let files: Vec<(&str, &str, Said<'_>)> = sources
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str(), said(text)))
        .collect();
    let test_modules = files.iter().flat_map(|(path, _, said)| {
        let stem = path.trim_end_matches(".rs");
        let directory = match stem.rsplit_once('/') {
            Some((directory, "mod" | "lib" | "main")) => directory,
            _ => stem,
        };
        said.test_modules.iter().map(move |name| format!("{directory}/{name}"))
    });
    let test_modules: BTreeSet<String> = test_modules.collect();
    let mut literals = 0;
    let mut found = Vec::new();
    for (path, text, said) in files.iter().filter(|(path, ..)| !is_of_tests(path, &test_modules)) {
        literals += said.literals.len();
        found.extend(findings(path, &spoken(text, &said.literals), turns));
    }
    (literals, found)
}

#[test]
fn literals_are_read_and_those_of_tests_are_not() {
    let source = "//! Whoever.\n#[expect(a, reason = \"whoever it is\")]\nfn a() {\n    b(\"x\", \"one \\\n       whoever\");\n    \
                  c(r\"it is `whoever it is`\");\n}\n#[cfg(test)]\nmod tests {\n    const A: &str = \"a whoever\";\n}\n";
    let files = [
        ("a/mod.rs".to_owned(), format!("{source}#[cfg(test)]\nmod samples;\n")),
        ("a/samples.rs".to_owned(), "const A: &str = \"a whoever\";\n".to_owned()),
    ];
    let turns = super::turns("## Here\n\n| `whoever` | name who |\n", "## Here");
    assert_eq!(
        in_literals(&files, &turns),
        (2, vec!["a/mod.rs:5: `whoever`: name who".to_owned()])
    );
}

#[test]
fn messages_are_written_in_plain_english() {
    let turns = listed(&["## Turns not used", "## Turns not used in messages"]);
    let (literals, found) = in_literals(&product(), &turns);
    assert!(literals > LEAST_LITERALS, "only {literals} literals were found");
    assert!(
        found.is_empty(),
        "the page on style has better words:\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn formats_and_options_are_described_in_plain_english() {
    let turns = listed(&["## Turns not used", "## Turns not used in messages"]);
    let root = xtask::project_root();
    let mut found = Vec::new();
    let paths = [tracked("docs/schema/*.json"), tracked("docs/src/reference/cli.md")].concat();
    assert!(paths.len() > 5, "only {paths:?} were found");
    for path in paths {
        let text = fs::read_to_string(root.join(&path)).expect("a file that git tracks");
        let mut code = false;
        let prose: String = text
            .chars()
            .map(|char| {
                code = char != '\n' && code ^ (char == '`');
                if code { '.' } else { char }
            })
            .collect();
        found.extend(findings(&path, &prose, &turns));
    }
    assert!(
        found.is_empty(),
        "the page on style has better words:\n  {}",
        found.join("\n  ")
    );
}
