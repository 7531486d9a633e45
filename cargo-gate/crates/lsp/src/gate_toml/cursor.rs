//! What a place of a TOML text is: in a header, a key or a value, and in which one. Understands texts that are being written, which no
//! parser does: what is missing at the cursor is what one asks about. Only the tokens are the TOML library's.

use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// What a place of a text is.
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
        offset: offset.min(text.len()),
        tokens: Source::new(text).lex().into_vec(),
        next: 0,
        header: Vec::new(),
        open: Vec::new(),
        path: Vec::new(),
        expects: Expects::Key,
        in_header: None,
    };
    while let Some(token) = scan.tokens.get(scan.next) {
        let (kind, span) = (token.kind(), token.span().start()..token.span().end());
        scan.next += 1;
        if scan.is_word(kind) {
            let (word, cursor) = scan.word(span);
            if scan.offset <= word.end {
                return cursor.filter(|_| word.start <= scan.offset);
            }
            continue;
        }
        let blank = matches!(kind, TokenKind::Whitespace | TokenKind::Newline);
        if scan.offset <= span.start || blank && scan.offset < span.end {
            return scan.empty();
        }
        if kind == TokenKind::Comment && scan.offset <= span.end {
            return None;
        }
        scan.punctuation(kind);
    }
    None
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// A key, or the next part of one.
    Key,
    /// A point or `=` behind a part of a key.
    AfterKey,
    Value,
    /// The end of a line, or a comma.
    End,
}

struct Scan<'a> {
    text: &'a str,
    offset: usize,
    tokens: Vec<Token>,
    next: usize,
    /// Keys of the table that the last header began.
    header: Vec<String>,
    /// Arrays and inline tables that are open: the bracket that closes each, and its keys.
    open: Vec<(TokenKind, Vec<String>)>,
    /// Keys up to this place.
    path: Vec<String>,
    expects: Expects,
    /// Inside a header, and whether it is that of an element.
    in_header: Option<bool>,
}

impl Scan<'_> {
    /// Whether a token is a key, a part of a value, or too much.
    fn is_word(&self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Dot | TokenKind::Equals => self.expects == Expects::Value,
            TokenKind::Atom
            | TokenKind::BasicString
            | TokenKind::LiteralString
            | TokenKind::MlBasicString
            | TokenKind::MlLiteralString => true,
            _ => false,
        }
    }

    /// The whole word that begins with the last token, and what it is.
    fn word(&mut self, mut word: Range<usize>) -> (Range<usize>, Option<Cursor>) {
        let kind = match self.expects {
            Expects::Key => {
                let name = unquoted(self.text.get(word.clone()).unwrap_or_default());
                self.path.push(name.to_owned());
                self.expects = Expects::AfterKey;
                self.key_kind()
            }
            Expects::Value => {
                self.expects = Expects::End;
                // A number or a time is several tokens.
                while let Some(token) = self.tokens.get(self.next)
                    && matches!(
                        token.kind(),
                        TokenKind::Atom | TokenKind::Dot | TokenKind::Equals | TokenKind::Whitespace
                    )
                {
                    if token.kind() != TokenKind::Whitespace {
                        word.end = token.span().end();
                    }
                    self.next += 1;
                }
                CursorKind::Value
            }
            Expects::AfterKey | Expects::End => return (word, None),
        };
        let path = self.path.clone();
        (word.clone(), Some(Cursor { path, word, kind }))
    }

    /// The cursor stands where no word is.
    fn empty(&self) -> Option<Cursor> {
        let mut path = self.path.clone();
        let kind = match self.expects {
            Expects::Key => {
                path.push(String::new());
                match self.in_header {
                    Some(tables) => CursorKind::Header { tables },
                    None => CursorKind::Key { assigned: false },
                }
            }
            Expects::Value => CursorKind::Value,
            Expects::AfterKey | Expects::End => return None,
        };
        let word = self.offset..self.offset;
        Some(Cursor { path, word, kind })
    }

    fn key_kind(&self) -> CursorKind {
        let mut rest = self.tokens[self.next..].iter().map(Token::kind);
        let follows = rest.find(|kind| *kind != TokenKind::Whitespace);
        match self.in_header {
            Some(tables) => CursorKind::Header { tables },
            None => CursorKind::Key {
                assigned: follows == Some(TokenKind::Equals),
            },
        }
    }

    fn punctuation(&mut self, kind: TokenKind) {
        match (kind, self.expects) {
            (TokenKind::Newline, _) if self.open.is_empty() => {
                if self.in_header.take().is_some() {
                    self.header = std::mem::take(&mut self.path);
                }
                self.begin();
            }
            (TokenKind::LeftSquareBracket, Expects::Key) if self.in_header == Some(false) => {
                self.in_header = Some(true);
            }
            (TokenKind::LeftSquareBracket, Expects::Key) if self.open.is_empty() => {
                self.in_header = Some(false);
                self.path.clear();
            }
            (TokenKind::LeftSquareBracket, Expects::Value) => {
                self.open.push((TokenKind::RightSquareBracket, self.path.clone()));
            }
            (TokenKind::LeftCurlyBracket, Expects::Value) => {
                self.open.push((TokenKind::RightCurlyBracket, self.path.clone()));
                self.begin();
            }
            (TokenKind::RightSquareBracket, _) if self.in_header.is_some() => self.expects = Expects::End,
            (TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket, _) => {
                // What was opened inside and is not closed never ends.
                if let Some(at) = self.open.iter().rposition(|(close, _)| *close == kind) {
                    self.open.truncate(at);
                    self.expects = Expects::End;
                }
            }
            (TokenKind::Comma, _) if !self.open.is_empty() => self.begin(),
            (TokenKind::Dot, Expects::AfterKey) => self.expects = Expects::Key,
            (TokenKind::Equals, Expects::AfterKey) if self.in_header.is_none() => self.expects = Expects::Value,
            _ => {}
        }
    }

    /// Begins a statement, or an element of what is open.
    fn begin(&mut self) {
        let (expects, path) = match self.open.last() {
            Some((TokenKind::RightSquareBracket, path)) => (Expects::Value, path),
            Some((_, path)) => (Expects::Key, path),
            None => (Expects::Key, &self.header),
        };
        (self.expects, self.path) = (expects, path.clone());
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
    fn shown(marked: &str) -> String {
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
            assert_eq!(shown(marked), found, "{marked:?}");
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
