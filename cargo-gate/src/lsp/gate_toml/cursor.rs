//! What stands at a place of a TOML text: a header, a key or a value, and which one. Understands texts that are being written, which no
//! parser does: what is missing at the cursor is what one asks about.

use std::ops::Range;

/// Tables in tables beyond this depth are not looked into.
const DEEPEST: usize = 32;

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Keys from the top to the one at this place, itself included, without quotation marks.
    pub path: Vec<String>,
    /// Bytes of the word at this place, quotation marks included; empty where there is none yet.
    pub word: Range<usize>,
    /// What the word is.
    pub kind: CursorKind,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorKind {
    /// A part of `[a.b]`, or of `[[a.b]]` where `tables`.
    Header {
        /// Whether it is the header of an element.
        tables: bool,
    },
    /// A key in front of a `=`.
    Key {
        /// Whether the `=` is there.
        assigned: bool,
    },
    /// A value behind a `=`, or an element of one.
    Value,
}

/// What stands at `offset`; `None` in comments and between things.
pub fn at(text: &str, offset: usize) -> Option<Cursor> {
    let mut scan = Scan {
        text,
        at: text.len() - text.trim_start_matches('\u{feff}').len(),
        offset,
        found: None,
    };
    scan.file();
    scan.found.flatten()
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    offset: usize,
    /// What was found; `Some(None)` when the place was passed without anything there.
    found: Option<Option<Cursor>>,
}

