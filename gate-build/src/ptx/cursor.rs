//! Walks over PTX text: words, numbers and strings between comments, and bodies without looking into them.

use std::cell::Cell;

use super::error::ParseError;

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// A byte and its line: where the last question about lines ended.
    counted: Cell<(usize, usize)>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            counted: Cell::new((0, 1)),
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        let (from, line) = self.counted.get();
        let (from, line) = if from <= at { (from, line) } else { (0, 1) };
        let line = line + self.text.get(from..at).map_or(0, |passed| passed.matches('\n').count());
        self.counted.set((at, line));
        line
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            line: self.line(self.at),
            message: message.into(),
        }
    }

    /// Leaves white space and comments behind.
    pub(super) fn skip_trivia(&mut self) -> Result<(), ParseError> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                // NVRTC and some readers hand the terminating zero over.
                Some(b' ' | b'\t' | b'\r' | b'\n' | 0) => self.at += 1,
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'/') => self.skip_line(),
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'*') => {
                    let end = self.text[self.at + 2..].find("*/");
                    self.at += 4 + end.ok_or_else(|| self.error("unterminated comment"))?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// To the end of the line.
    pub(super) fn skip_line(&mut self) {
        self.at = find(self.text, '\n', self.at);
    }

    /// The next byte after white space and comments; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ParseError> {
        self.skip_trivia()?;
        Ok(self.text.as_bytes().get(self.at).copied())
    }

    /// Takes the byte if it is the next one.
    pub(super) fn take(&mut self, byte: u8) -> Result<bool, ParseError> {
        let found = self.peek()? == Some(byte);
        self.at += usize::from(found);
        Ok(found)
    }

    /// Demands the byte.
    pub(super) fn expect(&mut self, byte: u8, context: &str) -> Result<(), ParseError> {
        if self.take(byte)? {
            return Ok(());
        }
        Err(self.error(format!(
            "expected `{}` {context}, found {}",
            char::from(byte),
            self.found()
        )))
    }

    /// The next word: letters, digits and `_ $ % .`; empty when something else stands there.
    pub(super) fn word(&mut self) -> Result<&'a str, ParseError> {
        self.skip_trivia()?;
        let rest = &self.text.as_bytes()[self.at..];
        let end = rest.iter().position(|&byte| !is_word(byte)).unwrap_or(rest.len());
        let word = &self.text[self.at..self.at + end];
        self.at += end;
        Ok(word)
    }

    /// The next word without consuming it.
    pub(super) fn peek_word(&mut self) -> Result<&'a str, ParseError> {
        let word = self.word()?;
        self.at -= word.len();
        Ok(word)
    }

    /// Demands a word.
    pub(super) fn expect_word(&mut self, what: &str) -> Result<&'a str, ParseError> {
        let word = self.word()?;
        if word.is_empty() {
            return Err(self.error(format!("expected {what}, found {}", self.found())));
        }
        Ok(word)
    }

    /// Demands an integer: decimal, or hexadecimal with `0x`; a trailing `U` is allowed.
    pub(super) fn number(&mut self, what: &str) -> Result<u32, ParseError> {
        let word = self.expect_word(what)?;
        let digits = word.trim_end_matches(['U', 'u']);
        let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        };
        value.ok_or_else(|| self.error(format!("expected {what}, found `{word}`")))
    }

    /// Leaves a statement behind: to its `;`, or to the end of its block when it has one and no initialiser.
    pub(super) fn skip_statement(&mut self, what: &str) -> Result<(), ParseError> {
        let mut initialised = false;
        loop {
            match self.peek()? {
                None => return Err(self.error(format!("unexpected end of text inside {what}"))),
                Some(b';') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'{') => {
                    self.block(what)?;
                    if !initialised {
                        return Ok(());
                    }
                }
                Some(b'"') => self.string()?,
                Some(byte) if is_word(byte) => drop(self.word()?),
                Some(byte) => {
                    initialised |= byte == b'=';
                    self.at += self.character();
                }
            }
        }
    }

    /// Leaves a string behind. PTX knows no escaped quotation marks.
    pub(super) fn string(&mut self) -> Result<(), ParseError> {
        let end = find(self.text, '"', self.at + 1);
        if end == self.text.len() {
            return Err(self.error("unterminated string"));
        }
        self.at = end + 1;
        Ok(())
    }

    /// Leaves a block behind, from its `{`; the bytes between the braces.
    pub(super) fn block(&mut self, what: &str) -> Result<std::ops::Range<usize>, ParseError> {
        let opened = self.line(self.at);
        let start = self.at + 1;
        let mut marks = Marks::new(self.text, start);
        let mut depth = 1_usize;
        while let Some((at, mark)) = marks.next(self.at + 1) {
            self.at = at;
            match mark {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' => {
                    self.string()?;
                    self.at -= 1;
                }
                _ => {
                    self.skip_trivia()?;
                    // A lone slash is left behind, and so is the last byte of a comment.
                    self.at = if self.at == at { at } else { self.at - 1 };
                }
            }
            if depth == 0 {
                self.at += 1;
                return Ok(start..at);
            }
        }
        Err(ParseError {
            line: self.line(self.text.len()),
            message: format!("unexpected end of text inside {what}, opened on line {opened}: the text is truncated"),
        })
    }

    /// What stands here, for a message.
    pub(super) fn found(&self) -> String {
        match self.text[self.at..].chars().next() {
            None => "the end of the text".to_string(),
            Some('`') => "a backtick".to_string(),
            Some(c) => format!("`{}`", c.escape_debug()),
        }
    }

    /// Leaves one character behind.
    pub(super) fn skip_character(&mut self) {
        self.at += self.character();
    }

    /// Bytes of the character here.
    fn character(&self) -> usize {
        self.text[self.at..].chars().next().map_or(0, char::len_utf8)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%' | b'.')
}

/// The next of the bytes that matter inside a body. Each is looked for with a search of its own and remembered: `str::find` of a character
/// is the library's word-wise search, where a loop over 10 MB of bytes costs a build script, compiled without optimisation, a second.
struct Marks<'a> {
    text: &'a str,
    next: [(char, usize); 4],
}

impl<'a> Marks<'a> {
    fn new(text: &'a str, from: usize) -> Self {
        Self {
            text,
            next: ['{', '}', '"', '/'].map(|mark| (mark, find(text, mark, from))),
        }
    }

    /// The first mark at or after `from`.
    fn next(&mut self, from: usize) -> Option<(usize, char)> {
        for (mark, at) in &mut self.next {
            if *at < from {
                *at = find(self.text, *mark, from);
            }
        }
        let (mark, at) = *self.next.iter().min_by_key(|(_, at)| *at)?;
        (at < self.text.len()).then_some((at, mark))
    }
}

/// Where the character stands next; the length of the text when nowhere.
fn find(text: &str, mark: char, from: usize) -> usize {
    let found = text.get(from..).and_then(|rest| rest.find(mark));
    found.map_or(text.len(), |at| from + at)
}
