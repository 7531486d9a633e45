//! Passwords behind the short options of programs: `mysql -pX`, `curl -u user:X`.

use std::ops::Range;

use super::eager::{is_given, is_mixed};
use super::{span, url};

/// A program that takes a password as an argument.
#[derive(Debug)]
pub(super) struct Program {
    /// What its call begins with.
    pub(super) name: &'static str,
    option: &'static [u8],
    /// Whether the password may be the next word.
    apart: bool,
    /// Whether it may be the rest of the option.
    glued: Glued,
}

#[derive(Debug, PartialEq, Eq)]
enum Glued {
    Never,
    /// Other options may begin the same way.
    Mixed,
    Always,
}

/// Programs whose passwords a mask hides. Those behind long options are found by the name of the option.
pub(super) const PROGRAMS: &[Program] = &[
    // `mysqldump` and the like as well.
    Program::new("mysql", b"-p", false, Glued::Always),
    Program::new("mariadb", b"-p", false, Glued::Always),
    Program::new("sshpass ", b"-p", true, Glued::Always),
    // `docker login`, `podman login`, `helm registry login`.
    Program::new(" login ", b"-p", true, Glued::Mixed),
    Program::new("mongo", b"-p", true, Glued::Mixed),
    Program::new("redis-cli ", b"-a", true, Glued::Never),
];

impl Program {
    const fn new(name: &'static str, option: &'static [u8], apart: bool, glued: Glued) -> Self {
        Self {
            name,
            option,
            apart,
            glued,
        }
    }

    /// The password in the call whose name ends at `at`.
    pub(super) fn password(&self, bytes: &[u8], at: usize) -> Option<Range<usize>> {
        let mut expected = false;
        for word in words(bytes, at) {
            let text = span::within(bytes, word.clone());
            if expected {
                return is_given(text).then_some(word);
            }
            if let Some(rest) = text.strip_prefix(self.option) {
                expected = rest.is_empty() && self.apart;
                let rest = rest.strip_prefix(b"=").unwrap_or(rest);
                // `-p'X'`
                let quotes = span::run(rest, 0, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
                let rest = span::from(rest, quotes);
                let fits = match self.glued {
                    Glued::Never => false,
                    Glued::Mixed => is_mixed(rest, 6) && is_given(rest),
                    Glued::Always => is_given(rest),
                };
                if fits {
                    return Some(word.end - rest.len()..word.end);
                }
            }
        }
        None
    }
}

/// The password behind `--user` of the call of curl whose name ends at `at`. Where it is only hidden, that is any password.
pub(super) fn of_curl(bytes: &[u8], at: usize, lax: bool) -> Option<Range<usize>> {
    let call = call(bytes, at);
    let option = [b"-u ".as_slice(), b"--user ", b"--user="]
        .iter()
        .filter_map(|option| Some(memchr::memmem::find(call, option)? + option.len()))
        .min()?;
    let from = option + span::run(call, option, |byte| matches!(byte, b'"' | b'\''));
    let length = span::run(call, from, |byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'\\')
    });
    let end = from + length;
    let (user, password) = url::user_and_password(span::within(call, from..end))?;
    let fits = url::is_password(user, password) || lax && is_given(password);
    fits.then(|| at + end - password.len()..at + end)
}

/// The rest of a call, on the same line or continued ones.
fn call(bytes: &[u8], at: usize) -> &[u8] {
    const LONGEST_CALL: usize = 500;
    let window = span::before(span::from(bytes, at), LONGEST_CALL);
    let ends = memchr::memchr_iter(b'\n', window).find(|end| !span::before(window, *end).ends_with(b"\\"));
    span::before(window, ends.unwrap_or(window.len()))
}

/// The words of a call, without quotes and what separates them in a list, up to the next command of the line.
fn words(bytes: &[u8], at: usize) -> impl Iterator<Item = Range<usize>> {
    let around = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\' | b',' | b']' | b'[' | b')' | b'`');
    let mut start = at;
    call(bytes, at)
        .split(u8::is_ascii_whitespace)
        .map(move |word| {
            let from = start;
            start += word.len() + 1;
            let front = word.iter().take_while(|byte| around(byte)).count();
            let back = word.iter().rev().take_while(|byte| around(byte)).count();
            from + front..(from + word.len()).saturating_sub(back).max(from + front)
        })
        .take_while(|word| !matches!(bytes.get(word.start), Some(b'|' | b';' | b'&')))
}
