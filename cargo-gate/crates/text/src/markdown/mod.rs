//! Markdown as checks read it: links and anchors, checkboxes, generated blocks, commands. Nothing here looks at the disk.

pub mod anchors;
pub mod fences;
pub mod html;
pub mod links;
pub mod target;
pub mod tasks;

use std::ops::Range;

use pulldown_cmark::{Options, Parser};

use gate_base::Location;

/// What GitHub and mdBook understand beyond CommonMark.
fn parser(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    Parser::new_ext(text, options)
}

/// The events of a document with the bytes that they are about.
pub fn events(text: &str) -> impl Iterator<Item = (pulldown_cmark::Event<'_>, Range<usize>)> {
    parser(text).into_offset_iter()
}

/// The place of a span of a document, cut at the end of its first line.
pub fn place(path: &str, text: &str, span: Range<usize>) -> Location {
    let first = text.get(span.clone()).unwrap_or_default().lines().next();
    let end = span.start + first.unwrap_or_default().len();
    gate_base::paths::span_location(path, text, span.start..end)
}
