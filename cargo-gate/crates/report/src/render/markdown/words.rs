//! Lines of Markdown, and foreign text in them.

use super::super::text;

/// Text that grows by lines.
#[derive(Default)]
pub(super) struct Lines(pub(super) String);

impl Lines {
    pub(super) fn add(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

/// Foreign text as a code span on one line.
pub(in super::super) fn code(text: &str) -> String {
    let text = text::line(text).replace('|', "\\|");
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// Text with code spans in backticks; everything else is escaped, so that foreign text is never markup.
pub(in super::super) fn prose(text: &str) -> String {
    let text = text::line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len());
    for (index, part) in parts.iter().enumerate() {
        let opens_code = index % 2 == 1 && index + 1 < parts.len();
        match (index, opens_code) {
            (_, true) if !part.is_empty() => out.push_str(&code(part)),
            // The last backtick has no partner.
            (1.., false) if index % 2 == 1 => {
                out.push_str("\\`");
                escape(part, &mut out);
            }
            _ => escape(part, &mut out),
        }
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Keeps GitHub from notifying the person who has that name.
            '@' => out.push_str("@<!-- -->"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
}
