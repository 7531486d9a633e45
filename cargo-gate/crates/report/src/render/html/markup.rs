//! Pieces of markup that are HTML and well-formed XML at once, and how foreign text gets into them.

use std::fmt::Write as _;

use super::super::markdown::percent_encoded;
use super::super::{Weight, place, text};
use super::context::HtmlContext;
use crate::{Location, Outcome};

/// Foreign text on one line, safe between tags and inside quoted attributes: what a terminal or a browser might act on becomes visible.
pub(super) fn plain(text: &str) -> String {
    escaped(&text::line(text))
}

/// Foreign text on several lines, for `pre`.
pub(super) fn lines(text: &str) -> String {
    escaped(&text::lines(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no place for them, whatever they are written as.
            '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Foreign text as code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// Text with code spans in backticks.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.iter().enumerate() {
        match (index % 2 == 1, index + 1 < parts.len()) {
            (true, true) if !part.is_empty() => out.push_str(&code(part)),
            // The last backtick has no partner.
            (true, false) => {
                out.push('`');
                out.push_str(&plain(part));
            }
            _ => out.push_str(&plain(part)),
        }
    }
    out
}

/// A help or an action: one that is a whole command is code.
pub(super) fn action(text: &str) -> String {
    let is_command = ["cargo ", "git ", "rustup "]
        .iter()
        .any(|program| text.starts_with(program));
    if is_command && !text.contains('`') {
        code(text)
    } else {
        prose(text)
    }
}

/// Whether a link stays next to the page: no scheme, no root.
pub(super) fn is_relative(link: &str) -> bool {
    !link.contains(':') && !link.starts_with(['/', '\\'])
}

/// A name as an id of the page: letters, digits, `.`, `-` and `_`.
pub(super) fn id(prefix: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    format!("{prefix}-{name}")
}

/// A place of the workspace, as a link where there are links.
pub(super) fn at(location: &Location, context: &HtmlContext) -> String {
    let shown = code(&place(location));
    match &context.workspace {
        Some(base) => format!(
            "<a href=\"{}{}\">{shown}</a>",
            plain(base),
            percent_encoded(&location.path)
        ),
        None => shown,
    }
}

/// What something means, which is never shown by its colour alone: each has a sign and words too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// It blocks.
    Bad,
    /// It warns.
    Warn,
    /// It is covered.
    Calm,
    /// It is as it should be.
    Good,
    /// It means neither.
    Idle,
}

impl Tone {
    /// Its class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Calm => "calm",
            Self::Good => "good",
            Self::Idle => "idle",
        }
    }

    /// Its sign.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Bad => "✖",
            Self::Warn => "▲",
            Self::Calm => "◆",
            Self::Good => "✔",
            Self::Idle => "○",
        }
    }
}

impl From<Outcome> for Tone {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Good,
            Outcome::Warn => Self::Warn,
            Outcome::Fail | Outcome::Inconclusive | Outcome::NotRun | Outcome::Error => Self::Bad,
        }
    }
}

impl From<Weight> for Tone {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Blocks => Self::Bad,
            Weight::Warns => Self::Warn,
            Weight::Covered => Self::Calm,
        }
    }
}

/// A word with its sign. The words are markup already.
pub(super) fn mark(tone: Tone, words: &str) -> String {
    format!(
        "<span class=\"mark {}\"><span aria-hidden=\"true\">{}</span> {words}</span>",
        tone.class(),
        tone.sign()
    )
}

/// A table in a box of its own, which scrolls where the page is narrow. A column whose name ends in `<#>`, which no
/// foreign text can, has numbers.
pub(super) fn table(caption: &str, head: &[&str], rows: &[String]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n<table>\n<thead><tr>",
        plain(caption)
    );
    for column in head {
        let _ = match column.strip_suffix("<#>") {
            Some(column) => write!(out, "<th scope=\"col\" class=\"num\">{column}</th>"),
            None => write!(out, "<th scope=\"col\">{column}</th>"),
        };
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        let _ = writeln!(out, "<tr>{row}</tr>");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    out
}

/// What is long, closed until someone opens it. The summary is markup already.
pub(super) fn folded(summary: &str, body: &str) -> String {
    format!("<details>\n<summary>{summary}</summary>\n{body}</details>\n")
}

/// A part of a whole as a bar, from 0 to 1, which the text next to it says in numbers.
pub(super) fn bar(part: f64, tone: Tone) -> String {
    let width = if part.is_finite() {
        part.clamp(0.0, 1.0) * 120.0
    } else {
        0.0
    };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 120 10\" width=\"120\" height=\"10\" aria-hidden=\"true\"><rect class=\"track\" width=\"120\" height=\"10\" \
         rx=\"3\"/><rect class=\"fill {}\" width=\"{width:.1}\" height=\"10\" rx=\"3\"/></svg>",
        tone.class()
    )
}

/// A part of the page with a heading; the navigation leads to it.
pub(super) struct Section {
    /// Its id.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// What is in it; a section without anything is left out.
    pub(super) body: String,
}

impl Section {
    pub(super) fn new(id: &'static str, title: &'static str, body: String) -> Self {
        Self { id, title, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_text() {
        assert_eq!(
            plain("<a href=\"x\">'&'\u{1b}\n\u{ffff}"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\\u{1b}\\n\\u{ffff}"
        );
        assert_eq!(lines("a\nb\u{0}"), "a\nb\\u{0}");
        assert_eq!(prose("`a<b` is ` it"), "<code>a&lt;b</code> is ` it");
        assert_eq!(id("check", "suite.a b\"<"), "check-suite.a-b--");
        assert_eq!(action("cargo test"), "<code>cargo test</code>");
        assert_eq!(action("run `cargo test`"), "run <code>cargo test</code>");
    }

    #[test]
    fn a_bar_stays_in_its_track() {
        for part in [-1.0, 0.0, 0.5, 7.0, f64::NAN] {
            let bar = bar(part, Tone::Good);
            assert!(!bar.contains("NaN") && !bar.contains("width=\"-"), "{bar}");
        }
    }
}
