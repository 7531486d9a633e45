//! The little of HTML that documents use: attributes of tags, and headings.

use std::ops::Range;

/// An attribute of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Name of the tag, as written.
    pub tag: &'a str,
    /// Name of the attribute, as written.
    pub name: &'a str,
    /// Its value without quotes.
    pub value: &'a str,
    /// Where the value stands in the text.
    pub span: Range<usize>,
}

/// Every attribute with a value of every tag, comments left out. What is no HTML yields nothing.
pub fn attributes(text: &str) -> Vec<Attribute<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('<') {
        at += open + 1;
        let rest = &text[at..];
        if rest.starts_with("!--") {
            match rest.find("-->") {
                Some(end) => at += end + 3,
                None => break,
            }
            continue;
        }
        let name = word(rest);
        if !name.is_empty() {
            at = tag(text, at + name.len(), name, &mut found);
        }
    }
    found
}

/// Reads the attributes of one tag from `at` on, and returns where it ends.
fn tag<'a>(text: &'a str, mut at: usize, tag: &'a str, found: &mut Vec<Attribute<'a>>) -> usize {
    loop {
        at += skip(&text[at..], |c| c.is_whitespace() || c == '/');
        let name = word(&text[at..]);
        if name.is_empty() {
            return at;
        }
        at += name.len();
        let blank = skip(&text[at..], char::is_whitespace);
        if !text[at + blank..].starts_with('=') {
            continue;
        }
        at += blank + 1;
        at += skip(&text[at..], char::is_whitespace);
        let span = match text[at..].chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let Some(length) = text[at + 1..].find(quote) else {
                    return text.len();
                };
                at + 1..at + 1 + length
            }
            Some(_) => at..at + skip(&text[at..], |c| !c.is_whitespace() && c != '>'),
            None => return at,
        };
        let quoted = usize::from(text[at..].starts_with(['"', '\'']));
        found.push(Attribute {
            tag,
            name,
            value: &text[span.clone()],
            span: span.clone(),
        });
        at = span.end + quoted;
    }
}

fn word(text: &str) -> &str {
    &text[..skip(text, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))]
}

fn skip(text: &str, accept: impl Fn(char) -> bool) -> usize {
    text.find(|c| !accept(c)).unwrap_or(text.len())
}

/// The text of every `<h1>` to `<h6>`, without the tags inside.
pub fn headings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("<h") {
        at += open + 2;
        let level = text[at..].chars().next().filter(|c| ('1'..='6').contains(c));
        let (Some(level), Some(begin)) = (level, text[at..].find('>')) else {
            continue;
        };
        let inner = at + begin + 1;
        let Some(length) = text[inner..].find(&format!("</h{level}")) else {
            continue;
        };
        found.push(without_tags(&text[inner..inner + length]));
        at = inner + length;
    }
    found
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attributes_are_found_however_they_are_written() {
        let text = "<a  href = 'x y' id=top><!-- <img src=\"no\"> --><img src=\"a.png\" alt/> < b=c <hr> a=b";
        let seen: Vec<_> = attributes(text)
            .into_iter()
            .map(|attribute| format!("{} {} {}", attribute.tag, attribute.name, attribute.value))
            .collect();
        assert_eq!(seen, ["a href x y", "a id top", "img src a.png"]);
    }

    #[test]
    fn headings_are_text() {
        assert_eq!(
            headings("<h1 align=\"center\">\n <b>A</b> tool</h1><hr><h3>x"),
            ["A tool"]
        );
    }

    proptest! {
        #[test]
        fn spans_hold_their_values(text in "(<|>|a|b|=|\"|'| |/|!|-|é|\n){0,40}") {
            for attribute in attributes(&text) {
                prop_assert_eq!(&text[attribute.span.clone()], attribute.value);
            }
            headings(&text);
        }
    }
}
