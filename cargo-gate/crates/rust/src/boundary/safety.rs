//! Whether a site is justified by a comment. Accepts at least what `clippy::undocumented_unsafe_blocks` accepts with
//! its default configuration (a comment above the statement, above its attributes, above the line, at the end of the
//! line before, as the first thing inside) and never more than one statement away, so that the comment of one match
//! arm does not cover the next.

use super::site::{Kind, Safety};
use super::tokens::{Class, NONE, Tokens};

/// Longest walk from a site to the start of its statement, in tokens and groups.
const REACH: usize = 4096;

/// Judges the site of this kind whose word is at `token`.
pub(crate) fn judge(tokens: &Tokens<'_>, kind: Kind, token: usize) -> Safety {
    let documented = match kind {
        Kind::UnsafeBlock => tokens.safety_before(token + 2) || above(tokens, token),
        Kind::UnsafeFn | Kind::UnsafeTrait | Kind::UnsafeImpl => above_item(tokens, token),
        _ => return Safety::NotExpected,
    };
    if documented {
        Safety::Documented
    } else {
        Safety::Missing
    }
}

/// Walks from an expression to the start of the statement, field or arm around it.
fn above(tokens: &Tokens<'_>, site: usize) -> bool {
    let mut at = site;
    for _ in 0..REACH {
        if tokens.safety_before(at) {
            return true;
        }
        let Some(before) = at.checked_sub(1) else { return false };
        let token = tokens.all[before];
        at = match token.class {
            Class::Punct(b';') => return false,
            Class::Punct(b'{') => {
                if !opens_fields(tokens, before) {
                    return false;
                }
                before
            }
            // `else if`, method chains: the expression goes on behind the braces.
            Class::Punct(b'}') if token.mate != NONE && goes_on(tokens, at) => token.mate as usize,
            Class::Punct(b'}') => return false,
            Class::Punct(b')' | b']') if token.mate != NONE => token.mate as usize,
            // Siblings have comments of their own.
            Class::Punct(b',') => match token.parent {
                NONE => return false,
                open if tokens.is(open as usize, b'{') && !opens_fields(tokens, open as usize) => return false,
                open => open as usize,
            },
            _ => before,
        };
    }
    false
}

fn goes_on(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is_word(at, "else") || tokens.is(at, b'.') || tokens.is(at, b'?')
}

/// Whether the braces hold the fields of a struct expression.
fn opens_fields(tokens: &Tokens<'_>, open: usize) -> bool {
    let field = tokens.skip_attributes(open + 1);
    tokens.name(field).is_some() && tokens.is(field + 1, b':') && !tokens.is(field + 2, b':')
}

/// Comments above an item: above, between and below its attributes, or before any of its modifiers.
fn above_item(tokens: &Tokens<'_>, site: usize) -> bool {
    let mut at = site;
    for _ in 0..REACH {
        if tokens.safety_before(at) {
            return true;
        }
        let Some(before) = at.checked_sub(1) else { return false };
        let token = tokens.all[before];
        at = match token.class {
            Class::Ident if matches!(tokens.text_of(before), "pub" | "const" | "async" | "default") => before,
            // `pub(crate)`.
            Class::Punct(b')')
                if token.mate != NONE && token.mate > 0 && tokens.is_word(token.mate as usize - 1, "pub") =>
            {
                token.mate as usize
            }
            Class::Punct(b']') if token.mate != NONE && token.mate > 0 && tokens.is(token.mate as usize - 1, b'#') => {
                let open = token.mate as usize;
                let text = &tokens.text[tokens.all[open].start as usize..token.end as usize];
                if tokens.is_word(open + 1, "doc") && text.contains("# Safety") {
                    return true;
                }
                open - 1
            }
            _ => return false,
        };
    }
    false
}
