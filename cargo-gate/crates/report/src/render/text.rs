//! Text that is safe and pleasant in a terminal: foreign text is neutralised, prose is wrapped, durations are short.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// An RFC 3339 time in UTC to the second, for people.
pub fn timestamp(time: &str) -> Cow<'_, str> {
    match time.split_once('.') {
        Some((seconds, rest)) if rest.ends_with('Z') => format!("{seconds}Z").into(),
        _ => time.into(),
    }
}

/// Makes foreign text safe on one line: control characters, line ends and characters that reorder text become visible
/// escapes such as `\u{1b}`.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// Makes foreign text safe on several lines: line ends stay, everything else is as in [`line()`]. A line that GitHub's
/// runner would read as a workflow command (it skips space in front of `::`) stays joined to the one before.
pub fn lines(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return escape(text, true);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (index, part) in text.replace("\r\n", "\n").split('\n').enumerate() {
        if index > 0 {
            out.push_str(if part.trim_start().starts_with("::") {
                "\\n"
            } else {
                "\n"
            });
        }
        out.push_str(&escape(part, true));
    }
    Cow::Owned(out)
}

fn escape(text: &str, keep_line_ends: bool) -> Cow<'_, str> {
    let hostile = |c: char| is_hostile(c) && !(keep_line_ends && c == '\n');
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if hostile(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal might act on the character, or show the text around it in another order or not at all.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Number of terminal columns the text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Breaks prose into lines of at most `width` columns. A word or a code span in backticks is never broken, so that a
/// command can always be copied; line ends of the text are kept.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let mut out = Vec::new();
    for paragraph in text.split('\n') {
        let mut current = String::new();
        for word in words(paragraph) {
            if !current.is_empty() && width(&current) + 1 + width(word) > max {
                out.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        out.push(current);
    }
    out
}

/// Words between spaces; a code span counts as one word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.split(move |c: char| {
        in_code ^= c == '`';
        c == ' ' && !in_code
    })
    .filter(|word| !word.is_empty())
}

/// `text` followed by spaces up to `to` columns.
pub fn pad(text: &str, to: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', to.saturating_sub(width(text))));
    out
}

/// The text, cut to at most `max` bytes at a character, with a mark where something is missing.
pub fn clipped(text: &str, max: usize) -> Cow<'_, str> {
    const MARK: &str = "…";
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let mut end = max.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end]).into()
}

/// `1 warning`, `2 warnings`.
pub fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A duration in milliseconds for people: `0.04s`, `12.30s`, `2m 05s`, `1h 02m`.
pub fn duration(ms: u64) -> String {
    let mut out = String::new();
    let seconds = ms / 1000;
    // Writing to a string cannot fail.
    let _ = match seconds {
        0..60 => write!(out, "{seconds}.{:02}s", ms % 1000 / 10),
        60..3600 => write!(out, "{}m {:02}s", seconds / 60, seconds % 60),
        _ => write!(out, "{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    };
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_become_visible() {
        assert_eq!(line("a\u{1b}[31mb\nc\td\u{202e}e"), "a\\u{1b}[31mb\\nc    d\\u{202e}e");
        assert_eq!(lines("a\r\nb\rc"), "a\nb\\rc");
        assert_eq!(lines("a\n  ::error::b"), "a\\n  ::error::b");
        assert!(matches!(line("`Cargo.lock` ist veraltet – ü"), Cow::Borrowed(_)));
    }

    #[test]
    fn code_spans_are_not_broken() {
        insta::assert_snapshot!(
            wrap("run `cargo update --workspace --offline` and commit `Cargo.lock`", 20).join("\n"),
            @r"
        run
        `cargo update --workspace --offline`
        and commit
        `Cargo.lock`
        "
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(clipped("größer", 8), "größer");
        assert_eq!(clipped("größer", 7), "grö…");
        assert_eq!(clipped("größer", 6), "gr…");
    }

    #[test]
    fn durations_stay_short() {
        let shown = [0, 41, 9_994, 59_999, 60_000, 125_000, 3_720_000].map(duration);
        assert_eq!(
            shown,
            ["0.00s", "0.04s", "9.99s", "59.99s", "1m 00s", "2m 05s", "1h 02m"]
        );
    }

    proptest! {
        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(char::is_control));
            prop_assert!(!lines(&text).chars().any(|c| c.is_control() && c != '\n'));
        }

        #[test]
        fn wrapping_keeps_every_word(text in "[a-z `é\n]{0,80}", max in 1usize..40) {
            let flat = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(flat(&wrap(&text, max).join("\n")), flat(&text));
        }
    }
}
