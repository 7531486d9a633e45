//! Byte offsets to lines and columns.

use std::ops::Range;

use gate_report::Location;

/// Positions in one text; lines and columns are 1-based, columns count characters.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    path: &'a str,
    text: &'a str,
    /// Offset of the first byte of each line.
    lines: Vec<usize>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        let starts = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self {
            path,
            text,
            lines: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// 0-based number of the line that holds `offset`.
    pub(super) fn line_index(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The whole lines that `span` touches, without the end of the last one, and the 0-based number of the first.
    pub(super) fn lines_around(&self, span: &Range<usize>) -> (usize, Range<usize>) {
        let first = self.line_index(span.start);
        let last = self.line_index(span.end.saturating_sub(1).max(span.start));
        let end = self.lines.get(last + 1).map_or(self.text.len(), |next| next - 1);
        (first, self.lines[first]..end)
    }

    /// The place of `span`, its length cut at the end of its first line.
    pub(super) fn location(&self, span: &Range<usize>) -> Location {
        let line = self.line_index(span.start);
        let start = self.lines[line];
        let first_line_end = self.lines.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let characters = |range: Range<usize>| count(self.text.get(range).unwrap_or_default().chars().count());
        Location::span(
            self.path,
            count(line + 1),
            characters(start..span.start).saturating_add(1),
            characters(span.start..span.end.min(first_line_end).max(span.start)).max(1),
        )
    }
}

fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