impl Scan<'_> {
    fn done(&self) -> bool {
        self.found.is_some() || self.at >= self.text.len()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What is still to be read.
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    fn line_end(&self) -> usize {
        self.rest()
            .find(['\n', '\r'])
            .map_or(self.text.len(), |at| self.at + at)
    }

    /// The place is settled when it lies in these bytes, or at one of their ends.
    fn settle(&mut self, word: Range<usize>, path: &[String], kind: CursorKind) {
        if self.found.is_none() && word.start <= self.offset && self.offset <= word.end {
            self.found = Some(Some(Cursor {
                path: path.to_vec(),
                word,
                kind,
            }));
        }
    }

    /// A comment up to the end of its line, if one begins here.
    fn comment(&mut self) -> bool {
        if self.byte() != Some(b'#') {
            return false;
        }
        let end = self.line_end();
        if self.at < self.offset && self.offset <= end {
            self.found.get_or_insert(None);
        }
        self.at = end;
        true
    }

    fn file(&mut self) {
        let mut header: Vec<String> = Vec::new();
        while self.found.is_none() {
            self.blanks();
            let mut here = header.clone();
            here.push(String::new());
            match self.byte() {
                None => {
                    let end = self.offset..self.offset;
                    self.settle(end, &here, CursorKind::Key { assigned: false });
                    return;
                }
                Some(b'\n' | b'\r') => {
                    if self.offset <= self.at {
                        // In the blanks before the end of an empty line.
                        let word = self.offset..self.offset;
                        self.settle(word, &here, CursorKind::Key { assigned: false });
                    }
                    self.at += 1;
                }
                Some(b'#') => {
                    self.comment();
                }
                Some(b'[') => header = self.header(),
                Some(_) => self.assignment(&header, 0),
            }
            // What follows on the line of a statement is a comment, or not TOML.
            if self.offset < self.at {
                self.found.get_or_insert(None);
            }
        }
    }

    fn header(&mut self) -> Vec<String> {
        let start = self.at;
        self.at += 1;
        let tables = self.byte() == Some(b'[');
        self.at += usize::from(tables);
        let mut path = Vec::new();
        self.dotted(&mut path, |_| CursorKind::Header { tables });
        while self.byte() == Some(b']') {
            self.at += 1;
        }
        self.rest_of_line(start);
        path
    }

    fn rest_of_line(&mut self, start: usize) {
        self.blanks();
        if !self.comment() {
            let end = self.line_end();
            if start < self.offset && self.offset <= end {
                self.found.get_or_insert(None);
            }
            self.at = end;
        }
    }

    /// Keys between points, onto `path`.
    fn dotted(&mut self, path: &mut Vec<String>, kind: impl Fn(&Self) -> CursorKind) {
        loop {
            self.blanks();
            let start = self.at;
            let name = self.key();
            let word = start..self.at;
            path.push(name);
            let after = Self { found: None, ..*self };
            self.settle(word, path, kind(&after));
            self.blanks();
            if self.byte() != Some(b'.') {
                return;
            }
            self.at += 1;
        }
    }

    /// A bare or quoted key.
    fn key(&mut self) -> String {
        match self.byte() {
            Some(quote @ (b'"' | b'\'')) => {
                let start = self.at;
                self.at += 1;
                self.string_end(quote);
                unquoted(self.text.get(start..self.at).unwrap_or_default()).to_owned()
            }
            _ => {
                let ends =
                    |c: char| c.is_whitespace() || matches!(c, '.' | '=' | ']' | '[' | '#' | ',' | '{' | '}' | '"');
                let name = self.rest().split(ends).next().unwrap_or_default().to_owned();
                self.at += name.len();
                name
            }
        }
    }

    /// To behind the end of a string on one line whose quotation mark was passed.
    fn string_end(&mut self, quote: u8) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'\n' | b'\r' => return,
                b'\\' if quote == b'"' && self.at + 1 < bytes.len() => {
                    // What is escaped may be longer than a byte; only its first one matters here.
                    self.at += 1;
                    while !self.text.is_char_boundary(self.at + 1) {
                        self.at += 1;
                    }
                }
                byte if byte == quote => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// `key = value`; in braces where `depth` is not 0.
    fn assignment(&mut self, table: &[String], depth: usize) {
        let start = self.at;
        let mut path = table.to_vec();
        self.dotted(&mut path, |scan| CursorKind::Key {
            assigned: scan.rest().trim_start_matches([' ', '\t']).starts_with('='),
        });
        if self.byte() == Some(b'=') {
            self.at += 1;
            self.value(&path, depth);
        }
        if depth == 0 {
            self.rest_of_line(start);
        } else if self.at == start {
            // Nothing that could be a key: leave it behind.
            self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        }
    }

    fn value(&mut self, path: &[String], depth: usize) {
        let before = self.at;
        self.blanks();
        let start = self.at;
        match self.byte() {
            Some(quote @ (b'"' | b'\'')) => {
                let triple: &str = if quote == b'"' { "\"\"\"" } else { "'''" };
                if let Some(body) = self.rest().strip_prefix(triple) {
                    let length = body.find(triple).map_or(body.len(), |at| at + triple.len());
                    self.at += triple.len() + length;
                } else {
                    self.at += 1;
                    self.string_end(quote);
                }
                self.settle(start..self.at, path, CursorKind::Value);
            }
            Some(b'[') if depth < DEEPEST => {
                self.at += 1;
                self.elements(b']', |scan| scan.value(path, depth + 1), path, CursorKind::Value);
            }
            Some(b'{') if depth < DEEPEST => {
                self.at += 1;
                let mut inner = path.to_vec();
                inner.push(String::new());
                let kind = CursorKind::Key { assigned: false };
                self.elements(b'}', |scan| scan.assignment(path, depth + 1), &inner, kind);
            }
            _ => {
                let ends = ['\n', '\r', ',', ']', '}', '#'];
                self.at += self.rest().split(ends).next().unwrap_or_default().trim_end().len();
                // The blank before a value that is not there yet belongs to it.
                if before < self.offset && self.offset < start {
                    self.settle(self.offset..self.offset, path, CursorKind::Value);
                }
                self.settle(start..self.at, path, CursorKind::Value);
            }
        }
        if before <= self.offset && self.offset < start {
            self.settle(self.offset..self.offset, path, CursorKind::Value);
        }
    }

    /// What stands between brackets, over lines and comments.
    fn elements(&mut self, close: u8, mut element: impl FnMut(&mut Self), path: &[String], kind: CursorKind) {
        while !self.done() {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => {
                    let here = self.at;
                    self.at += 1;
                    if here == self.offset && !self.starts_element() {
                        self.settle(here..here, path, kind);
                    }
                }
                Some(b'#') => {
                    self.comment();
                }
                Some(byte) if byte == close => {
                    if self.at == self.offset {
                        self.settle(self.at..self.at, path, kind);
                    }
                    self.at += 1;
                    return;
                }
                // A closing bracket of something else: what was opened here never ends.
                Some(b']' | b'}') => return,
                Some(_) => {
                    let before = self.at;
                    element(self);
                    if self.at == before {
                        return;
                    }
                }
                None => return,
            }
        }
        if self.found.is_none() && self.at == self.offset {
            self.settle(self.at..self.at, path, kind);
        }
    }

    fn starts_element(&self) -> bool {
        !matches!(
            self.byte(),
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b'#' | b']' | b'}')
        )
    }
}

