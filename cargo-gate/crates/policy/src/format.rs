//! Syntax of single values, by the `x-format` (or `format`) of their schema. No side effects, no positions.

use std::borrow::Cow;
use std::time::Duration;

use gate_text::secrets::mask_text;
use jiff::civil::Date;
use semver::Version;

use super::address::{Address, NoAddress};

/// Why a value is not what its format asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormatError {
    /// What is wrong, continuing "`key` ".
    pub(super) message: String,
    /// One edit that repairs it.
    pub(super) help: String,
}

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, FormatError> {
    Err(FormatError {
        message: message.into(),
        help: help.into(),
    })
}

/// Seconds in each unit of a duration, longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Parses a whole number with one unit: `90s`, `30m`, `12h`, `30d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = &text[..text.len() - unit.len_utf8()];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (_, seconds) = UNITS.iter().find(|(known, _)| *known == unit)?;
    Some(Duration::from_secs(digits.parse::<u64>().ok()?.checked_mul(*seconds)?))
}

/// The shortest text of a duration of whole seconds.
pub(super) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let whole = |(_, unit): &&(char, u64)| seconds > 0 && seconds.is_multiple_of(*unit);
    let (name, unit) = UNITS.iter().find(whole).unwrap_or(&('s', 1));
    format!("{}{name}", seconds / unit)
}

/// Parses a calendar day, `YYYY-MM-DD` and nothing else.
pub(super) fn date(text: &str) -> Option<Date> {
    let shape = |(at, byte): (usize, u8)| {
        if at == 4 || at == 7 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    };
    if text.len() != 10 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    text.parse().ok()
}

/// The day of a TOML date that has neither time nor offset.
pub(super) fn native_date(datetime: &toml::value::Datetime) -> Option<Date> {
    let (Some(day), None, None) = (&datetime.date, &datetime.time, &datetime.offset) else {
        return None;
    };
    Date::new(
        i16::try_from(day.year).ok()?,
        i8::try_from(day.month).ok()?,
        i8::try_from(day.day).ok()?,
    )
    .ok()
}

/// Splits a command line on white space. No shell is involved, so what a shell would interpret is refused.
pub(super) fn command_line(text: &str) -> Result<Vec<String>, FormatError> {
    if let Some(found) = text.chars().find(|char| "|&;<>()$`\"'*?[]{}\\\n\r\0".contains(*char)) {
        return wrong(
            format!("contains {}, which needs a shell", shown(found)),
            "write the command as an array, `[\"program\", \"argument\"]`; it runs without a shell",
        );
    }
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    command_words(&words)?;
    Ok(words)
}

fn shown(char: char) -> String {
    match char {
        '\n' | '\r' => "a line break".into(),
        '\0' => "a NUL character".into(),
        other => format!("`{other}`"),
    }
}

/// Whether an argument vector can be started.
pub(super) fn command_words(words: &[String]) -> Result<(), FormatError> {
    let Some(program) = words.first().filter(|program| !program.trim().is_empty()) else {
        return wrong(
            "has no program",
            "write a command such as `[\"cargo\", \"test\", \"--locked\"]`",
        );
    };
    if words.iter().any(|word| word.contains('\0')) {
        return wrong("contains a NUL character", "remove the NUL character");
    }
    if let Some((name, _)) = program.split_once('=') {
        return wrong(
            format!("starts with `{program}`, which is shell syntax for setting a variable"),
            format!("set the variable where `cargo gate` runs and declare `env = [\"{name}\"]`"),
        );
    }
    Ok(())
}

