//! Manifests of Kubernetes secrets, whose values are base64.

use std::ops::Range;

use super::{encoding, random, span};

/// The values below `data:` of the manifest whose `kind: Secret` ends at `at`, as far as they look like secrets.
pub(super) fn find(bytes: &[u8], at: usize) -> Vec<Range<usize>> {
    const LONGEST: usize = 16 * 1024;
    let manifest = span::before(span::from(bytes, at), LONGEST);
    let manifest = memchr::memmem::find(manifest, b"\n---").map_or(manifest, |end| span::before(manifest, end));
    let Some(data) = memchr::memmem::find(manifest, b"\ndata:") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut start = at + data + 1;
    // The first of the lines is `data:` itself.
    for (number, line) in span::from(manifest, data + 1).split(|byte| *byte == b'\n').enumerate() {
        let line_start = start;
        start += line.len() + 1;
        if number == 0 {
            continue;
        }
        if !line.starts_with(b" ") && !line.trim_ascii().is_empty() {
            break;
        }
        if let Some(colon) = memchr::memchr(b':', line) {
            let behind = span::from(line, colon + 1);
            let blanks = behind.len() - behind.trim_ascii_start().len();
            let value = behind.trim_ascii();
            let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
            let from = line_start + colon + 1 + blanks + usize::from(unquoted.is_some());
            let value = unquoted.unwrap_or(value);
            if is_secret(value) {
                found.push(from..from + value.len());
            }
        }
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
