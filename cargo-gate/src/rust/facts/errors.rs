//! Error enums and the places that make their variants.

use serde::{Deserialize, Serialize};

use crate::rust::boundary::tokens::{Class, NONE, Tokens};
use crate::rust::boundary::watch::Around;
use crate::rust::boundary::{attributes, extent, headers};

/// A public enum, whose name or derive says that it is an error, or which some `impl` may make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEnum {
    /// Its name.
    pub name: String,
    /// 1-based line of its name.
    pub line: u32,
    /// Whether its name or a derive says that it is an error.
    pub is_error: bool,
    /// Its variants in the order of the text, without those for tests.
    pub variants: Vec<Variant>,
}

/// A variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// 1-based line.
    pub line: u32,
    /// Whether a derive makes the conversion that makes it: `#[from]`.
    pub derived: bool,
}

/// A place that makes a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Name of the enum as written, or the type around it for `Self`.
    pub of: String,
    /// The variant.
    pub variant: String,
    /// 1-based line.
    pub line: u32,
}

/// The public enum whose keyword stands at a token, with token indexes in place of lines.
pub(crate) fn read(tokens: &Tokens<'_>, around: &Around<'_, '_>, at: usize) -> Option<ErrorEnum> {
    let name = tokens.name(at + 1)?;
    let before = at.checked_sub(1)?;
    if !tokens.is_word(before, "pub") || around.is_test() || around.in_macro() {
        return None;
    }
    let body = extent::body_or_semicolon(tokens, at, tokens.limit(at)).filter(|body| tokens.is(*body, b'{'))?;
    Some(ErrorEnum {
        name: name.to_owned(),
        line: (at + 1) as u32,
        is_error: name.ends_with("Error") || name.ends_with("ErrorKind") || derives_error(tokens, before),
        variants: variants(tokens, body),
    })
}

/// Whether an attribute in front of the item derives an error.
fn derives_error(tokens: &Tokens<'_>, item: usize) -> bool {
    let mut end = item;
    while end > 0 && tokens.is(end - 1, b']') && tokens.all[end - 1].mate != NONE {
        let open = tokens.all[end - 1].mate as usize;
        if open == 0 || !tokens.is(open - 1, b'#') {
            break;
        }
        let derives = tokens.is_word(open + 1, "derive")
            && (open + 2..end).any(|at| matches!(tokens.word(at), Some("Error" | "Snafu")));
        if derives {
            return true;
        }
        end = open - 1;
    }
    false
}

fn variants(tokens: &Tokens<'_>, body: usize) -> Vec<Variant> {
    let close = tokens.close(body);
    let mut variants = Vec::new();
    let mut at = body + 1;
    while at < close {
        let mut test = false;
        let name = tokens.skip_attributes(at);
        while at < name {
            let open = at + 1;
            test |= attributes::read(tokens, open + 1, tokens.close(open)).test;
            at = tokens.after(open);
        }
        let mut end = name;
        while end < close && !tokens.is(end, b',') {
            end = tokens.after(end);
        }
        if let (Some(text), false) = (tokens.name(name), test) {
            variants.push(Variant {
                name: text.to_owned(),
                line: name as u32,
                derived: (name..end.min(close))
                    .any(|at| tokens.is(at, b'#') && tokens.is(at + 1, b'[') && tokens.is_word(at + 2, "from")),
            });
        }
        at = end + 1;
    }
    variants
}

/// The type that the `impl` at a token makes an error.
pub(crate) fn error_impl(tokens: &Tokens<'_>, around: &Around<'_, '_>, at: usize) -> Option<String> {
    let starts = at == 0
        || matches!(tokens.all[at - 1].class, Class::Punct(b'{' | b'}' | b';' | b']'))
        || tokens.is_word(at - 1, "unsafe");
    if !starts || around.is_test() {
        return None;
    }
    match headers::impl_parts(tokens, at) {
        (Some(of), name) if of == "Error" => Some(name),
        _ => None,
    }
}

