//! XML as far as JUnit needs it: elements, attributes, text, and escapes for everything that XML 1.0 has no place for.
//! Standard: <https://www.w3.org/TR/xml/#charsets>.

use std::fmt::Write as _;

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
            text: String::new(),
        }
    }

    /// Adds an attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Adds elements inside.
    pub(super) fn holding(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// Sets the text inside.
    pub(super) fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The document with this element at its top, indented, with a line end after it.
    pub(super) fn document(&self) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(0, &mut out);
        out
    }

    fn write(&self, depth: usize, out: &mut String) {
        let Self { name, .. } = self;
        // Writing to a string cannot fail.
        let _ = write!(out, "{:1$}<{name}", "", depth * 4);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"");
            escape(value, true, out);
            out.push('"');
        }
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push('>');
        escape(&self.text, false, out);
        if !self.children.is_empty() {
            out.push('\n');
            for child in &self.children {
                child.write(depth + 1, out);
            }
            let _ = write!(out, "{:1$}", "", depth * 4);
        }
        let _ = writeln!(out, "</{name}>");
    }
}

/// Appends text that a parser reads back as it was, apart from characters that XML forbids: those become visible escapes
/// such as `\u{1b}`. In an attribute, line ends and tabs would be read as spaces, so they are written by number.
fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' | '\t' if !attribute => out.push(c),
            '\n' | '\t' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_is_indented_and_escaped() {
        let document = Element::new("a")
            .with("name", "\"<\n\t\u{1b}&'")
            .holding([Element::new("b"), Element::new("c").saying("1 < 2 ]]> \"x\"\n\u{0}\r")])
            .document();
        insta::assert_snapshot!(document, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <a name="&quot;&lt;&#10;&#9;\u{1b}&amp;'">
            <b/>
            <c>1 &lt; 2 ]]&gt; "x"
        \u{0}&#13;</c>
        </a>
        "#);
    }

    proptest! {
        #[test]
        fn text_comes_out_as_it_went_in_and_holds_nothing_forbidden(text in any::<String>()) {
            let mut escaped = String::new();
            escape(&text, true, &mut escaped);
            let forbidden = ['<', '>', '"', '\u{fffe}', '\u{ffff}'];
            prop_assert!(!escaped.contains(forbidden));
            prop_assert!(!escaped.chars().any(char::is_control));
            let mut plain = String::new();
            escape(&text, false, &mut plain);
            prop_assert!(!plain.contains("]]>") && !plain.contains('<'));
            prop_assert!(!plain.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            let back = escaped.replace("&quot;", "\"").replace("&#10;", "\n").replace("&#13;", "\r").replace("&#9;", "\t");
            let back = back.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let expected: String = text.chars().fold(String::new(), |mut out, c| {
                match c {
                    '\n' | '\r' | '\t' => out.push(c),
                    c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.extend(c.escape_unicode()),
                    c => out.push(c),
                }
                out
            });
            prop_assert_eq!(back, expected);
        }
    }
}
