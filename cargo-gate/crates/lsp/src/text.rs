//! Text of a document, and places in it as the protocol counts them: lines, and UTF-16 code units in a line.

use std::ops::Range;

use lsp_types::Position;

/// A text with the places of its lines. A line ends with `\n`, `\r\n` or `\r`, as the protocol says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    text: String,
    /// First byte of each line.
    lines: Vec<usize>,
}

impl Text {
    /// A text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let mut lines = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if !bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
                lines.push(at + 1);
            }
        }
        Self { text, lines }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// These bytes of the text; empty where they are none of its parts, as places of another version of it may be.
    pub fn part(&self, bytes: Range<usize>) -> &str {
        self.text.get(bytes).unwrap_or_default()
    }

    /// Number of lines; a text that ends with a line end has an empty one behind it.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// Bytes of a line by its number from 0, without its end; empty behind the last.
    pub fn line(&self, line: usize) -> Range<usize> {
        let Some(&start) = self.lines.get(line) else {
            return self.text.len()..self.text.len();
        };
        let end = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.part(start..end).trim_end_matches(['\r', '\n']);
        start..start + content.len()
    }

    /// The byte at a position. What lies behind the end of a line is its end, and what lies inside a character is its beginning.
    pub fn offset(&self, position: Position) -> usize {
        let line = self.line(usize::try_from(position.line).unwrap_or(usize::MAX));
        let mut units = 0;
        for (at, character) in self.part(line.clone()).char_indices() {
            units += u32::try_from(character.len_utf16()).unwrap_or(2);
            if units > position.character {
                return line.start + at;
            }
        }
        line.end
    }

    /// The position of a byte, or of the beginning of the character it belongs to.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let content = self.line(line);
        let before = self.part(content.start..offset.min(content.end));
        Position {
            line: count(line),
            character: count(before.encode_utf16().count()),
        }
    }

    /// The range of these bytes.
    pub fn range(&self, bytes: &Range<usize>) -> lsp_types::Range {
        lsp_types::Range {
            start: self.position(bytes.start),
            end: self.position(bytes.end.max(bytes.start)),
        }
    }

    /// The bytes of a range; empty where it ends before it begins.
    pub fn bytes(&self, range: &lsp_types::Range) -> Range<usize> {
        let start = self.offset(range.start);
        start..self.offset(range.end).max(start)
    }

    /// The range of a whole line by its number from 1, without its indentation, as compilers and reports count: by `\n` alone.
    pub fn whole_line(&self, number: u32) -> lsp_types::Range {
        let bytes = self.reported_line(number);
        let line = self.part(bytes.clone());
        let indented = line.len() - line.trim_start().len();
        self.range(&(bytes.start + indented..bytes.end))
    }

    /// The range of `length` characters from a column, both in characters and from 1, in a line as [`Self::whole_line`] counts it.
    pub fn span(&self, line: u32, column: u32, length: u32) -> lsp_types::Range {
        let bytes = self.reported_line(line);
        let content = self.part(bytes.clone());
        let at = |characters: u32| {
            let index = content
                .char_indices()
                .nth(usize::try_from(characters).unwrap_or(usize::MAX));
            bytes.start + index.map_or(content.len(), |(at, _)| at)
        };
        let start = column.saturating_sub(1);
        self.range(&(at(start)..at(start.saturating_add(length))))
    }

    /// Bytes of a line as reports count them; the last line where there is no such.
    fn reported_line(&self, number: u32) -> Range<usize> {
        let wanted = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut start = 0;
        let mut rest = self.text.as_str();
        for _ in 0..wanted {
            match rest.split_once('\n') {
                Some((line, behind)) if !behind.is_empty() => {
                    start += line.len() + 1;
                    rest = behind;
                }
                _ => break,
            }
        }
        let line = rest.split('\n').next().unwrap_or_default();
        start..start + line.trim_end_matches('\r').len()
    }

    /// The text with a range replaced, or with all of it replaced where there is no range.
    #[must_use]
    pub fn changed(&self, range: Option<&lsp_types::Range>, by: &str) -> Self {
        let Some(range) = range else {
            return Self::new(by);
        };
        let bytes = self.bytes(range);
        let mut text = String::with_capacity(self.text.len() + by.len());
        text.push_str(self.part(0..bytes.start));
        text.push_str(by);
        text.push_str(self.part(bytes.end..self.text.len()));
        Self::new(text)
    }
}

fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn characters_count_as_utf16_does() {
        // `é` is one unit and two bytes, `𝄞` two units and four bytes, the family one glyph of eight units.
        let text = Text::new("a = \"é𝄞\" # 👨‍👩‍👧\r\nb = 1\n");
        assert_eq!(text.offset(position(0, 6)), 7);
        assert_eq!(text.offset(position(0, 8)), 11);
        // Inside the pair of surrogates is its beginning.
        assert_eq!(text.offset(position(0, 7)), 7);
        assert_eq!(text.position(11), position(0, 8));
        assert_eq!(text.position(text.as_str().find('b').unwrap()), position(1, 0));
        assert_eq!(text.line_count(), 3);
        // Behind the end of a line, and behind the last line.
        assert_eq!(text.offset(position(1, 99)), text.as_str().len() - 1);
        assert_eq!(text.offset(position(9, 0)), text.as_str().len());
        // The line end belongs to its line: between `\r` and `\n` is the end of the line.
        let end = text.line(0).end;
        assert_eq!(text.position(end + 1), text.position(end));
    }

    #[test]
    fn every_kind_of_line_end_ends_a_line() {
        let text = Text::new("a\r\nb\rc\nd");
        let lines: Vec<&str> = (0..text.line_count())
            .map(|line| &text.as_str()[text.line(line)])
            .collect();
        assert_eq!(lines, ["a", "b", "c", "d"]);
    }

    #[test]
    fn edits_apply_to_the_text_before_them() {
        let text = Text::new("é = 1\r\nb = 2\r\n");
        let range = lsp_types::Range {
            start: position(0, 0),
            end: position(1, 1),
        };
        assert_eq!(text.changed(Some(&range), "x").as_str(), "x = 2\r\n");
        assert_eq!(text.changed(None, "x").as_str(), "x");
        // An end before the beginning is an insertion.
        let range = lsp_types::Range {
            start: position(1, 1),
            end: position(0, 0),
        };
        assert_eq!(text.changed(Some(&range), "!").as_str(), "é = 1\r\nb! = 2\r\n");
    }

    #[test]
    fn places_of_reports_become_ranges() {
        let text = Text::new("first\r\n    é = 𝄞 x\r\n");
        assert_eq!(text.whole_line(2), text.range(&(11..text.line(1).end)));
        let range = text.span(2, 9, 1);
        assert_eq!((range.start, range.end), (position(1, 8), position(1, 10)));
        // A line that is not there any more is the last one.
        assert_eq!(text.whole_line(99).start.line, 1);
        assert_eq!(text.span(0, 0, 5).start, position(0, 0));
    }

    proptest! {
        #[test]
        fn positions_and_bytes_are_each_others_inverse(text in "[a\u{e9}\u{1d11e}\r\n \"#]{0,40}") {
            let text = Text::new(text);
            for (at, _) in text.as_str().char_indices() {
                let position = text.position(at);
                let line = text.line(usize::try_from(position.line).unwrap());
                // Inside a line end there are no positions.
                if at <= line.end {
                    prop_assert_eq!(text.offset(position), at);
                }
            }
        }

        #[test]
        fn no_position_and_no_edit_makes_it_panic(
            text in any::<String>(),
            (a, b, c, d) in any::<(u32, u32, u32, u32)>(),
            (e, f) in (0_u32..6, 0_u32..20),
        ) {
            let text = Text::new(text);
            for (from, to) in [(position(a, b), position(c, d)), (position(e, f), position(e, f + 1))] {
                let range = lsp_types::Range { start: from, end: to };
                let _ = text.changed(Some(&range), "é");
            }
            let _ = (text.whole_line(a), text.span(a, b, c), text.span(e, f, d));
        }
    }
}
