//! Values that a mask hides and no finding is about: whatever is given to the name of a secret, however it looks, where only
//! few words of ordinary output look the same.

use std::ops::Range;

use super::assignment::{Assigned, LONGEST_NAME, described, is_of_name, names_secret, value_after};
use super::kind::Kind;
use super::span;

/// The fewest characters of a value that is masked wherever it is given.
const SHORTEST: usize = 4;
/// The fewest where they are digits alone.
const SHORTEST_NUMBER: usize = 6;
/// The fewest of a password whose letters and digits give it away.
const SHORTEST_PASSWORD: usize = 6;
/// The fewest of any other such value.
const SHORTEST_TOKEN: usize = 8;

/// What is given to the name around a word.
///
/// On a command line and in an environment (`--password x`, `X_PASS=y`, `set -x X_TOKEN y`, `$env:X_TOKEN = "y"`) that is any
/// value. Elsewhere (`password: x`, `"secret": "x"`) it is a value with letters and digits, or a password in quotes: `password:
/// String` and `token: expected` are code and prose.
pub(super) fn find(bytes: &[u8], word: Range<usize>, kind: Kind) -> Option<Assigned> {
    let before = span::run_before(bytes, word.start, LONGEST_NAME, is_of_name);
    let after = span::run_within(bytes, word.end, LONGEST_NAME, is_of_name);
    let name = word.start - before..word.end + after;
    let text = span::within(bytes, name.clone());
    if !names_secret(&text.to_ascii_lowercase()) {
        return None;
    }
    let (value, bare) = value_after(bytes, name.end)?;
    let given = span::within(bytes, value.clone());
    let behind = bytes.get(name.end)?;
    let is_option = text.starts_with(b"--");
    let any = *behind == b'=' || is_option && *behind == b' ' || sets_variable(bytes, name.start);
    let hidden = if any {
        is_given(given)
    } else {
        is_meant(bytes, &word, &name, value.start, kind) && is_secret(given, kind, bare)
    };
    hidden.then(|| Assigned {
        kind,
        what: described(kind),
        value,
        name,
        bare,
        in_test: false,
    })
}

/// Whether a value is more than a word for one.
pub(super) fn is_given(text: &[u8]) -> bool {
    let number = text.iter().all(u8::is_ascii_digit);
    let spelled = text.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    let code = text.contains(&b'(') || text.contains(&b':');
    text.len() >= if number { SHORTEST_NUMBER } else { SHORTEST } && !is_placeholder(text) && !spelled && !code
}

/// Whether a value has letters and digits, and is long enough to be a secret.
pub(super) fn is_mixed(text: &[u8], shortest: usize) -> bool {
    let has = |wanted: fn(&u8) -> bool| text.iter().any(wanted);
    text.len() >= shortest
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && text.iter().all(u8::is_ascii_graphic)
        && !is_placeholder(text)
}

/// Whether the text is a placeholder, not a value.
fn is_placeholder(text: &[u8]) -> bool {
    const WORDS: &str = "true false none null some changeme redacted required optional string";
    text.first().is_some_and(|first| b"<${[*/%&-=!|".contains(first))
        || WORDS.split(' ').any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a value that is not on a command line is taken for a secret.
fn is_secret(text: &[u8], kind: Kind, bare: bool) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(text, part).is_some();
    let code = || text.iter().any(|byte| matches!(byte, b'(' | b'<' | b'['));
    if has(b"://") || has(b"::") || has(b"..") || bare && code() || is_oid(text) {
        return false;
    }
    if bare && is_code(text) {
        return false;
    }
    if kind == Kind::Password {
        let word = !bare && text.len() >= SHORTEST && !text.contains(&b' ') && !is_placeholder(text);
        return word || is_mixed(text, SHORTEST_PASSWORD);
    }
    is_mixed(text, SHORTEST_TOKEN) && !(bare && is_name(text))
}

/// Whether a word of a program is something else than a value: a number, a constant.
fn is_code(text: &[u8]) -> bool {
    is_number(text) || is_constant(text)
}

/// Whether a value that nothing announces is a name of a program.
pub(super) fn is_name(text: &[u8]) -> bool {
    is_code(text) || is_type(text) || is_file(text) || is_variable(text)
}

