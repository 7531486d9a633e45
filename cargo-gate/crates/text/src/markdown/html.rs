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
    while let Some(open) = from(text, at).find('<') {
        at += open + 1;
        let rest = from(text, at);
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
        at += skip(from(text, at), |c| c.is_whitespace() || c == '/');
        let name = word(from(text, at));
        if name.is_empty() {
            return at;
        }
        at += name.len();
        let Some(behind) = from(text, at).trim_start().strip_prefix('=') else {
            continue;
        };
        let behind = behind.trim_start();
        at = text.len() - behind.len();
        let mut inner = behind.chars();
        let (value, quoted) = match inner.next() {
            Some(quote @ ('"' | '\'')) => match inner.as_str().split_once(quote) {
                Some((value, _)) => (value, 1),
                None => return text.len(),
            },
            Some(_) => (before(behind, |c| !c.is_whitespace() && c != '>'), 0),
            None => return at,
        };
        at += quoted;
        let span = at..at + value.len();
        at = span.end + quoted;
        found.push(Attribute { tag, name, value, span });
    }
}

fn word(text: &str) -> &str {
    before(text, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
}

/// The text from a place on.
fn from(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// The characters at the beginning that are accepted.
fn before(text: &str, accept: impl Fn(char) -> bool) -> &str {
    text.split(|c| !accept(c)).next().unwrap_or_default()
}

fn skip(text: &str, accept: impl Fn(char) -> bool) -> usize {
    text.find(|c| !accept(c)).unwrap_or(text.len())
}

/// The text of every `<h1>` to `<h6>`, without the tags inside.
pub fn headings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once("<h") {
        rest = tag;
        let level = tag.chars().next().filter(|c| ('1'..='6').contains(c));
        let (Some(level), Some((_, inner))) = (level, tag.split_once('>')) else {
            continue;
        };
        if let Some((heading, behind)) = inner.split_once(&format!("</h{level}")) {
            found.push(without_tags(heading));
            rest = behind;
        }
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
