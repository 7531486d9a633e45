//! Manifests of Kubernetes secrets, whose values are base64.

use std::ops::Range;

use super::{encoding, random};

/// The values below `data:` of the manifest whose `kind: Secret` ends at `at`, as far as they look like secrets.
pub(super) fn find(bytes: &[u8], at: usize) -> Vec<Range<usize>> {
    const LONGEST: usize = 16 * 1024;
    let window = &bytes[at..bytes.len().min(at + LONGEST)];
    let end = memchr::memmem::find(window, b"\n---").unwrap_or(window.len());
    let Some(data) = memchr::memmem::find(&window[..end], b"\ndata:") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut start = data + "\ndata:".len();
    start += memchr::memchr(b'\n', &window[start..end]).map_or(end - start, |line| line + 1);
    while start < end {
        let line_end = memchr::memchr(b'\n', &window[start..end]).map_or(end, |line| start + line);
        let line = &window[start..line_end];
        if !line.starts_with(b" ") && !line.trim_ascii().is_empty() {
            break;
        }
        if let Some(colon) = memchr::memchr(b':', line) {
            let value = line[colon + 1..].trim_ascii();
            let value = value
                .strip_prefix(b"\"")
                .and_then(|value| value.strip_suffix(b"\""))
                .unwrap_or(value);
            let from = at + start + colon + 1 + memchr::memmem::find(&line[colon + 1..], value).unwrap_or(0);
            if is_secret(value) {
                found.push(from..from + value.len());
            }
        }
        start = line_end + 1;
    }
    found
}

fn is_secret(value: &[u8]) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let decoded = encoding::base64(value);
    value.len() >= 16
        && value.len().is_multiple_of(4)
        && value.iter().all(of_base64)
        && decoded.iter().all(u8::is_ascii_graphic)
        && random::is_generated(&decoded)
}