/// `2.5.4.35`: an object identifier, a version, an address.
fn is_oid(text: &[u8]) -> bool {
    text.contains(&b'.') && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// `0x8009_0030u32`, `12i64`: a number of a program.
fn is_number(text: &[u8]) -> bool {
    /// Digits of 128 bits.
    const LONGEST: usize = 32;
    let hex = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"));
    if let Some(digits) = hex {
        let digits = span::run(digits, 0, |byte| byte.is_ascii_hexdigit() || byte == b'_');
        return digits <= LONGEST && is_suffix(span::from(text, digits + 2));
    }
    let digits = span::run(text, 0, |byte| byte.is_ascii_digit() || byte == b'_');
    digits > 0 && is_suffix(span::from(text, digits))
}

/// `u32`, `usize`, `UL`: what may follow the digits of a number.
fn is_suffix(text: &[u8]) -> bool {
    const LONGEST: usize = 5;
    text.len() <= LONGEST
        && match text {
            [b'u' | b'i' | b'f', width @ ..] => width.iter().all(u8::is_ascii_digit) || width == b"size",
            letters => letters.iter().all(|byte| matches!(byte, b'U' | b'L' | b'l' | b'u')),
        }
}

/// `SECP256K1_KEY`: the name of a constant.
fn is_constant(text: &[u8]) -> bool {
    text.contains(&b'_')
        && text
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// `scheme_2`, `self.key2`: the name of a variable.
fn is_variable(text: &[u8]) -> bool {
    let of_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    let word = |part: &[u8]| part.iter().all(u8::is_ascii_alphabetic) || part.iter().all(u8::is_ascii_digit);
    let parts: Vec<&[u8]> = text.split(|byte| matches!(byte, b'_' | b'.')).collect();
    let words = parts.iter().filter(|part| word(part)).count();
    parts.len() > 1 && text.iter().all(of_name) && words * 2 >= parts.len()
}

/// `Ed25519Key`: the name of a type.
fn is_type(text: &[u8]) -> bool {
    let [first, second, ..] = text else { return false };
    let runs = text.chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit());
    first.is_ascii_uppercase()
        && second.is_ascii_lowercase()
        && text.iter().all(u8::is_ascii_alphanumeric)
        && runs.filter(|run| run.iter().all(u8::is_ascii_digit)).count() <= 2
}

/// `lexer2.rs`: the name of a file.
fn is_file(text: &[u8]) -> bool {
    let last = text.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    (2..=5).contains(&last.len()) && last.len() < text.len() && last.iter().all(u8::is_ascii_lowercase)
}

/// Whether what is between a name and a value gives one to the other, and the name is not that of something else.
fn is_meant(bytes: &[u8], word: &Range<usize>, name: &Range<usize>, value: usize, kind: Kind) -> bool {
    // `foreign_key: …`, `two_passes = …`
    let is = |vague: &[u8]| span::within(bytes, word.clone()).eq_ignore_ascii_case(vague);
    let goes_on = word.end < name.end;
    if is(b"_key") || is(b"-key") || is(b"_auth") || goes_on && (is(b"_pass") || is(b"-pass")) {
        return false;
    }
    let between = span::within(bytes, name.end..value);
    // `machine a.org login ada password X`; what is next in a list is another item.
    let word_alone = || kind == Kind::Password && span::within(bytes, name.clone()) == b"password";
    match between
        .iter()
        .find(|byte| !matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']' | b' ' | b'\t'))
    {
        Some(b'=' | b':' | b'(') => true,
        Some(b',') => false,
        _ => word_alone() && between.starts_with(b" "),
    }
}

/// Whether a shell gives a value to the variable whose name begins at `at`: `$env:NAME = …`, `set -x NAME …`, `setx NAME …`,
/// `setenv NAME …`.
fn sets_variable(bytes: &[u8], at: usize) -> bool {
    const NEAR: usize = 40;
    let before = span::within(bytes, at.saturating_sub(NEAR)..at);
    if before.to_ascii_lowercase().ends_with(b"$env:") {
        return true;
    }
    let mut exports = false;
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    for word in line.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match word {
            b"set" => return exports,
            b"setx" | b"setenv" => return true,
            [b'-', options @ ..] => exports |= options.contains(&b'x'),
            _ => return false,
        }
    }
    false
}
