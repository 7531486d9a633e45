//! Values that are known by the name they are assigned to: `api_key = "…"`, `"password": "…"`, `TOKEN=…`, headers.

use std::ops::Range;

use super::kind::Kind;
use super::{encoding, jwt, random, span};

/// Words in names of secrets.
pub(super) const WORDS: &[(Kind, &str)] = &[
    (Kind::Password, "password passwd passphrase pwd _pass -pass"),
    (Kind::Secret, "secret"),
    (Kind::Token, "token"),
    (
        Kind::ApiKey,
        "api_key api-key apikey app_key appkey access_key access-key accesskey account_key license_key auth_key \
         authkey",
    ),
    (
        Kind::Secret,
        "signing_key encryption_key master_key private_key privatekey credential",
    ),
    (Kind::Token, "_auth"),
    (Kind::ApiKey, "_key -key"),
    (Kind::BearerToken, "authorization"),
];

/// Schemes of the `Authorization` header.
pub(super) const SCHEMES: &[&str] = &["bearer ", "basic "];

/// A value and the name it is assigned to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) kind: Kind,
    pub(super) what: &'static str,
    pub(super) value: Range<usize>,
    pub(super) name: Range<usize>,
    /// Whether the value stands without quotes.
    pub(super) bare: bool,
    /// Whether the name says that it is for tests.
    pub(super) in_test: bool,
}

pub(super) const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 300;
const LONGEST_HIDDEN: usize = 8 * 1024;
const LONGEST_LINE: usize = 2000;

/// Whether a character is one of a name.
pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// What is assigned to the name around a word. What is to be masked is found on lines of any length.
pub(super) fn find(bytes: &[u8], word: Range<usize>, kind: Kind, lax: bool) -> Option<Assigned> {
    let before = span::run_before(bytes, word.start, LONGEST_NAME, is_of_name);
    let after = span::run_within(bytes, word.end, LONGEST_NAME, is_of_name);
    let name = word.start - before..word.end + after;
    let (value, bare) = value_after(bytes, name.end)?;
    let value = without_scheme(bytes, value);
    let lower = span::within(bytes, name.clone()).to_ascii_lowercase();
    if !names_secret(&lower) || !lax && is_on_long_line(bytes, &value) {
        return None;
    }
    let text = span::within(bytes, value.clone());
    let has = |part: &[u8]| memchr::memmem::find(&lower, part).is_some();
    let (kind, what) = if text.len() == 40 && has(b"secret") && (has(b"aws") || has(b"access")) {
        (Kind::AwsSecretKey, "an AWS secret access key")
    } else {
        (kind, described(kind))
    };
    let fits = match kind {
        Kind::Password => is_password(text),
        _ => is_value(text) || is_key_of_vendor(&lower, text),
    };
    fits.then(|| Assigned {
        kind,
        what,
        value,
        in_test: has(b"test") || has(b"mock") || has(b"dummy") || has(b"fake") || has(b"example"),
        name,
        bare,
    })
}

/// What stands behind the name of a scheme that ends at `at`.
pub(super) fn after_scheme(bytes: &[u8], at: usize, lax: bool) -> Option<Range<usize>> {
    let has = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~');
    // What is only hidden is hidden to its end.
    let longest = if lax { LONGEST_HIDDEN } else { LONGEST_VALUE };
    let length = span::run_within(bytes, at, longest, has);
    let value = at..at + length;
    let text = span::within(bytes, value.clone());
    (length >= 20 && is_value(text) && (lax || !is_on_long_line(bytes, &value))).then_some(value)
}

/// Whether a header of the scheme `Basic` holds a user and a password.
pub(super) fn is_basic(text: &[u8]) -> bool {
    let decoded = encoding::base64(text);
    let readable = decoded.iter().all(u8::is_ascii_graphic);
    let colon = memchr::memchr(b':', &decoded);
    readable && colon.is_some_and(|colon| decoded.len() - colon > 8 && !random::has_stand_in(&decoded))
}

pub(super) fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Password => "a password",
        Kind::Secret => "a secret",
        Kind::ApiKey => "a key of a service",
        Kind::BearerToken => "an authorization header",
        _ => "a token",
    }
}

