//! Tokens that begin with a prefix of their vendor.

use super::alphabet::Alphabet;
use super::kind::Kind;
use super::{checksum, random, span};

/// How sure it is that characters are a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// They are none.
    None,
    /// They have the form, and look random.
    Likely,
    /// A check sum inside them fits.
    Certain,
}

/// What is known of a token: what stands before it, what it is made of and how long it is.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) kind: Kind,
    /// What it is, with its article.
    pub(super) what: &'static str,
    /// What it begins with, in exactly this case.
    pub(super) prefix: &'static str,
    pub(super) alphabet: Alphabet,
    /// Least and most characters after the prefix.
    pub(super) length: (usize, usize),
    /// What else is known of the characters after the prefix.
    pub(super) test: fn(&[u8]) -> Belief,
}

impl Format {
    /// Where the token that begins at `at` ends, if it is one.
    pub(super) fn find(&self, bytes: &[u8], at: usize) -> Option<(usize, Belief)> {
        let from = at + self.prefix.len();
        if bytes.get(at..from)? != self.prefix.as_bytes() || !begins_word(bytes, at) {
            return None;
        }
        let mut length = self.alphabet.run(bytes, from);
        // The end of a sentence belongs to no token.
        if self.alphabet == Alphabet::Dotted && span::within(bytes, from..from + length).ends_with(b".") {
            length -= 1;
        }
        let (least, most) = self.length;
        if !(least..=most).contains(&length) {
            return None;
        }
        let belief = (self.test)(span::within(bytes, from..from + length));
        (belief != Belief::None).then_some((from + length, belief))
    }
}

impl Format {
    /// The same for a token with other characters of a word before or behind it, where its prefix is one that no word has.
    pub(super) fn find_glued(&self, bytes: &[u8], at: usize) -> Option<(usize, Belief)> {
        const DISTINCT: usize = 4;
        let from = at + self.prefix.len();
        if self.prefix.len() < DISTINCT || bytes.get(at..from)? != self.prefix.as_bytes() {
            return None;
        }
        let length = self.alphabet.run(bytes, from);
        let (least, most) = self.length;
        let of_token = span::within(bytes, from..from + length.min(most));
        let belief = if length >= least {
            (self.test)(of_token)
        } else {
            Belief::None
        };
        // What is glued to its end goes as well: where the token ends is not known.
        (belief != Belief::None).then_some((from + length, Belief::Likely))
    }
}

/// Whether no word goes on into `at`. Escapes of strings (`\n`) and of terminals (`ESC[0m`) end one.
pub(super) fn begins_word(bytes: &[u8], at: usize) -> bool {
    let before = span::before(bytes, at);
    let Some((last, rest)) = before.split_last() else {
        return true;
    };
    if !(last.is_ascii_alphanumeric() || matches!(last, b'_' | b'-' | b'+')) {
        return true;
    }
    if matches!(last, b'n' | b't' | b'r') && rest.ends_with(b"\\") {
        return true;
    }
    // `ESC`, `[` and at most ten characters.
    let escape = rest.iter().rev().take(12).position(|byte| *byte == 0x1b);
    *last == b'm' && escape.is_some_and(|back| span::from(rest, rest.len() - back).starts_with(b"["))
}

/// The characters look random.
pub(super) fn random(body: &[u8]) -> Belief {
    if random::is_random(body) {
        Belief::Likely
    } else {
        Belief::None
    }
}

/// The last six characters are the check sum of the others.
pub(super) fn summed(body: &[u8]) -> Belief {
    if checksum::fits(body) && !random::is_patterned(body) {
        Belief::Certain
    } else {
        Belief::None
    }
}

/// The same, where tokens without a check sum are in use as well.
pub(super) fn perhaps_summed(body: &[u8]) -> Belief {
    match summed(body) {
        Belief::None if random::entropy(body) >= 4.0 => random(body),
        belief => belief,
    }
}

/// Capital and small letters and digits: for short prefixes that words may begin with.
pub(super) fn mixed(body: &[u8]) -> Belief {
    let has = |wanted: fn(&u8) -> bool| body.iter().any(wanted);
    if has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) {
        random(body)
    } else {
        Belief::None
    }
}

/// Digits among the letters.
pub(super) fn with_digits(body: &[u8]) -> Belief {
    if body.iter().filter(|byte| byte.is_ascii_digit()).count() >= 3 {
        random(body)
    } else {
        Belief::None
    }
}

/// Parts of these lengths with `between` between them.
pub(super) fn parts(body: &[u8], between: u8, lengths: &[usize]) -> Belief {
    let found = body.split(|byte| *byte == between).map(<[u8]>::len);
    if found.eq(lengths.iter().copied()) {
        random(body)
    } else {
        Belief::None
    }
}
