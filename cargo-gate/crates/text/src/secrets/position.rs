//! Lines and columns of offsets that come in any order.

/// Where lines of a text begin, found out on the first question: most texts are never asked.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    bytes: &'a [u8],
    starts: Option<Vec<usize>>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, starts: None }
    }

    /// Line and column of an offset, both from 1; columns are characters.
    pub(super) fn of(&mut self, at: usize) -> (u32, u32) {
        let bytes = self.bytes;
        let starts = self.starts.get_or_insert_with(|| {
            let mut starts = vec![0];
            starts.extend(memchr::memchr_iter(b'\n', bytes).map(|end| end + 1));
            starts
        });
        let line = starts.partition_point(|start| *start <= at);
        let column = characters(&bytes[starts[line - 1]..at]) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), column)
    }
}

/// Number of characters, as far as the bytes are UTF-8.
pub(super) fn characters(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