/// The variant that the path starting at a token makes, with a token index in place of the line.
pub(crate) fn mention(tokens: &Tokens<'_>, around: &Around<'_, '_>, at: usize) -> Option<Mention> {
    let name = tokens.text_of(at);
    if !name.starts_with(|first: char| first.is_uppercase()) || !tokens.is(at + 1, b':') || !tokens.is(at + 2, b':') {
        return None;
    }
    let variant = tokens.name(at + 3)?;
    let path_goes_on = tokens.is(at + 4, b':') && tokens.is(at + 5, b':');
    if !variant.starts_with(|first: char| first.is_uppercase()) || path_goes_on {
        return None;
    }
    if around.imports || around.is_test() || around.is_quoted() || !makes(tokens, at) {
        return None;
    }
    let of = if name == "Self" { around.type_name()? } else { name };
    Some(Mention {
        of: of.to_owned(),
        variant: variant.to_owned(),
        line: at as u32,
    })
}

/// Whether the path at a token makes a value: it is neither a pattern nor compared with something.
fn makes(tokens: &Tokens<'_>, at: usize) -> bool {
    let mut start = at;
    while start >= 3 && tokens.is(start - 1, b':') && tokens.is(start - 2, b':') && tokens.name(start - 3).is_some() {
        start -= 3;
    }
    let mut end = at + 4;
    if tokens.is(end, b'(') || (tokens.is(end, b'{') && opens_fields(tokens, end)) {
        end = tokens.after(end);
    }
    !is_compared(tokens, start, end) && !is_pattern(tokens, start, end)
}

fn is_compared(tokens: &Tokens<'_>, start: usize, end: usize) -> bool {
    let equals =
        |at: usize| (tokens.is(at, b'=') || tokens.is(at, b'!')) && tokens.is(at + 1, b'=') && tokens.touch(at);
    equals(end) || start >= 2 && equals(start - 2)
}

/// Macros whose arguments after the first are patterns.
const MATCHING: [&str; 4] = ["matches", "assert_matches", "debug_assert_matches", "assert_let"];

/// Whether what reaches from `start` to `end` is a part of a pattern: what follows it, or a group around it, says so.
fn is_pattern(tokens: &Tokens<'_>, mut start: usize, mut end: usize) -> bool {
    let mut in_braces = false;
    loop {
        let next = after_alternatives(tokens, end);
        let assigned = tokens.is(next, b'=') && !(tokens.is(next + 1, b'=') && tokens.touch(next));
        if assigned || tokens.is_word(next, "if") && !in_braces {
            return true;
        }
        let parent = tokens.all[start].parent;
        if parent == NONE {
            return false;
        }
        let open = parent as usize;
        if tokens.is(open, b'{') {
            if !opens_fields(tokens, open) {
                return false;
            }
            in_braces = true;
        } else {
            in_braces = false;
            if open > 1 && tokens.is(open - 1, b'!') {
                let matching = tokens.word(open - 2).is_some_and(|word| MATCHING.contains(&word));
                return matching && has_comma(tokens, open, start);
            }
        }
        end = tokens.after(open);
        start = open;
    }
}

/// Index of what follows `| other | patterns`.
fn after_alternatives(tokens: &Tokens<'_>, end: usize) -> usize {
    let limit = end.checked_sub(1).map_or(end, |last| tokens.limit(last)).max(end);
    let mut at = end;
    while tokens.is(at, b'|') && !(tokens.is(at + 1, b'|') && tokens.touch(at)) {
        at += 1;
        let ends =
            |at: usize| tokens.is(at, b'|') || tokens.is(at, b'=') || tokens.is(at, b',') || tokens.is_word(at, "if");
        while at < limit && !ends(at) {
            at = tokens.after(at);
        }
    }
    at
}

fn has_comma(tokens: &Tokens<'_>, open: usize, to: usize) -> bool {
    let mut at = open + 1;
    while at < to {
        if tokens.is(at, b',') {
            return true;
        }
        at = tokens.after(at);
    }
    false
}

/// Whether braces hold the fields of a struct, in an expression or in a pattern.
fn opens_fields(tokens: &Tokens<'_>, open: usize) -> bool {
    let first = tokens.skip_attributes(open + 1);
    if tokens.is(first, b'.') && tokens.is(first + 1, b'.') {
        return true;
    }
    if first == tokens.close(open) {
        return false;
    }
    tokens.name(first).is_some()
        && (tokens.is(first + 1, b',')
            || first + 1 == tokens.close(open)
            || tokens.is(first + 1, b':') && !tokens.is(first + 2, b':'))
}
