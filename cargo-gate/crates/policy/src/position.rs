//! Byte offsets to files, lines and columns.

use std::ops::Range;

use gate_report::Location;

/// A file of a policy: how messages call it, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Path relative to the workspace root, `/`-separated; it may start with `../`.
    pub path: String,
    /// The text.
    pub text: String,
}

impl PolicyFile {
    /// A file with this text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// The text without its byte order mark: columns do not count it, and no editor shows it.
    pub fn body(&self) -> &str {
        self.text.strip_prefix('\u{feff}').unwrap_or(&self.text)
    }
}

/// Positions in the texts of a policy, one behind the other; lines and columns are 1-based, columns count characters.
///
/// An offset says which file it is in: the first byte of a file is one behind the end of the file before, so that the end of
/// a text has an offset of its own.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    files: Vec<Part<'a>>,
    /// Offset of the first byte of each line of all files.
    lines: Vec<usize>,
}

/// A text among several.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    path: &'a str,
    text: &'a str,
    /// Offset of its first byte.
    start: usize,
    /// Number of lines before it.
    line: usize,
}

/// What a message shows of the file that it is about.
pub(super) struct Excerpt<'a> {
    pub(super) path: &'a str,
    /// 1-based number of the first line.
    pub(super) line: usize,
    /// Whole lines, without the end of the last one.
    pub(super) source: &'a str,
    /// The span in the source.
    pub(super) span: Range<usize>,
}

/// Offset of the first byte of the text that follows one.
pub(super) fn behind(start: usize, text: &str) -> usize {
    start + text.len() + 1
}

impl<'a> Positions<'a> {
    /// Positions in one text.
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self::over(std::iter::once((path, text)))
    }

    /// Positions in several texts.
    pub(super) fn of(files: &'a [PolicyFile]) -> Self {
        Self::over(files.iter().map(|file| (file.path.as_str(), file.body())))
    }

    fn over(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut files, mut lines, mut start) = (Vec::new(), Vec::new(), 0);
        for (path, text) in texts {
            files.push(Part {
                path,
                text,
                start,
                line: lines.len(),
            });
            lines.push(start);
            lines.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| start + at + 1));
            start = behind(start, text);
        }
        Self { files, lines }
    }

    fn file(&self, offset: usize) -> Part<'a> {
        let number = self.files.partition_point(|file| file.start <= offset).max(1) - 1;
        self.files[number]
    }

    /// Whether two offsets are in the same file.
    pub(super) fn is_same_file(&self, one: usize, other: usize) -> bool {
        self.file(one).start == self.file(other).start
    }

    /// 0-based number of the line that holds `offset`, counted over all files.
    pub(super) fn line_index(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// `line 3`, with the file where that is not the one at `seen_from`.
    pub(super) fn line_words(&self, offset: usize, seen_from: usize) -> String {
        let file = self.file(offset);
        let line = self.line_index(offset) - file.line + 1;
        if self.is_same_file(offset, seen_from) {
            format!("line {line}")
        } else {
            format!("line {line} of {}", file.path)
        }
    }

    /// The whole lines that `span` touches in its file.
    pub(super) fn excerpt(&self, span: &Range<usize>) -> Excerpt<'a> {
        let span = self.fitted(span);
        let file = self.file(span.start);
        let first = self.line_index(span.start);
        let last = self.line_index(span.end.saturating_sub(1).max(span.start));
        let end = self.end_of(file, last);
        let begin = self.lines[first] - file.start;
        let source = file.text[begin..end - file.start].trim_end_matches('\r');
        let fit = |offset: usize| (offset - file.start - begin).min(source.len());
        Excerpt {
            path: file.path,
            line: first - file.line + 1,
            source,
            span: fit(span.start)..fit(span.end),
        }
    }

    /// Offset of the end of a line.
    fn end_of(&self, file: Part<'a>, line: usize) -> usize {
        let end = file.start + file.text.len();
        self.lines.get(line + 1).map_or(end, |next| (next - 1).min(end))
    }

    /// The place of `span`, its length cut at the end of its first line.
    pub(super) fn location(&self, span: &Range<usize>) -> Location {
        let file = self.file(span.start);
        let line = self.line_index(span.start);
        let start = self.lines[line];
        let first_line_end = self.end_of(file, line);
        let characters = |range: Range<usize>| {
            let range = range.start.saturating_sub(file.start)..range.end.saturating_sub(file.start);
            count(file.text.get(range).unwrap_or_default().chars().count())
        };
        Location::span(
            file.path,
            count(line - file.line + 1),
            characters(start..span.start).saturating_add(1),
            characters(span.start..span.end.min(first_line_end).max(span.start)).max(1),
        )
    }

    /// `span` clamped to the text of its file and widened to character boundaries.
    pub(super) fn fitted(&self, span: &Range<usize>) -> Range<usize> {
        let file = self.file(span.start);
        let text = file.text;
        let mut start = span.start.saturating_sub(file.start).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = span.end.saturating_sub(file.start).clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        file.start + start..file.start + end
    }
}

fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_says_which_file_it_is_in() {
        let files = [
            PolicyFile::new("a", "\u{feff}x = 1\ny"),
            PolicyFile::new("b", ""),
            PolicyFile::new("c", "é = 2\n"),
        ];
        let positions = Positions::of(&files);
        let place = |at: usize| {
            let place = positions.location(&(at..at + 1));
            format!("{}:{}:{}", place.path, place.line.unwrap(), place.column.unwrap())
        };
        // The end of each text, the empty one too, is a place in it.
        let places: Vec<String> = [0, 4, 6, 7, 8, 9, 11, 16].map(place).into();
        assert_eq!(
            places,
            ["a:1:1", "a:1:5", "a:2:1", "a:2:2", "b:1:1", "c:1:1", "c:1:2", "c:2:1"]
        );
        assert_eq!(positions.line_words(9, 0), "line 1 of c");
        assert_eq!(positions.line_words(6, 0), "line 2");
        assert_eq!(positions.excerpt(&(11..12)).source, "é = 2");
        assert_eq!(positions.fitted(&(0..99)), 0..7);
    }
}
