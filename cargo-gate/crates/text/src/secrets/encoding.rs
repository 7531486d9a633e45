//! Base64, as far as headers of keys and tokens need it.

/// Decodes base64 in either alphabet up to the first character that is none of it; an incomplete last group gives what
/// it holds.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// Text in UTF-16, which begins with a byte order mark, as UTF-8.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let (unit, text): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, text @ ..] => (u16::from_le_bytes, text),
        [0xfe, 0xff, text @ ..] => (u16::from_be_bytes, text),
        _ => return None,
    };
    let (pairs, _) = text.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_both_alphabets() {
        assert_eq!(base64(b"aGVsbG8="), b"hello");
        assert_eq!(base64(b"-_-_"), base64(b"+/+/"));
        assert_eq!(base64(b""), b"");
    }

    #[test]
    fn utf16_needs_its_mark() {
        assert_eq!(utf16(b"\xff\xfea\0b\0").as_deref(), Some("ab"));
        assert_eq!(utf16(b"\xfe\xff\0a").as_deref(), Some("a"));
        assert_eq!(utf16(b"a\0b\0"), None);
    }
}
