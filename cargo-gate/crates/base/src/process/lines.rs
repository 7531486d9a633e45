//! Bytes as they come, lines as they are understood.

/// Longest line handed on, in bytes; the rest of a longer one is only in the log.
pub const MAX_LINE: usize = 64 * 1024;
/// The same where stdout is kept apart, and for lines that begin as a JSON object does: those are for machines, to which
/// a line that was cut is worthless.
pub const MAX_SPLIT_LINE: usize = 16 * 1024 * 1024;

/// Splits chunks into lines, holding at most one line of limited length.
#[derive(Debug)]
pub(super) struct Lines {
    partial: Vec<u8>,
    limit: usize,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            partial: Vec::new(),
            limit,
        }
    }

    /// Takes a chunk and hands on the lines that it completes.
    pub(super) fn push(&mut self, mut chunk: &[u8], on_line: &mut dyn FnMut(&str)) {
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            self.extend(&chunk[..end]);
            self.emit(on_line);
            chunk = &chunk[end + 1..];
        }
        self.extend(chunk);
    }

    /// Hands on the last line if nothing ended it.
    pub(super) fn finish(&mut self, on_line: &mut dyn FnMut(&str)) {
        if !self.partial.is_empty() {
            self.emit(on_line);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let first = self.partial.first().or(bytes.first());
        let limit = match first {
            Some(b'{') => self.limit.max(MAX_SPLIT_LINE),
            _ => self.limit,
        };
        let room = limit - self.partial.len();
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn emit(&mut self, on_line: &mut dyn FnMut(&str)) {
        let line = self.partial.strip_suffix(b"\r").unwrap_or(&self.partial);
        on_line(&String::from_utf8_lossy(line));
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(limit: usize, chunks: &[&[u8]]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut lines = Lines::new(limit);
        let mut on_line = |line: &str| seen.push(line.to_owned());
        for chunk in chunks {
            lines.push(chunk, &mut on_line);
        }
        lines.finish(&mut on_line);
        seen
    }

    #[test]
    fn lines_are_joined_over_chunks_cut_and_repaired() {
        assert_eq!(split(99, &[b"a", b"b\r\n\nc", b"d"]), ["ab", "", "cd"]);
        assert_eq!(split(3, &[b"abcdef\nxyz\n"]), ["abc", "xyz"]);
        assert_eq!(split(9, &[b"\xff\n"]), ["\u{fffd}"]);
        assert_eq!(split(3, &[b"{abc", b"def}\nxyz0\n"]), ["{abcdef}", "xyz"]);
        assert_eq!(split(9, &[]), [""; 0]);
    }

    proptest! {
        #[test]
        fn chunking_does_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
            let at = at.min(bytes.len());
            prop_assert_eq!(split(50, &[&bytes]), split(50, &[&bytes[..at], &bytes[at..]]));
        }
    }
}