/// Whether a name, in small letters, is that of a secret and not of something about one.
pub(super) fn names_secret(name: &[u8]) -> bool {
    const ABOUT: &str = "\
        public pubkey hash digest checksum sha1 sha2 md5 fingerprint token_type tokeniz next_token nexttoken \
        continuation page_token pagetoken tokenstream secretsmanager version recv-key recv_key";
    const ENDS: &str = "\
        key_id keyid key-id token_id tokenid client_id clientid name url uri path file type endpoint arn kind label \
        regex pattern header host _ref len ident identity identifier";
    let about = |part: &str| memchr::memmem::find(name, part.as_bytes()).is_some();
    let ends = |end: &str| name.ends_with(end.as_bytes());
    !ABOUT.split_whitespace().any(about) && !ENDS.split_whitespace().any(ends)
}

/// The value behind a name that ends at `at`, and whether it has no quotes.
pub(super) fn value_after(bytes: &[u8], mut at: usize) -> Option<(Range<usize>, bool)> {
    let quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    let blanks = |at: usize, most: usize| span::run_within(bytes, at, most, |byte| matches!(byte, b' ' | b'\t'));
    if bytes.get(at) == Some(&b'\\') {
        at += 1;
    }
    if quote(bytes.get(at)) {
        at += 1;
    }
    if bytes.get(at) == Some(&b']') {
        at += 1;
    }
    let spaces = blanks(at, 16);
    at += spaces;
    // `<add key="ClearTextPassword" value="…" />`
    if spaces > 0 && span::from(bytes, at).starts_with(b"value=") {
        at += "value".len();
    }
    let mut quoted_only = false;
    match bytes.get(at)? {
        b'=' => {
            at += 1;
            at += span::run_within(bytes, at, 2, |byte| matches!(byte, b'=' | b'>'));
        }
        b':' => {
            at += 1;
            match bytes.get(at)? {
                b':' => return None,
                b'=' => at += 1,
                _ => at = after_type(bytes, at),
            }
        }
        b'(' | b',' => {
            at += 1;
            quoted_only = true;
        }
        // `machine example.org login ada password …`
        _ if spaces > 0 => {}
        _ => return None,
    }
    at += blanks(at, 16);
    let line_end = span::run_within(bytes, at, 40, |byte| byte.is_ascii_whitespace());
    if let Some((start, mark)) = quoted(bytes, at + line_end) {
        let value = span::run_within(bytes, start, LONGEST_VALUE + 1, |byte| byte != mark && byte != b'\n');
        let (value, behind) = span::from(bytes, start).split_at_checked(value)?;
        // The text ends on the line where it began, and is not too long.
        return (value.len() <= LONGEST_VALUE && behind.first() == Some(&mark)).then(|| {
            // In a string inside of a string the quotes have a backslash.
            let value = value.strip_suffix(b"\\").unwrap_or(value);
            (start..start + value.len(), false)
        });
    }
    if quoted_only {
        return None;
    }
    let stops =
        |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b';' | b'&' | b')' | b'#');
    let length = span::run_within(bytes, at, LONGEST_VALUE, |byte| !stops(byte));
    (length > 0).then(|| (at..at + length, true))
}

/// Behind `: &'static str =`, where a type stands between name and value; else `at`.
fn after_type(bytes: &[u8], at: usize) -> usize {
    let of_type = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'&' | b'\'' | b'_' | b'<' | b'>' | b'[' | b']')
    };
    let length = span::run_within(bytes, at, 40, of_type);
    if bytes.get(at + length) == Some(&b'=') {
        at + length + 1
    } else {
        at
    }
}

/// Where the text of a string literal begins and the mark that ends it, if one stands at `at` or is the first argument
/// of a call there.
fn quoted(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    const LONGEST_CALL: usize = 32;
    let window = span::before(span::from(bytes, at), LONGEST_CALL);
    let length = span::run(window, 0, |byte| !matches!(byte, b'"' | b'\'' | b'`'));
    let (before, [mark, ..]) = window.split_at_checked(length)? else {
        return None;
    };
    let call = before.ends_with(b"(")
        && before
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'(' | b'&' | b'!'));
    let prefix = before.len() <= 2
        && before
            .iter()
            .all(|byte| matches!(byte, b'b' | b'r' | b'f' | b'u' | b'&' | b'#' | b'@' | b'\\'));
    (prefix || call).then_some((at + length + 1, *mark))
}

