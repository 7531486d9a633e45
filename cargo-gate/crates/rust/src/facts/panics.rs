//! Places that panic when what they expect does not hold: `unwrap`, `expect`, the macros that panic, index expressions.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::boundary::tokens::{Class, NONE, Tokens};
use crate::boundary::watch::Around;

/// How a place panics. The order is the order of every table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanicKind {
    /// `.unwrap()` and `.unwrap_err()`, also as a path of `Option` or `Result`.
    Unwrap,
    /// `.expect(…)` and `.expect_err(…)`, also as a path of `Option` or `Result`.
    Expect,
    /// `panic!`.
    Panic,
    /// `unreachable!`.
    Unreachable,
    /// `todo!`.
    Todo,
    /// `unimplemented!`.
    Unimplemented,
    /// `a[i]` and `a[i..]`; `a[..]` cannot fail.
    Indexing,
}

/// Number of places by kind; kinds without places are absent.
pub type PanicCounts = BTreeMap<PanicKind, u32>;

impl PanicKind {
    /// All kinds in the order of every table.
    pub const ALL: [PanicKind; 7] = [
        PanicKind::Unwrap,
        PanicKind::Expect,
        PanicKind::Panic,
        PanicKind::Unreachable,
        PanicKind::Todo,
        PanicKind::Unimplemented,
        PanicKind::Indexing,
    ];

    /// Name as written in the inventory and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            PanicKind::Unwrap => "unwrap",
            PanicKind::Expect => "expect",
            PanicKind::Panic => "panic",
            PanicKind::Unreachable => "unreachable",
            PanicKind::Todo => "todo",
            PanicKind::Unimplemented => "unimplemented",
            PanicKind::Indexing => "indexing",
        }
    }

    /// `1 unwrap`, `2 index expressions`.
    pub fn counted(self, count: u32) -> String {
        match (self, count) {
            (PanicKind::Indexing, 1) => "1 index expression".into(),
            (PanicKind::Indexing, _) => format!("{count} index expressions"),
            (PanicKind::Unwrap | PanicKind::Expect, _) => format!("{count} `{}`", self.name()),
            _ => format!("{count} `{}!`", self.name()),
        }
    }
}

impl fmt::Display for PanicKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One place that panics when what it expects does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicSite {
    /// How.
    pub kind: PanicKind,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
    /// Enclosing item inside the file, `module::Type::method`; empty at the top of the file.
    pub item: String,
    /// Whether it stands inside a macro.
    pub in_macro: bool,
}

/// What panics at this token, if anything does at run time.
pub fn kind(tokens: &Tokens<'_>, around: &Around<'_, '_>, at: usize) -> Option<PanicKind> {
    let kind = match tokens.all[at].class {
        Class::Ident => by_name(tokens, at)?,
        Class::Punct(b'[') if is_index(tokens, at) => PanicKind::Indexing,
        _ => return None,
    };
    let at_run_time = !around.imports && !around.is_test() && !around.is_quoted() && !is_constant(tokens, around, at);
    at_run_time.then_some(kind)
}

fn by_name(tokens: &Tokens<'_>, at: usize) -> Option<PanicKind> {
    let (kind, is_macro) = match tokens.text_of(at) {
        "unwrap" | "unwrap_err" => (PanicKind::Unwrap, false),
        "expect" | "expect_err" => (PanicKind::Expect, false),
        "panic" => (PanicKind::Panic, true),
        "unreachable" => (PanicKind::Unreachable, true),
        "todo" => (PanicKind::Todo, true),
        "unimplemented" => (PanicKind::Unimplemented, true),
        _ => return None,
    };
    let found = if is_macro {
        tokens.is(at + 1, b'!') && tokens.opens(at + 2)
    } else if at > 0 && tokens.is(at - 1, b'.') {
        // `unwrap` takes nothing and `expect` one thing; whoever names a method of its own like that takes the blame.
        tokens.is(at + 1, b'(') && (tokens.close(at + 1) == at + 2) == (kind == PanicKind::Unwrap)
    } else {
        is_standard_path(tokens, at)
    };
    found.then_some(kind)
}

/// `Option::unwrap` and `Result::<T, E>::unwrap`: called, or handed on as a function.
fn is_standard_path(tokens: &Tokens<'_>, at: usize) -> bool {
    if at < 3 || !tokens.is(at - 1, b':') || !tokens.is(at - 2, b':') {
        return false;
    }
    let mut before = at - 3;
    if tokens.is(before, b'>') {
        let mut depth = 0u32;
        loop {
            if tokens.is(before, b'>') {
                depth += 1;
            } else if tokens.is(before, b'<') {
                depth -= 1;
            }
            let Some(next) = before.checked_sub(1) else {
                return false;
            };
            before = next;
            if depth == 0 {
                break;
            }
        }
        if before >= 2 && tokens.is(before, b':') && tokens.is(before - 1, b':') {
            before -= 2;
        }
    }
    matches!(tokens.word(before), Some("Option" | "Result"))
}

/// Keywords that a type, a pattern or an array may follow.
const NOT_OPERANDS: [&str; 27] = [
    "as", "box", "break", "const", "crate", "dyn", "else", "enum", "extern", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "move", "mut", "pub", "ref", "return", "static", "super", "unsafe", "where", "while",
];

