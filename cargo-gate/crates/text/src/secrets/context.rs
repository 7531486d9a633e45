//! What a source says about the place of a hit.

use super::span;

/// Whether a place is in the test code or in the documentation of a Rust source. Items of test modules are recognised by
/// the attribute before them, and end with a brace in the first column.
pub(super) fn in_test(bytes: &[u8], at: usize) -> bool {
    in_documentation(bytes, at) || in_test_item(bytes, at)
}

fn in_documentation(bytes: &[u8], at: usize) -> bool {
    let before = span::before(bytes, at);
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = span::from(before, start).trim_ascii_start();
    line.starts_with(b"///") || line.starts_with(b"//!")
}

fn in_test_item(bytes: &[u8], at: usize) -> bool {
    let before = span::before(bytes, at);
    let attribute = [
        b"#[cfg(test)]".as_slice(),
        b"#[cfg(all(test",
        b"#[cfg(any(test",
        b"#[test]",
    ]
    .iter()
    .filter_map(|attribute| memchr::memmem::rfind(before, attribute))
    .max();
    attribute.is_some_and(|attribute| {
        let between = span::from(before, attribute);
        memchr::memmem::find(between, b"\n}").is_none() || is_in_module(before)
    })
}

/// Whether a test module is open: functions in it end with braces that are not in the first column.
fn is_in_module(before: &[u8]) -> bool {
    memchr::memmem::rfind(before, b"#[cfg(test)]\nmod ")
        .or_else(|| memchr::memmem::rfind(before, b"#[cfg(test)]\r\nmod "))
        .is_some_and(|module| memchr::memmem::find(span::from(before, module), b"\n}").is_none())
}