fn without_scheme(bytes: &[u8], value: Range<usize>) -> Range<usize> {
    let text = span::within(bytes, value.clone()).to_ascii_lowercase();
    let schemes = [b"bearer ".as_slice(), b"basic ", b"token "];
    let length = schemes
        .iter()
        .find(|scheme| text.starts_with(scheme))
        .map_or(0, |scheme| scheme.len());
    value.start + length..value.end
}

fn is_value(text: &[u8]) -> bool {
    const SHORTEST: usize = 16;
    let of_token = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~' | b'!' | b'@' | b'^' | b'*' | b':'
            )
    };
    text.len() >= SHORTEST && text.iter().all(of_token) && !is_something_else(text) && random::is_generated(text)
}

/// Keys that look like something else everywhere but beside the name of their vendor.
fn is_key_of_vendor(name: &[u8], text: &[u8]) -> bool {
    /// Vendors whose keys are UUIDs.
    const UUIDS: &[&[u8]] = &[b"heroku", b"hubspot", b"hapikey", b"kucoin", b"snyk", b"squarespace"];
    /// Length of an access key of Dropbox.
    const DROPBOX: usize = 15;
    let of = |vendor: &&[u8]| memchr::memmem::find(name, vendor).is_some();
    let uuid = || is_uuid(text) && text.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let short = || text.len() == DROPBOX && text.iter().all(u8::is_ascii_alphanumeric);
    // Sixteen digits and a dash hold less than other keys do.
    UUIDS.iter().any(of) && uuid() && random::is_random(text)
        || of(&b"dropbox".as_slice()) && short() && random::is_generated(text)
}

fn is_password(text: &[u8]) -> bool {
    const SHORTEST: usize = 10;
    let has = |wanted: fn(&u8) -> bool| text.iter().any(wanted);
    let classes = [
        has(u8::is_ascii_lowercase),
        has(u8::is_ascii_uppercase),
        has(u8::is_ascii_digit),
        has(u8::is_ascii_punctuation),
    ];
    let graphic = text.iter().all(|byte| {
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'{' | b'}' | b'<' | b'>' | b'$' | b'(' | b')' | b'%' | b'\\' | b','
            )
    });
    text.len() >= SHORTEST
        && text.len() <= 100
        && graphic
        && classes.iter().filter(|class| **class).count() >= 3
        && !is_something_else(text)
        && random::is_generated(text)
}

/// Addresses, paths, digests with their names, UUIDs, times: random to look at, and no secret.
fn is_something_else(text: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(text, part).is_some();
    let extension = text
        .rsplit(|byte| *byte == b'.')
        .next()
        .filter(|last| last.len() < text.len());
    has(b"://")
        || has(b"::")
        || has(b"..")
        || text.starts_with(b"/")
        || text.starts_with(b"./")
        || text.starts_with(b"--")
        || text.starts_with(b"arn:")
        || text.starts_with(b"sha256")
        || text.starts_with(b"sha512")
        || is_uuid(text)
        || jwt::is_example(text)
        || extension.is_some_and(|last| (2..=5).contains(&last.len()) && last.iter().all(u8::is_ascii_lowercase))
}

fn is_uuid(text: &[u8]) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    text.split(|byte| *byte == b'-').map(<[u8]>::len).eq(GROUPS)
}

/// Lines that no person wrote: minified code, data.
fn is_on_long_line(bytes: &[u8], value: &Range<usize>) -> bool {
    let before = span::within(bytes, value.start.saturating_sub(LONGEST_LINE)..value.start);
    let before = memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at);
    let after = span::before(span::from(bytes, value.end), LONGEST_LINE);
    let after = memchr::memchr(b'\n', after).unwrap_or(after.len());
    before + after > LONGEST_LINE
}