/// Whether the bracket indexes what stands in front of it.
fn is_index(tokens: &Tokens<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let operand = match tokens.all[before].class {
        Class::Ident => !is_keyword(tokens, before),
        Class::RawIdent => true,
        // `"text"[1..]`, `tuple.0[1]`.
        Class::Literal => !is_abi(tokens, before),
        Class::Punct(b'?') => at > 1 && !tokens.is(at - 2, b'$') && !closes_repetition(tokens, before - 1),
        Class::Punct(b')') => !closes_repetition(tokens, before) && !is_visibility(tokens, before),
        Class::Punct(b']') => !closes_attribute(tokens, before),
        Class::Punct(b'}') => closes_operand(tokens, before),
        _ => false,
    };
    operand && holds_expression(tokens, at)
}

fn is_keyword(tokens: &Tokens<'_>, at: usize) -> bool {
    let word = tokens.text_of(at);
    // `$in[0]` is a macro variable and `x.await[0]` an operand.
    let named = at > 0 && (tokens.is(at - 1, b'$') || tokens.is(at - 1, b'.'));
    // `@rule [ … ]` calls another rule of the same macro.
    if at > 0 && tokens.text_of(at - 1) == "@" {
        return true;
    }
    !named && (NOT_OPERANDS.contains(&word) || word == "yield" || word == "_")
}

/// `extern "C" [` does not exist, `=> "text" [` does in macros; what counts is that nothing but a literal is indexed.
fn is_abi(tokens: &Tokens<'_>, at: usize) -> bool {
    at > 0 && tokens.is_word(at - 1, "extern")
}

fn opening(tokens: &Tokens<'_>, close: usize) -> Option<usize> {
    let mate = tokens.all[close].mate;
    (mate != NONE).then_some(mate as usize)
}

/// `$( … )` in a macro definition.
fn closes_repetition(tokens: &Tokens<'_>, close: usize) -> bool {
    opening(tokens, close).is_none_or(|open| open > 0 && tokens.is(open - 1, b'$'))
}

/// `pub(crate) [u8; 4]` is a field.
fn is_visibility(tokens: &Tokens<'_>, close: usize) -> bool {
    opening(tokens, close).is_some_and(|open| open > 0 && tokens.is_word(open - 1, "pub"))
}

/// `#[cfg(unix)] [0; 4]`.
fn closes_attribute(tokens: &Tokens<'_>, close: usize) -> bool {
    opening(tokens, close).is_none_or(|open| {
        open > 0 && tokens.is(open - 1, b'#')
            || open > 1 && tokens.is(open - 1, b'!') && tokens.is(open - 2, b'#')
            // A macro definition may put attributes together from parts: `#[$meta] [$ty]`.
            || open > 0 && tokens.is(open - 1, b'$')
    })
}

/// Whether braces are an operand: `unsafe { x }[0]` on the right of something, `name! { … }[0]` never as a statement.
fn closes_operand(tokens: &Tokens<'_>, close: usize) -> bool {
    let Some(open) = opening(tokens, close) else {
        return false;
    };
    let Some(mut before) = open.checked_sub(1) else {
        return false;
    };
    if tokens.is_word(before, "unsafe") || tokens.is_word(before, "const") {
        let Some(next) = before.checked_sub(1) else {
            return false;
        };
        before = next;
    } else {
        return false;
    }
    match tokens.all[before].class {
        Class::Punct(b'=' | b'(' | b',' | b'&' | b'+' | b'-' | b'*') => true,
        _ => tokens.is_word(before, "return") || tokens.is_word(before, "in"),
    }
}

/// Whether brackets hold one expression that may be out of range: not nothing, not `..`, which is the whole of whatever
/// it is, and no list, which only the arguments of a macro have there.
fn holds_expression(tokens: &Tokens<'_>, open: usize) -> bool {
    let close = tokens.close(open);
    let whole = close == open + 3 && tokens.is(open + 1, b'.') && tokens.is(open + 2, b'.');
    if close == open + 1 || whole {
        return false;
    }
    let mut at = open + 1;
    while at < close {
        let repeated = tokens.is(at, b'$') && tokens.is(at + 1, b'(');
        let listed = repeated || tokens.is(at, b',') || tokens.is(at, b';') || tokens.is_fat_arrow(at);
        if listed || is_operand_word(tokens, at) && is_operand_word(tokens, at + 1) {
            return false;
        }
        at = tokens.after(at);
    }
    true
}

/// A name or a literal, of which no two stand beside each other in an expression.
fn is_operand_word(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.all.get(at).map(|token| token.class) {
        Some(Class::Ident) => !is_keyword(tokens, at),
        Some(Class::RawIdent | Class::Literal) => true,
        _ => false,
    }
}

/// Whether the compiler evaluates it: the value of a `const` or `static`, or a `const` block, apart from closures there.
fn is_constant(tokens: &Tokens<'_>, around: &Around<'_, '_>, at: usize) -> bool {
    if let Some(start) = around.constant() {
        return !(start..at).any(|at| starts_closure(tokens, at));
    }
    let mut open = tokens.all[at].parent;
    while open != NONE {
        let group = open as usize;
        if group > 0 && tokens.is(group, b'{') && tokens.is_word(group - 1, "const") {
            return true;
        }
        open = tokens.all[group].parent;
    }
    false
}

fn starts_closure(tokens: &Tokens<'_>, at: usize) -> bool {
    if !tokens.is(at, b'|') || at == 0 {
        return false;
    }
    match tokens.all[at - 1].class {
        Class::Punct(b'(' | b',' | b'=' | b'{' | b';' | b'>' | b':' | b'&') => true,
        _ => matches!(tokens.word(at - 1), Some("move" | "return" | "async")),
    }
}
