//! Signatures as text in which nothing stands that a caller cannot notice: no attributes, names of parameters, bodies and
//! values, no lifetimes apart from `'static`, no modules in front of a name.

use std::sync::Arc;

use crate::boundary::tokens::{Class, Tokens};

/// Of what has none.
pub(super) fn none() -> Arc<str> {
    Arc::from("")
}

/// Tokens `from..to` in normal form.
pub(super) fn plain(tokens: &Tokens<'_>, from: usize, to: usize) -> Arc<str> {
    let mut words = Vec::new();
    take(tokens, from, to, &mut words);
    text(words)
}

/// A function from its first qualifier to the end of its header; `keyword` is the index of `fn`.
pub(super) fn function(tokens: &Tokens<'_>, from: usize, keyword: usize, to: usize) -> Arc<str> {
    let mut words = Vec::new();
    let mut open = keyword + 1;
    let mut angles = 0usize;
    while open < to && !(angles == 0 && tokens.is(open, b'(')) {
        angles = depth(tokens, open, angles);
        open = tokens.after(open);
    }
    take(tokens, from, open, &mut words);
    let close = tokens.close(open).min(to);
    words.push("(");
    for (start, end) in parts(tokens, open + 1, close) {
        let start = tokens.skip_attributes(start);
        let colon = (start..end).find(|at| is_colon(tokens, *at));
        let receiver = (start..colon.unwrap_or(end)).any(|at| tokens.is_word(at, "self"));
        match colon {
            Some(colon) if !receiver => take(tokens, colon + 1, end, &mut words),
            // `mut self` is `self` to a caller.
            _ if tokens.is_word(start, "mut") => take(tokens, start + 1, end, &mut words),
            _ => take(tokens, start, end, &mut words),
        }
        words.push(",");
    }
    words.push(")");
    take(tokens, (close + 1).min(to), to, &mut words);
    text(words)
}

/// The non-empty parts between commas that stand in no brackets, angles included.
pub(super) fn parts(tokens: &Tokens<'_>, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let (mut start, mut at, mut angles) = (from, from, 0usize);
    while at < to {
        if angles == 0 && tokens.is(at, b',') {
            parts.push((start, at));
            start = at + 1;
        }
        angles = depth(tokens, at, angles);
        at = tokens.after(at);
    }
    parts.push((start, to));
    parts.retain(|(start, end)| start < end);
    parts
}

/// How many angles are open behind a token.
pub(super) fn depth(tokens: &Tokens<'_>, at: usize, angles: usize) -> usize {
    let arrow = at > 0 && tokens.touch(at - 1) && (tokens.is(at - 1, b'-') || tokens.is(at - 1, b'='));
    if tokens.is(at, b'<') {
        angles + 1
    } else if tokens.is(at, b'>') && !arrow {
        angles.saturating_sub(1)
    } else {
        angles
    }
}

/// A colon that is no half of `::`.
pub(super) fn is_colon(tokens: &Tokens<'_>, at: usize) -> bool {
    let pair = |first: usize| tokens.is(first, b':') && tokens.is(first + 1, b':') && tokens.touch(first);
    tokens.is(at, b':') && !pair(at) && !(at > 0 && pair(at - 1))
}

fn take<'s>(tokens: &Tokens<'s>, from: usize, to: usize, words: &mut Vec<&'s str>) {
    let mut at = from;
    while at < to {
        if tokens.is(at, b'#') && tokens.is(at + 1, b'[') {
            at = tokens.after(at + 1);
            continue;
        }
        let glued = |second: u8| tokens.is(at + 1, second) && tokens.touch(at);
        let class = tokens.all[at].class;
        let (word, length) = match class {
            Class::Punct(b':') if glued(b':') => ("::", 2),
            Class::Punct(b'-') if glued(b'>') => ("->", 2),
            Class::Punct(b'=') if glued(b'>') => ("=>", 2),
            // Lifetimes are not compared, and neither is where a macro says that a path begins.
            Class::Lifetime if tokens.text_of(at) != "'static" => ("", 1),
            Class::Punct(b'$') if tokens.is_word(at + 1, "crate") => ("", 1),
            Class::RawIdent => (tokens.text_of(at).trim_start_matches("r#"), 1),
            _ => (tokens.text_of(at), 1),
        };
        at += length;
        if class == Class::Lifetime && word.is_empty() {
            words.push("'");
        } else if !word.is_empty() {
            words.push(word);
        }
    }
}

