//! What an `impl` is of and for, as text.

use super::extent;
use super::tokens::{Class, Token, Tokens};

/// The type of `impl … for Type`, without generics.
pub(super) fn impl_type(tokens: &Tokens<'_>, at: usize) -> String {
    let (_, self_type) = impl_parts(tokens, at);
    self_type
}

/// `impl Trait for Type`, without generics.
pub(super) fn impl_header(tokens: &Tokens<'_>, at: usize) -> String {
    match impl_parts(tokens, at) {
        (Some(of), self_type) => format!("impl {of} for {self_type}"),
        (None, self_type) => format!("impl {self_type}"),
    }
}

pub(crate) fn impl_parts(tokens: &Tokens<'_>, at: usize) -> (Option<String>, String) {
    let limit = tokens.limit(at);
    let body = extent::body_or_semicolon(tokens, at + 1, limit).unwrap_or(limit);
    let mut start = at + 1;
    if tokens.is(start, b'<') {
        start = after_angles(tokens, start, body);
    }
    let mut angles = 0u32;
    let mut of = None;
    let mut end = body;
    let mut index = start;
    while index < body {
        match tokens.all[index].class {
            Class::Punct(b'<') => angles += 1,
            Class::Punct(b'>') => angles = angles.saturating_sub(1),
            Class::Ident if angles == 0 && tokens.text_of(index) == "for" && !tokens.is(index + 1, b'<') => {
                of = Some(type_text(tokens, start, index));
                start = index + 1;
            }
            Class::Ident if angles == 0 && tokens.text_of(index) == "where" => {
                end = index;
                break;
            }
            _ => {}
        }
        index = tokens.after(index);
    }
    (of, type_text(tokens, start, end.min(body)))
}

fn after_angles(tokens: &Tokens<'_>, open: usize, limit: usize) -> usize {
    let mut depth = 0u32;
    let mut at = open;
    while at < limit {
        let arrow = at > 0 && tokens.touch(at - 1) && (tokens.is(at - 1, b'-') || tokens.is(at - 1, b'='));
        if tokens.is(at, b'<') {
            depth += 1;
        } else if tokens.is(at, b'>') && !arrow {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
        at = tokens.after(at);
    }
    limit
}

/// A type on one line: paths by their last segment, generic arguments left out, at most 80 characters.
fn type_text(tokens: &Tokens<'_>, start: usize, end: usize) -> String {
    let mut text = String::new();
    let mut at = start;
    while at < end && text.len() < 80 {
        let Token { class, .. } = tokens.all[at];
        let token = tokens.text_of(at);
        match class {
            Class::Punct(b'<') if at > start => {
                at = after_angles(tokens, at, end);
                continue;
            }
            Class::Ident | Class::RawIdent if tokens.is(at + 1, b':') && tokens.is(at + 2, b':') && at + 3 < end => {
                at += 3;
                continue;
            }
            Class::Punct(b':') if text.is_empty() => {}
            Class::Ident | Class::RawIdent | Class::Lifetime => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(token);
            }
            _ => text.push_str(token),
        }
        at += 1;
    }
    text
}