/// Whether `value` has the syntax that `format` names. Formats that need more than the value itself (`check`) and
/// unknown ones are accepted.
pub(super) fn check(format: &str, value: &str) -> Result<(), FormatError> {
    match format {
        "text" if value.trim().is_empty() => wrong("is blank", "fill it in, or remove the line"),
        "duration" if duration(value).is_none() => wrong(
            format!("is not a valid duration: `{value}`"),
            "write a whole number with one unit, such as \"90s\", \"30m\", \"12h\" or \"30d\"",
        ),
        "date" if date(value).is_none() => wrong(
            format!("is not a valid date: `{value}`"),
            "write the date as YYYY-MM-DD, such as 2030-01-31",
        ),
        "glob" | "name-glob" => glob(value),
        "path" => relative("a path", value),
        "base" => base(value),
        "remote" => remote(value),
        "pointer" if !value.starts_with('/') => wrong(
            format!("is not a valid JSON pointer: `{value}`"),
            "start each key with `/`, such as \"/package/version\"",
        ),
        "version" if value.parse::<Version>().is_err() => wrong(
            format!("is not a valid version: `{value}`"),
            "write major, minor and patch, such as \"1.4.0\"",
        ),
        "rust-version" if rust_version(value).is_none() => wrong(
            format!("is not a valid Rust version: `{value}`"),
            "write two or three numbers, such as \"1.85\"",
        ),
        "item" if !is_item(value) => wrong(
            format!("is not a valid item path: `{value}`"),
            "start with the library name, such as \"my_crate::Client::fetch\"",
        ),
        "surface" if !value.split("::").all(|name| is_name(&name.replace('*', "_"))) => wrong(
            format!("is not a valid item path pattern: `{value}`"),
            "start with the library name, such as \"my_crate::experimental\" or \"my_crate::Client::raw_*\"",
        ),
        "revision" if value.starts_with('-') || value.contains(char::is_whitespace) || value.contains("..") => wrong(
            format!("is not a valid revision: `{value}`"),
            "write a tag, a branch, a commit, or a tag pattern such as \"v*\"",
        ),
        "suite-name" => suite_name(value),
        "item-id" => item_id(value),
        "sha256" if value.len() != 64 || !value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) => wrong(
            format!("is not a valid SHA-256 digest: `{value}`"),
            "write the 64 lowercase hexadecimal digits that `sha256sum` prints",
        ),
        "commit" if !value.bytes().all(|byte| byte.is_ascii_hexdigit()) => wrong(
            format!("is not a valid commit hash: `{value}`"),
            "write the hash that `git rev-parse HEAD` prints",
        ),
        "ssh-key" => super::authority::public_key(value).map(drop).or_else(|reason| {
            wrong(
                reason,
                "paste the line from `id_ed25519.pub`; `ssh-keygen -t ed25519` creates a key",
            )
        }),
        "env-name" if value.is_empty() || value.contains(['=', '\0']) || value.contains(char::is_whitespace) => wrong(
            format!("is not a valid environment variable name: `{value}`"),
            "write only the name, such as \"RUSTFLAGS\"",
        ),
        "requirement" => requirement(value),
        "command" => command_line(value).map(|_| ()),
        "platform" => platform(value),
        _ => Ok(()),
    }
}

/// The address of a remote store that says nothing about who asks.
fn remote(value: &str) -> Result<(), FormatError> {
    match Address::parse(value) {
        Ok(address) if address.has_credentials() => wrong(
            "contains a user name or password, which anyone can read here",
            "remove it and set `GATE_CACHE_TOKEN` where builds run, or `CARGO_GATE_EVIDENCE_TOKEN` where the gate runs",
        ),
        Ok(_) => Ok(()),
        // Not the value: it may hold a password.
        Err(NoAddress(why)) => wrong(
            why,
            "write a URL such as \"file:///srv/kernels\", \"https://cache.example/kernels\", \"s3://bucket/prefix\" or \
             \"redis://cache.example\"",
        ),
    }
}

/// `linux`, `macos`, `windows`, or something of the shape of a target triple.
fn platform(value: &str) -> Result<(), FormatError> {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
    };
    let triple = value.split('-').count() >= 2 && value.split('-').all(part);
    if matches!(value, "linux" | "macos" | "windows") || triple {
        return Ok(());
    }
    wrong(
        format!("is not a valid platform: `{value}`"),
        "write \"linux\", \"macos\", \"windows\", or a target triple such as \"aarch64-unknown-linux-gnu\"",
    )
}