/// A word without the quotation marks around it.
pub fn unquoted(word: &str) -> &str {
    let mut behind = word.chars();
    match behind.next() {
        Some(quote @ ('"' | '\'')) => {
            let inner = behind.as_str();
            inner.strip_suffix(quote).unwrap_or(inner)
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What stands at the `|` of a text.
    fn cursor(marked: &str) -> String {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        match at(&text, offset) {
            None => "nothing".into(),
            Some(cursor) => {
                let kind = match cursor.kind {
                    CursorKind::Header { tables: false } => "[]",
                    CursorKind::Header { tables: true } => "[[]]",
                    CursorKind::Key { assigned: true } => "key=",
                    CursorKind::Key { assigned: false } => "key",
                    CursorKind::Value => "value",
                };
                format!("{kind} {} `{}`", cursor.path.join("/"), &text[cursor.word])
            }
        }
    }

    #[test]
    fn keys_headers_and_values_are_told_apart() {
        for (marked, found) in [
            ("|", "key  ``"),
            ("ver|", "key ver `ver`"),
            ("ver|sion = 1", "key= version `version`"),
            ("version = |1", "value version `1`"),
            ("version =| ", "value version ``"),
            ("version = |", "value version ``"),
            ("version = 1 # no|", "nothing"),
            ("# a\n[st|age.pilot]", "[] stage `stage`"),
            ("[stage.pi|lot]", "[] stage/pilot `pilot`"),
            ("[stage.|]", "[] stage/ ``"),
            ("[[wai|ver]]", "[[]] waiver `waiver`"),
            ("[|", "[]  ``"),
            ("[stage.pilot]\nsco|pe = \"x\"", "key= stage/pilot/scope `scope`"),
            ("[stage.pilot]\n|\n[tiers]", "key stage/pilot/ ``"),
            ("stage.pilot.sc|ope = \"x\"", "key= stage/pilot/scope `scope`"),
            (
                "[checks.\"lock|file.tracked\"]",
                "[] checks/lockfile.tracked `\"lockfile.tracked\"`",
            ),
            ("[tiers]\ndefault = \"por|table\"", "value tiers/default `\"portable\"`"),
            ("[tiers]\ndefault = \"por|", "value tiers/default `\"por`"),
            (
                "[ci]\nplatforms = [\n  \"a\", # b\n  \"li|nux\",\n]",
                "value ci/platforms `\"linux\"`",
            ),
            ("[ci]\nplatforms = [|]", "value ci/platforms ``"),
            ("[ci]\nplatforms = [\"a\", |]", "value ci/platforms ``"),
            ("a = { b = 1, c| = 2 }", "key= a/c `c`"),
            ("a = { b = 1, c = |2 }", "value a/c `2`"),
            ("a = { | }", "key a/ ``"),
            ("é = \"𝄞|\"", "value é `\"𝄞\"`"),
            ("a = '''\n[b]\n''' \nc| = 1", "key= c `c`"),
            ("a = 1\r\nb| = 2\r\n", "key= b `b`"),
        ] {
            assert_eq!(cursor(marked), found, "{marked:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_hang(text in "[\\[\\]{}a.=\"'#,\\\\\n\r\u{e9} 1]{0,40}", offset in 0_usize..60) {
            if let Some(cursor) = at(&text, offset) {
                prop_assert!(text.get(cursor.word.start.min(text.len())..cursor.word.end.min(text.len())).is_some());
            }
        }

        #[test]
        fn any_text(text in any::<String>(), offset in 0_usize..60) {
            let _ = at(&text, offset);
        }
    }
}
