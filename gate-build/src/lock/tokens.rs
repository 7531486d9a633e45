//! The tokens of a Rust file, as far as calls with literals in them need it.
use crate::sorted::List as _;

/// A token, or a piece of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name, a keyword or a number.
    Word(&'t str),
    /// What is between the quotes of a string, its escapes as they are written.
    Text(&'t str),
    /// Any other character that is not white space.
    Mark(char),
}

/// The tokens of a text, without comments, characters and lifetimes. One that is not Rust has some tokens, too.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some((inner, length)) = raw_string(rest).or_else(|| string(rest)) {
            tokens.push(Token::Text(inner));
            length
        } else if first == '\'' {
            character(rest)
        } else if is_of_word(first) {
            let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            // `b"…"`, `c"…"` and `b'…'` are literals.
            if !(matches!(word, "b" | "c") && after.starts_with(['"', '\''])) {
                tokens.push(Token::Word(word));
            }
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Mark(first));
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// Length of the comment that begins here, with those inside of it.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if let Some(next) = rest.chars().next() {
            at += next.len_utf8();
        } else {
            return text.len();
        }
    }
}

/// What is between the quotes of the raw string that begins here, and the length of all of it.
fn raw_string(text: &str) -> Option<(&str, usize)> {
    let prefix = ["r", "br", "cr"].into_iter().seek(|prefix| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let rest = text.strip_prefix(prefix)?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    let inner = rest.get(hashes + 1..)?;
    let length = inner.find(&end)?;
    Some((inner.get(..length)?, prefix.len() + hashes + 1 + length + end.len()))
}

/// What is between the quotes of the string that begins here, and the length of all of it.
fn string(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('"')?;
    let length = end_of(inner, '"')?;
    Some((inner.get(..length)?, length + 2))
}

/// Length of the character or the lifetime that begins here.
fn character(text: &str) -> usize {
    let inner = text.get(1..).unwrap_or_default();
    let first = inner.chars().next().map_or(0, char::len_utf8);
    if inner.starts_with('\\') {
        end_of(inner, '\'').map_or(1, |length| length + 2)
    } else if inner.get(first..).is_some_and(|rest| rest.starts_with('\'')) {
        first + 2
    } else {
        1
    }
}

/// Where the quote is that is not escaped.
fn end_of(inner: &str, quote: char) -> Option<usize> {
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_told_from_code() {
        use Token::{Mark, Text, Word};
        for (text, expected) in [
            (
                "a.b(\"c\\\"/*\") // d",
                vec![Word("a"), Mark('.'), Word("b"), Mark('('), Text("c\\\"/*"), Mark(')')],
            ),
            (
                "r\"a\\\" br##\"b\"#c\"## r#type",
                vec![Text("a\\"), Text("b\"#c"), Word("r"), Mark('#'), Word("type")],
            ),
            ("/* a /* b */ c */ d /* e", vec![Word("d")]),
            ("'\"' '\\'' b'\"' 'é' &'a x", vec![Mark('&'), Word("a"), Word("x")]),
            (
                "b\"a\" c\"b\" \"open",
                vec![Text("a"), Text("b"), Mark('"'), Word("open")],
            ),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_tokens(text in "[ab\"'/*\\\\r#\n é(]{0,40}") {
            let _ = tokens(&text);
        }
    }
}