/// At least two names with `::` between them.
fn is_item(value: &str) -> bool {
    value.contains("::") && value.split("::").all(is_name)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(|char| char.is_alphanumeric() || char == '_')
}

/// `program:<name>`, `env:<name>`, `os:<name>`.
fn requirement(value: &str) -> Result<(), FormatError> {
    let known = match value.split_once(':') {
        Some(("program" | "env", name)) => !name.is_empty() && !name.contains(char::is_whitespace),
        Some(("os", name)) => matches!(name, "linux" | "macos" | "windows"),
        _ => false,
    };
    if known {
        return Ok(());
    }
    wrong(
        format!("is not a valid requirement: `{value}`"),
        "write `program:<name>`, `env:<name>`, `os:linux`, `os:macos` or `os:windows`",
    )
}

fn glob(value: &str) -> Result<(), FormatError> {
    relative("a glob", value)?;
    match globset::Glob::new(value) {
        Ok(_) => Ok(()),
        Err(error) => wrong(
            format!("is not a valid glob: {}", error.kind()),
            "write a glob such as \"src/**/*.rs\"; `[`, `{` and `\\` have a special meaning",
        ),
    }
}

/// Paths of the workspace are relative, `/`-separated and free of `.` and `..`; anything else would match nothing.
fn relative(what: &str, value: &str) -> Result<(), FormatError> {
    portable(what, "the workspace root", value)?;
    if value.split('/').any(|part| part == "..") {
        return wrong(
            format!("points outside the workspace: `{value}`"),
            "use a path inside the workspace",
        );
    }
    if value.split('/').any(|part| part == ".") {
        let cleaned: Vec<&str> = value.split('/').filter(|part| *part != ".").collect();
        let help = match cleaned.join("/") {
            rest if rest.is_empty() => "remove the line; the workspace root is the default".into(),
            rest => format!("write `{rest}`"),
        };
        return wrong(format!("contains a `.` component: `{value}`"), help);
    }
    Ok(())
}

/// Paths of a base start where the file that names them lies, and may lead up.
fn base(value: &str) -> Result<(), FormatError> {
    portable("a path", "the file that contains it", value)
}

/// A path that means the same on every system.
fn portable(what: &str, from: &str, value: &str) -> Result<(), FormatError> {
    let drive = matches!(value.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if value.trim().is_empty() {
        return wrong("is blank", "fill it in, or remove the line");
    }
    if value.contains(['\n', '\r', '\0']) {
        return wrong(
            format!("is not {what}: it contains a line break"),
            "write it on one line",
        );
    }
    if value.starts_with('/') || drive {
        return wrong(
            format!("is not relative to {from}: `{value}`"),
            "write it relative to the directory of gate.toml, without a leading `/` or drive letter",
        );
    }
    if value.contains('\\') {
        return wrong(
            format!("contains a backslash: `{value}`"),
            format!("write `{}`", value.replace('\\', "/")),
        );
    }
    Ok(())
}

fn suite_name(value: &str) -> Result<(), FormatError> {
    // Its id and the file of its log could not be shown.
    if matches!(mask_text(value), Cow::Owned(_)) {
        return wrong(
            "has the form of a secret",
            "revoke it if it is one, and write another name",
        );
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if value.bytes().all(allowed) && !value.starts_with(['-', '_']) && !value.is_empty() {
        return Ok(());
    }
    let cleaned: String = value
        .to_lowercase()
        .chars()
        .map(|char| {
            if char.is_ascii() && allowed(char as u8) {
                char
            } else {
                '-'
            }
        })
        .collect();
    let help = match cleaned.trim_matches(['-', '_']) {
        "" => "use only lowercase letters, digits, `-` and `_`".into(),
        name => format!("write `name = \"{name}\"`"),
    };
    wrong(format!("is not a valid suite name: `{value}`"), help)
}

/// Ids of items are names that tables, commands and other items can hold without quotes.
fn item_id(value: &str) -> Result<(), FormatError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if value.bytes().all(plain) && value.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Ok(());
    }
    wrong(
        format!("is not a valid register id: `{value}`"),
        "use only letters, digits, `-`, `_` and `.`, such as `ISSUE-12`",
    )
}

