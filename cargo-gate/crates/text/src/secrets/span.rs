//! Parts of a text by their offsets. What a search computes from foreign bytes may lie behind their end: there is nothing
//! there, and nothing fits no rule.

use std::ops::Range;

/// What stands from an offset on.
pub(super) fn from(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// What stands before an offset.
pub(super) fn before(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(..at).unwrap_or(bytes)
}

/// What stands at a range.
pub(super) fn within(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}

/// The byte before an offset.
pub(super) fn byte_before(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at.checked_sub(1)?).copied()
}

/// How many bytes from an offset on fit, one after the other.
pub(super) fn run(bytes: &[u8], at: usize, fits: impl Fn(u8) -> bool) -> usize {
    from(bytes, at).iter().take_while(|byte| fits(**byte)).count()
}

/// How many bytes before an offset fit, one after the other, of the `most` that are looked at.
pub(super) fn run_before(bytes: &[u8], at: usize, most: usize, fits: impl Fn(u8) -> bool) -> usize {
    let nearest = before(bytes, at).iter().rev().take(most);
    nearest.take_while(|byte| fits(**byte)).count()
}

/// As [`run`], of the `most` bytes that are looked at.
pub(super) fn run_within(bytes: &[u8], at: usize, most: usize, fits: impl Fn(u8) -> bool) -> usize {
    let nearest = from(bytes, at).iter().take(most);
    nearest.take_while(|byte| fits(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_the_end_is_nothing() {
        let text = b"ab1";
        assert_eq!(
            (from(text, 1), from(text, 3), from(text, 9)),
            (&b"b1"[..], &b""[..], &b""[..])
        );
        assert_eq!((before(text, 2), before(text, 9)), (&b"ab"[..], &b"ab1"[..]));
        assert_eq!((within(text, 1..2), within(text, 2..9)), (&b"b"[..], &b""[..]));
        assert_eq!((byte_before(text, 1), byte_before(text, 0)), (Some(b'a'), None));
        let letter = |byte: u8| byte.is_ascii_alphabetic();
        assert_eq!((run(text, 0, letter), run(text, 9, letter)), (2, 0));
        assert_eq!((run_before(text, 2, 9, letter), run_before(text, 2, 1, letter)), (2, 1));
        assert_eq!((run_within(text, 0, 1, letter), run_within(text, 3, 1, letter)), (1, 0));
    }
}
