//! Lines and columns of a text.

/// Where a line begins, counted from 1.
pub(super) fn start(text: &str, line: u32) -> Option<usize> {
    let before = usize::try_from(line.checked_sub(1)?).ok()?;
    let Some(before) = before.checked_sub(1) else {
        return Some(0);
    };
    let at = memchr::memchr_iter(b'\n', text.as_bytes()).nth(before)? + 1;
    (at < text.len()).then_some(at)
}

/// 1-based line and column, in characters, of a byte.
pub(super) fn position(text: &str, byte: usize) -> (u32, u32) {
    let before = text.get(..byte).unwrap_or(text);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count();
    let begin = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |end| end + 1);
    let column = before[begin..].chars().count();
    let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    (number(line), number(column))
}

/// The line end that a text uses.
pub(super) fn end_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