/// A Rust version with two or three numbers.
pub fn rust_version(text: &str) -> Option<Version> {
    let numeric = text
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    match text.split('.').count() {
        2 if numeric => format!("{text}.0").parse().ok(),
        3 if numeric => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("30d"), Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(duration("12h"), Some(Duration::from_secs(12 * 3_600)));
        for text in [
            "",
            "d",
            "30",
            "-1d",
            "+1d",
            "1.5h",
            "1 h",
            "1h30m",
            "30µ",
            "99999999999999999999d",
            "30ｄ",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(duration("18446744073709551615d"), None, "overflow");
    }

    #[test]
    fn dates_are_year_month_day() {
        assert_eq!(date("2028-02-29"), Some(jiff::civil::date(2028, 2, 29)));
        for text in [
            "2027-02-29",
            "2027-2-1",
            "2027-02-01T00:00",
            "20270201",
            "",
            "2027-02-0é",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn command_lines_are_not_shell() {
        assert_eq!(
            command_line(" cargo  test --features=a ").unwrap(),
            ["cargo", "test", "--features=a"]
        );
        for text in [
            "a | b",
            "a && b",
            "a > b",
            "$HOME/x",
            "a 'b c'",
            "ls *.rs",
            "",
            "  ",
            "A=1 cargo test",
            "a\nb",
        ] {
            assert!(command_line(text).is_err(), "{text}");
        }
        assert_eq!(
            command_line("RUSTFLAGS=-g cargo test").unwrap_err().help,
            "set the variable where `cargo gate` runs and declare `env = [\"RUSTFLAGS\"]`"
        );
    }

    #[test]
    fn paths_stay_in_the_workspace() {
        assert_eq!(check("path", "a/b.json"), Ok(()));
        for text in ["/a", "C:\\a", "c:/a", "a\\b", "../a", "a/../b", "./a", ".", "", "a\nb"] {
            assert!(check("path", text).is_err(), "{text}");
        }
        assert_eq!(check("path", "./a/b").unwrap_err().help, "write `a/b`");
        assert_eq!(check("glob", "src/[a-z]*.rs"), Ok(()));
        assert!(check("glob", "src/[a").is_err());
    }

    #[test]
    fn versions_pointers_and_items() {
        for (format, text) in [("version", "1.4.0-rc.1"), ("pointer", "/a/0"), ("item", "a::B::r_c")] {
            assert_eq!(check(format, text), Ok(()), "{text}");
        }
        for (format, text) in [
            ("version", "1.4"),
            ("version", "v1.4.0"),
            ("pointer", "version"),
            ("item", "a"),
            ("item", "a::"),
            ("item", "a::<b>"),
            ("item", "a:: b"),
        ] {
            assert!(check(format, text).is_err(), "{text}");
        }
    }

    #[test]
    fn suite_names_are_repaired() {
        assert_eq!(check("suite-name", "prod_smoke-2"), Ok(()));
        assert_eq!(
            check("suite-name", "Prod Smoke").unwrap_err().help,
            "write `name = \"prod-smoke\"`"
        );
        assert_eq!(
            check("suite-name", "é").unwrap_err().help,
            "use only lowercase letters, digits, `-` and `_`"
        );
    }

    #[test]
    fn rust_versions_have_two_or_three_numbers() {
        assert_eq!(rust_version("1.85"), Some(Version::new(1, 85, 0)));
        assert_eq!(rust_version("1.85.1"), Some(Version::new(1, 85, 1)));
        for text in ["", "1", "1.85.0-beta", "v1.85", "1..2", "1.2.3.4", "stable"] {
            assert_eq!(rust_version(text), None, "{text}");
        }
    }
}
