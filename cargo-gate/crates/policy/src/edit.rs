//! Edits of single values in files that people own: every other byte stays as it is.

use toml::de::DeTable;

/// A TOML string.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// `text` with these keys of `table` set, values as TOML. A key that is there gets its value replaced; others become
/// lines below the one of the key `below`. `None` when that key does not stand on a line of its own, as in a table that
/// is written in braces.
pub(super) fn with_keys(text: &str, table: &DeTable<'_>, below: &str, pairs: &[(&str, String)]) -> Option<String> {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let value = table.get(below)?.span();
    let line = memchr::memrchr(b'\n', text.get(..value.start)?.as_bytes()).map_or(0, |at| at + 1);
    if !text[line..].trim_start().starts_with(below) {
        return None;
    }
    let anchor = value.end;
    let mut edits = Vec::new();
    let mut added = String::new();
    for (key, value) in pairs {
        match table.get(*key) {
            Some(old) => edits.push((old.span(), value.clone())),
            None => added += &format!("{key} = {value}{line_end}"),
        }
    }
    if !added.is_empty() {
        match memchr::memchr(b'\n', text.get(anchor..)?.as_bytes()) {
            Some(at) => edits.push((anchor + at + 1..anchor + at + 1, added)),
            None => edits.push((text.len()..text.len(), format!("{line_end}{added}"))),
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(text.len() + 256);
    let mut from = 0;
    for (span, value) in edits {
        out.push_str(text.get(from..span.start)?);
        out.push_str(&value);
        from = span.end;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

/// `text` with a table appended, set off by an empty line, in the line ends of the text.
pub(super) fn with_table(text: &str, table: &str) -> String {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(line_end);
    }
    out.push_str(line_end);
    out.push_str(&table.replace('\n', line_end));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, pairs: &[(&str, &str)]) -> String {
        let file = DeTable::parse(text).expect("TOML");
        let pairs: Vec<(&str, String)> = pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        with_keys(text, file.get_ref(), "status", &pairs).expect("the key is there")
    }

    #[test]
    fn all_other_bytes_stay() {
        let text = "# ours\nid = 1\nstatus = \"open\"  # why\n# end\n";
        assert_eq!(
            edited(text, &[("status", "\"closed\""), ("closed", "2026-01-02")]),
            "# ours\nid = 1\nstatus = \"closed\"  # why\nclosed = 2026-01-02\n# end\n"
        );
        assert_eq!(
            edited("id = 1\r\nstatus = \"open\"\r\n", &[("closed", "1")]),
            "id = 1\r\nstatus = \"open\"\r\nclosed = 1\r\n"
        );
        assert_eq!(edited("status = 1", &[("a", "2")]), "status = 1\na = 2\n");
        assert_eq!(
            edited("a = 1\nstatus = 2\n", &[("a", "3"), ("status", "4")]),
            "a = 3\nstatus = 4\n"
        );
    }
}