/// Joins words after taking out modules in front of names and what removed lifetimes leave behind.
fn text(words: Vec<&str>) -> Arc<str> {
    let mut short: Vec<&str> = Vec::with_capacity(words.len());
    let is_module = |word: &str| {
        word.starts_with(|first: char| first.is_lowercase() || first == '_')
            && word.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    let mut rest = words.into_iter().peekable();
    while let Some(word) = rest.next() {
        match word {
            // What stays in front of `::` is a type: `T::Item`, `<T as Trait>::Item`.
            "::" if short
                .last()
                .is_none_or(|last| !last.ends_with(|char: char| char.is_alphanumeric() || char == '>')) => {}
            _ if rest.peek() == Some(&"::") && is_module(word) => drop(rest.next()),
            _ => short.push(word),
        }
    }
    // `'` stands for a lifetime that was there. Each step shortens the list, and what it leaves behind is seen by the
    // neighbours alone.
    let mut from = 0;
    while let Some(at) = (from..short.len()).find(|at| is_leftover(&short, *at)) {
        let pair = short[at] == "<" && short.get(at + 1) == Some(&">");
        short.drain(at..at + 1 + usize::from(pair));
        from = at.saturating_sub(1);
    }
    let mut text = String::new();
    let mut last = "";
    for word in short {
        let tight = text.is_empty()
            || matches!(word, "," | ")" | "]" | ">" | ":" | ";" | "::" | "<")
            || matches!(last, "(" | "[" | "<" | "&" | "::" | "!" | "*" | "?" | "#")
            || (matches!(word, "(" | "!")
                && last.ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == '>'));
        if !tight || (last == "->" && word != ",") {
            text.push(' ');
        }
        text.push_str(word);
        last = word;
    }
    text.into()
}

fn is_leftover(words: &[&str], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| words[before]);
    let next = words.get(at + 1).copied().unwrap_or("");
    let ends = matches!(next, "," | ">" | ")" | "{" | ";" | "" | "=" | "where" | "]");
    match words[at] {
        "'" => true,
        "," => {
            matches!(before, "<" | "," | "where" | "(") && before != "("
                || matches!(next, ">" | ")" | "]" | "{" | ";" | "")
        }
        "<" => next == ">",
        "+" => matches!(before, ":" | "+" | "dyn" | "impl" | "=" | "&" | "(") || ends || next == "+",
        ":" => ends || matches!(before, "<" | "," | "where" | ""),
        "for" => !matches!(next, "<") && matches!(before, ":" | "+" | "," | "where" | "dyn" | "impl" | "<" | "(" | "&"),
        "where" => matches!(next, "{" | ";" | ""),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Arc<str> {
        let tokens = Tokens::new(source);
        let keyword = (0..tokens.len())
            .find(|at| tokens.is_word(*at, "fn"))
            .expect("a function");
        function(&tokens, 0, keyword, tokens.len())
    }

    #[test]
    fn what_a_caller_cannot_notice_is_left_out() {
        let same = [
            ("fn a(mut x: u8, (y, z): (u8, u8),)", "fn a(one: u8, two: (u8, u8))"),
            (
                "fn a<'a, T: 'a + Clone>(x: &'a T) -> Foo<'a, T>",
                "fn a<T: Clone>(_: &T) -> Foo<T>",
            ),
            (
                "fn a(self: std::pin::Pin<&mut Self>) -> std::io::Result<()>",
                "fn a(self: Pin<&mut Self>) -> io::Result<()>",
            ),
            (
                "fn a(#[cfg(x)] mut self, f: impl for<'a> Fn(&'a u8) + 'a)",
                "fn a(self, g: impl Fn(&u8))",
            ),
            (
                "fn a(x: Box<dyn Error + 'a>) where T: 'a, U: Copy,",
                "fn a(y: Box<dyn std::error::Error>) where T, U: Copy",
            ),
            ("fn a<'a>()", "fn a()"),
            ("fn a(x: r#type::Kind)", "fn a(x: Kind)"),
        ];
        for (one, other) in same {
            assert_eq!(of(one), of(other), "{one}");
        }
    }

    #[test]
    fn what_a_caller_notices_stays() {
        for (source, text) in [
            ("pub(crate)", ""),
            (
                "unsafe extern \"C\" fn a(x: *const u8, ...) -> !",
                "unsafe extern \"C\" fn a(*const u8, . . .) -> !",
            ),
            (
                "fn a(x: &'static str) -> Option<T::Item>",
                "fn a(&'static str) -> Option<T::Item>",
            ),
            ("fn a<const N: usize>(x: [u8; N])", "fn a<const N: usize>([u8; N])"),
            (
                "fn a<F: Fn(u8) -> u8>(f: F) -> <T as iter::Iterator>::Item",
                "fn a<F: Fn(u8) -> u8>(F) -> <T as Iterator>::Item",
            ),
        ] {
            if !text.is_empty() {
                assert_eq!(&*of(source), text);
            }
        }
    }
}
