//! The markers of generated blocks.

use std::ops::Range;

use pulldown_cmark::Event;

use gate_policy::similar;
use gate_text::markdown::events;

use super::{GENERATORS, find};

/// A block that is closed and whose kind is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its kind.
    pub kind: String,
    /// Its first marker.
    pub marker: Range<usize>,
    /// What stands between the lines of its markers.
    pub inner: Range<usize>,
}

/// What is wrong with a marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The marker.
    pub span: Range<usize>,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Every block of a document in its order.
pub fn blocks(text: &str) -> Vec<Block> {
    read(text).0
}

/// Markers that belong to no block.
pub fn problems(text: &str) -> Vec<Problem> {
    read(text).1
}

enum Marker {
    Start(String),
    End,
}

fn read(text: &str) -> (Vec<Block>, Vec<Problem>) {
    let mut blocks = Vec::new();
    let mut problems = Vec::new();
    let mut open: Option<(String, Range<usize>)> = None;
    let unclosed = |span| Problem {
        span,
        message: "the generated block is not closed".to_owned(),
        help: "write `<!-- gate:end -->` on a line of its own behind it".to_owned(),
    };
    for (marker, span) in markers(text) {
        match marker {
            Marker::Start(kind) => {
                if let Some((_, earlier)) = open.take() {
                    problems.push(unclosed(earlier));
                }
                if find(&kind).is_none() {
                    problems.push(unknown(&kind, span.clone()));
                }
                open = Some((kind, span));
            }
            Marker::End => match open.take() {
                None => problems.push(Problem {
                    span,
                    message: "no generated block ends here".to_owned(),
                    help: "remove the marker, or write `<!-- gate:generated <kind> -->` before the block".to_owned(),
                }),
                Some((kind, _)) if find(&kind).is_none() => {}
                Some((kind, marker)) => blocks.push(Block {
                    kind,
                    inner: line_end(text, marker.end)..line_start(text, span.start),
                    marker,
                }),
            },
        }
    }
    problems.extend(open.map(|(_, span)| unclosed(span)));
    problems.sort_by_key(|problem| problem.span.start);
    (blocks, problems)
}

fn unknown(kind: &str, span: Range<usize>) -> Problem {
    let kinds = GENERATORS.iter().map(|generator| generator.kind);
    let help = match similar(kind, kinds.clone()) {
        Some(meant) => format!("write `{meant}`"),
        None => format!("write one of `{}`", kinds.collect::<Vec<_>>().join("`, `")),
    };
    let named = if kind.is_empty() {
        "the marker names no kind of block".to_owned()
    } else {
        format!("no kind of generated block is called `{kind}`")
    };
    Problem {
        span,
        message: named,
        help,
    }
}

/// Comments outside of code that are markers and stand alone on their lines.
fn markers(text: &str) -> Vec<(Marker, Range<usize>)> {
    let mut found = Vec::new();
    // Most documents have none.
    if !text.contains("gate:generated") && !text.contains("gate:end") {
        return found;
    }
    for (event, span) in events(text) {
        if !matches!(event, Event::Html(_) | Event::InlineHtml(_)) {
            continue;
        }
        let raw = text.get(span.clone()).unwrap_or_default();
        let comment = raw.trim();
        let start = span.start + (raw.len() - raw.trim_start().len());
        let span = start..start + comment.len();
        let inner = comment
            .strip_prefix("<!--")
            .and_then(|rest| rest.strip_suffix("-->"))
            .filter(|inner| !inner.contains("-->"));
        let Some(inner) = inner.map(str::trim) else { continue };
        let before = text.get(line_start(text, span.start)..span.start);
        let behind = text.get(span.end..line_end(text, span.end));
        if !before.into_iter().chain(behind).all(|blank| blank.trim().is_empty()) {
            continue;
        }
        if inner == "gate:end" {
            found.push((Marker::End, span));
        } else if let Some(kind) = inner.strip_prefix("gate:generated")
            && (kind.is_empty() || kind.starts_with(char::is_whitespace))
        {
            found.push((Marker::Start(kind.trim().to_owned()), span));
        }
    }
    found
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|text| text.rfind('\n'))
        .map_or(0, |before| before + 1)
}

/// Behind the line feed of the line.
fn line_end(text: &str, at: usize) -> usize {
    let feed = text.get(at..).and_then(|text| text.find('\n'));
    feed.map_or(text.len(), |feed| at + feed + 1)
}
