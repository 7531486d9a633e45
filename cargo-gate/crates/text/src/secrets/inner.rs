//! Secrets whose mark stands in their middle or at their end.

use std::ops::Range;

use super::alphabet::Alphabet::{AnyHex, Base64, Hex, Url, Word};
use super::format::begins_word;
use super::kind::Kind;
use super::{random, span};

/// What was found around a mark.
pub(super) struct Inner {
    pub(super) kind: Kind,
    pub(super) what: &'static str,
    pub(super) span: Range<usize>,
}

type Look = fn(&[u8], usize) -> Option<Inner>;

/// Marks, and what to look for around each.
pub(super) const MARKS: &[(&str, Look)] = &[
    ("Q~", azure_secret),
    ("AccountKey=", azure_storage),
    ("SharedAccessKey=", azure_access),
    ("AZDO", azure_devops),
    (".atlasv1.", terraform),
    (":AA", telegram),
    ("-us", mailchimp),
    ("_mmk", maxmind),
    (".webhook.office.com/", teams),
];

fn found(kind: Kind, what: &'static str, bytes: &[u8], span: Range<usize>) -> Option<Inner> {
    let random = begins_word(bytes, span.start) && random::is_random(span::within(bytes, span.clone()));
    random.then_some(Inner { kind, what, span })
}

/// Three characters and a digit, the mark, 31 to 34 more.
fn azure_secret(bytes: &[u8], at: usize) -> Option<Inner> {
    let has = |byte: u8| Url.has(byte) || byte == b'.' || byte == b'~';
    let from = at.checked_sub(4)?;
    let [.., digit] = span::within(bytes, from..at) else {
        return None;
    };
    let before = span::run_before(bytes, at, 5, has);
    let after = span::run(bytes, at + 2, has);
    // One more character before the four would make it something else.
    let fits = digit.is_ascii_digit() && before == 4 && (31..=34).contains(&after);
    fits.then(|| found(Kind::Secret, "an Azure client secret", bytes, from..at + 2 + after))
        .flatten()
}

fn azure_storage(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at + "AccountKey=".len();
    let length = Base64.run(bytes, from);
    (length == 88)
        .then(|| secret_after(Kind::ApiKey, "an Azure storage key", bytes, from..from + length))
        .flatten()
}

fn azure_access(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at + "SharedAccessKey=".len();
    let length = Base64.run(bytes, from);
    (length == 44)
        .then(|| secret_after(Kind::ApiKey, "an Azure shared access key", bytes, from..from + length))
        .flatten()
}

fn secret_after(kind: Kind, what: &'static str, bytes: &[u8], span: Range<usize>) -> Option<Inner> {
    let random = random::is_random(span::within(bytes, span.clone()));
    random.then_some(Inner { kind, what, span })
}

/// 76 characters, the mark, four more.
fn azure_devops(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at.checked_sub(76)?;
    let exact = Word.run(bytes, from) == 84;
    exact
        .then(|| found(Kind::Token, "an Azure DevOps token", bytes, from..from + 84))
        .flatten()
}

/// 14 characters, the mark, 60 to 70 more.
fn terraform(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at.checked_sub(14)?;
    let before = span::within(bytes, from..at).iter().all(u8::is_ascii_alphanumeric);
    let after = at + ".atlasv1.".len();
    let length = Url.run(bytes, after);
    (before && (60..=70).contains(&length))
        .then(|| found(Kind::Token, "a Terraform Cloud token", bytes, from..after + length))
        .flatten()
}

/// The number of the bot, and 35 characters.
fn telegram(bytes: &[u8], at: usize) -> Option<Inner> {
    let digits = span::run_before(bytes, at, usize::MAX, |byte| byte.is_ascii_digit());
    let length = Url.run(bytes, at + 1);
    // In an address, `bot` stands before the number.
    let from = at - digits;
    let start = if span::before(bytes, from).ends_with(b"bot") {
        from - 3
    } else {
        from
    };
    ((8..=10).contains(&digits) && length == 35 && begins_word(bytes, start))
        .then(|| secret_after(Kind::Token, "a Telegram bot token", bytes, from..at + 1 + length))
        .flatten()
}

/// 32 hexadecimal digits, and the number of a data center.
fn mailchimp(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at.checked_sub(32)?;
    let after = at + "-us".len();
    let digits = span::run(bytes, after, |byte| byte.is_ascii_digit());
    let exact = Hex.run_before(bytes, at) == 32 && (1..=2).contains(&digits) && Word.run(bytes, after) == digits;
    exact
        .then(|| found(Kind::ApiKey, "a Mailchimp key", bytes, from..after + digits))
        .flatten()
}

/// Six characters, 29 more, and the mark.
fn maxmind(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at.checked_sub(36)?;
    let exact = Word.run(bytes, from) == 40 && bytes.get(from + 6) == Some(&b'_');
    exact
        .then(|| found(Kind::ApiKey, "a MaxMind key", bytes, from..from + 40))
        .flatten()
}

/// An address with four numbers in it.
fn teams(bytes: &[u8], at: usize) -> Option<Inner> {
    let from = at + ".webhook.office.com/".len();
    let length = span::run(bytes, from, |byte| Url.has(byte) || matches!(byte, b'/' | b'@'));
    let address = span::within(bytes, from..from + length);
    let hexadecimal = address.iter().filter(|byte| AnyHex.has(**byte)).count();
    (length >= 120 && hexadecimal >= 100)
        .then(|| secret_after(Kind::Secret, "a Microsoft Teams web hook", bytes, from..from + length))
        .flatten()
}
