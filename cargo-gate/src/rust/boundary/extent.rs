//! How far an item, a statement or whatever an attribute stands on reaches.

use super::tokens::{Class, Tokens};

/// What starts at a token, as far as its end depends on it.
enum Form {
    /// Ends with its first braces or with `;`.
    Item,
    /// Ends with `;`, braces inside belong to it.
    Statement,
    /// `if`, `match`, a block and the like: ends with its last braces unless the expression goes on.
    Block,
    /// A field, an arm, an argument, an expression: ends with `,`, `;` or its last braces.
    Other,
}

/// Index after the last token of what starts at `start` (attributes in front of it are skipped). Never leaves the
/// group around `start`.
pub(crate) fn of_anything(tokens: &Tokens<'_>, start: usize) -> usize {
    let limit = tokens.limit(start);
    let start = skip_visibility(tokens, tokens.skip_attributes(start));
    if start >= limit {
        return limit;
    }
    let end = match form(tokens, start) {
        Form::Item => of_item(tokens, start),
        Form::Statement => of_statement(tokens, start),
        Form::Block => of_block(tokens, start, limit),
        Form::Other => of_other(tokens, start, limit),
    };
    end.min(limit)
}

/// Index after the first braces outside of generic arguments, or after `;`, whichever comes first.
pub(crate) fn of_item(tokens: &Tokens<'_>, start: usize) -> usize {
    let limit = tokens.limit(start);
    body_or_semicolon(tokens, start, limit).map_or(limit, |at| tokens.after(at).min(limit))
}

/// Index of the braces that are the body of the item at `start`, or of the `;` that ends it.
pub(crate) fn body_or_semicolon(tokens: &Tokens<'_>, start: usize, limit: usize) -> Option<usize> {
    let mut at = start;
    let mut angles = 0u32;
    while at < limit {
        match tokens.all[at].class {
            Class::Punct(b'<') => angles += 1,
            // `->` and `=>` close nothing.
            Class::Punct(b'>')
                if at > 0 && tokens.touch(at - 1) && (tokens.is(at - 1, b'-') || tokens.is(at - 1, b'=')) => {}
            Class::Punct(b'>') => angles = angles.saturating_sub(1),
            Class::Punct(b'{') if angles == 0 => return Some(at),
            Class::Punct(b';') => return Some(at),
            _ => {}
        }
        at = tokens.after(at);
    }
    None
}

/// Index after the next `;` at this level.
pub(crate) fn of_statement(tokens: &Tokens<'_>, start: usize) -> usize {
    let limit = tokens.limit(start);
    let mut at = start;
    while at < limit {
        if tokens.is(at, b';') {
            return at + 1;
        }
        at = tokens.after(at);
    }
    limit
}

pub(crate) fn skip_visibility(tokens: &Tokens<'_>, start: usize) -> usize {
    if !tokens.is_word(start, "pub") {
        return start;
    }
    if tokens.is(start + 1, b'(') && matches!(tokens.word(start + 2), Some("crate" | "self" | "super" | "in")) {
        tokens.after(start + 1)
    } else {
        start + 1
    }
}

fn form(tokens: &Tokens<'_>, start: usize) -> Form {
    let mut at = start;
    loop {
        match tokens.word(at) {
            Some("const") if tokens.name(at + 1).is_some() && tokens.is(at + 2, b':') => return Form::Statement,
            Some("extern") if tokens.is_word(at + 1, "crate") => return Form::Statement,
            Some("extern") => {
                at += 1 + usize::from(
                    tokens
                        .all
                        .get(at + 1)
                        .is_some_and(|token| token.class == Class::Literal),
                );
                if tokens.is(at, b'{') {
                    return Form::Item;
                }
            }
            Some("const" | "async" | "unsafe" | "default" | "safe" | "auto" | "gen")
                if tokens.name(at + 1).is_some() =>
            {
                at += 1;
            }
            Some("fn" | "impl" | "trait" | "mod" | "struct" | "enum") => return Form::Item,
            Some("union" | "macro") if tokens.name(at + 1).is_some() => return Form::Item,
            Some("macro_rules") if tokens.is(at + 1, b'!') => return Form::Item,
            Some("use" | "let" | "static" | "type") => return Form::Statement,
            Some("if" | "match" | "loop" | "while" | "for") => return Form::Block,
            Some("const" | "async" | "unsafe" | "move" | "gen" | "try") if tokens.is(at + 1, b'{') => {
                return Form::Block;
            }
            None if tokens.is(at, b'{') => return Form::Block,
            None if tokens.all.get(at).is_some_and(|token| token.class == Class::Lifetime)
                && tokens.is(at + 1, b':') =>
            {
                return Form::Block;
            }
            _ => return Form::Other,
        }
    }
}

fn of_block(tokens: &Tokens<'_>, start: usize, limit: usize) -> usize {
    let conditional = matches!(tokens.word(start), Some("if" | "while" | "for"));
    let mut at = start;
    while at < limit {
        if tokens.is(at, b';') {
            return at + 1;
        }
        if tokens.is(at, b',') {
            return at;
        }
        // In a pattern position an arm `if x { A } => …` cannot start; a guard never comes here.
        let next = tokens.after(at);
        if tokens.is(at, b'{') {
            let operand = at > start
                && matches!(
                    tokens.word(at - 1),
                    Some("unsafe" | "async" | "move" | "const" | "loop")
                );
            let operand = operand && at - 1 != start;
            let pattern = conditional
                && (tokens.is_word(next, "in")
                    || tokens.is(next, b'|')
                    || (tokens.is(next, b'=') && !(tokens.is(next + 1, b'=') && tokens.touch(next))));
            let goes_on = tokens.is(next, b'.') || tokens.is(next, b'?') || tokens.is_word(next, "else");
            if !(operand || pattern || goes_on) {
                return next;
            }
        }
        at = next;
    }
    limit
}

fn of_other(tokens: &Tokens<'_>, start: usize, limit: usize) -> usize {
    let mut at = start;
    let mut arm = false;
    while at < limit {
        if tokens.is(at, b';') {
            return at + 1;
        }
        if tokens.is(at, b',') {
            return at;
        }
        let next = tokens.after(at);
        if tokens.is_fat_arrow(at) {
            arm = true;
            at += 2;
            if tokens.is(at, b'{') {
                let after = tokens.after(at);
                if !(tokens.is(after, b'.') || tokens.is(after, b'?')) {
                    return after;
                }
            }
            continue;
        }
        // `name! { … }` as a statement or an item.
        let braced_call = !arm
            && tokens.is(at, b'{')
            && at > start
            && (tokens.is(at - 1, b'!')
                || (at > start + 1 && tokens.is(at - 2, b'!') && tokens.name(at - 1).is_some()));
        if braced_call && !(tokens.is(next, b'.') || tokens.is(next, b'?') || tokens.is_fat_arrow(next)) {
            return next;
        }
        at = next;
    }
    limit
}
