//! What a compiler reads of C++ text: its tokens, with the places they stand at and without them.
//!
//! An edit that leaves [`Code::placed`] as it was leaves every token of the file on its line and in its column, so that it cannot
//! change what is compiled from it, whatever macros, `__LINE__` or `assert` do: comments at the ends of lines and blanks there are the only
//! thing that is different. An edit that changes [`Code::bare`] changes tokens. In between, lines or columns have moved, and only a
//! preprocessor knows whether that matters.
//!
//! This is a lexer of the first three phases of translation (C++17, \[lex.phases\]) that refuses more than it understands: text of which
//! compilers or versions of the language make different tokens, or in which a comment may be none, has no [`Code`].

use crate::digest::Digest;
use crate::sorted::Append as _;

/// Digests of what a compiler reads of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Of all tokens with their lines and columns.
    pub placed: Digest,
    /// Of all tokens, white space apart.
    pub bare: Digest,
}

impl Code {
    /// The digests of a text; `None` where it is not sure what of it is a comment.
    ///
    /// That is so for raw strings, trigraphs, literals that do not end on their line, comments that go on behind a backslash,
    /// backslashes outside of literals unless they join two lines between tokens, names of headers with quotes, backslashes or the beginning of a
    /// comment, and text that is not UTF-8 or has control characters in it.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        let (placed, bare) = tokens(text)?;
        Some(Self {
            placed: Digest::of(&placed),
            bare: Digest::of(&bare),
        })
    }
}

/// The text without comments and blanks at the ends of its lines, and without any white space and comments.
fn tokens(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let whole = std::str::from_utf8(text).ok()?;
    let is_odd = |byte: &u8| *byte < b' ' && !matches!(byte, b'\n' | b'\t' | b'\r');
    // `??` may be the beginning of a trigraph.
    if whole.contains("??") || text.iter().any(is_odd) {
        return None;
    }
    let mut lexer = Lexer::new(text);
    while lexer.at < text.len() {
        lexer.step()?;
    }
    lexer.trail();
    lexer.placed.truncate(lexer.last);
    Some((lexer.placed, lexer.bare))
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What precedes the quote of a raw string, which has rules of its own.
const RAW: &[&[u8]] = &[b"R", b"LR", b"uR", b"UR", b"u8R"];

/// Words after which `<` begins the name of a header.
const HEADER: &[&[u8]] = &[
    b"include",
    b"include_next",
    b"import",
    b"embed",
    b"__has_include",
    b"__has_include_next",
    b"__has_embed",
];

struct Lexer<'a> {
    text: &'a [u8],
    /// Everything before it has been read.
    at: usize,
    /// Where comments and blanks began that may be the end of a line.
    trailing: Option<usize>,
    /// Whether a header may be named on this line.
    names_header: bool,
    /// Whether all of this line stays as it is.
    stays: bool,
    placed: Vec<u8>,
    bare: Vec<u8>,
    /// Length of `placed` up to the last that is more than the end of a line.
    last: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a [u8]) -> Self {
        let start = text.strip_prefix(BYTE_ORDER_MARK).map_or(0, |_| BYTE_ORDER_MARK.len());
        let mut new = Self {
            text,
            at: start,
            trailing: None,
            names_header: false,
            stays: false,
            placed: Vec::with_capacity(text.len()),
            bare: Vec::with_capacity(text.len()),
            last: start,
        };
        new.placed.extend_from_slice(new.piece(0, start));
        new
    }

    /// The text between these places, as far as it is there.
    fn piece(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    /// Reads a token, a comment or white space; `None` where it is not sure which.
    fn step(&mut self) -> Option<()> {
        let (byte, next) = (self.byte(self.at)?, self.byte(self.at + 1));
        match byte {
            b'\n' => self.line_end(),
            b' ' | b'\t' => self.skip(1),
            b'\r' if next == Some(b'\n') => self.skip(1),
            b'\r' => return None,
            b'/' if next == Some(b'/') => self.line_comment()?,
            b'/' if next == Some(b'*') => self.block_comment()?,
            // The other half of a comment's beginning may stand on the next line.
            b'/' if next == Some(b'\\') => return None,
            b'\\' => self.backslash()?,
            b'"' => self.string()?,
            b'\'' => self.character()?,
            b'<' if self.names_header => self.header()?,
            b'0'..=b'9' => self.number()?,
            b'.' if next.is_some_and(|next| next.is_ascii_digit()) => self.number()?,
            _ if is_of_word(byte) => self.word()?,
            _ => self.token(1),
        }
        Some(())
    }

    /// A piece of a token.
    fn token(&mut self, length: usize) {
        // What stood before it is not the end of the line after all: it says in which column this is.
        let start = self.trailing.take().unwrap_or(self.at);
        let end = self.at + length;
        let (whole, token) = (self.piece(start, end), self.piece(self.at, end));
        self.placed.extend_from_slice(whole);
        self.bare.extend_from_slice(token);
        self.last = self.placed.len();
        self.at = end;
    }

    /// White space or a comment.
    fn skip(&mut self, length: usize) {
        self.trailing.get_or_insert(self.at);
        self.at += length;
    }

    /// What stood before this is the end of a line.
    fn trail(&mut self) {
        let Some(start) = self.trailing.take() else { return };
        let trailing = self.piece(start, self.at);
        if self.stays {
            self.placed.extend_from_slice(trailing);
            self.last = self.placed.len();
        } else {
            // Of a comment over several lines the lines stay.
            let lines = trailing.iter().filter(|&&byte| byte == b'\n').count();
            self.placed.append_all(std::iter::repeat_n(b'\n', lines));
        }
    }

    fn line_end(&mut self) {
        self.trail();
        self.placed.push(b'\n');
        self.at += 1;
        self.names_header = false;
        self.stays = false;
    }

    fn line_comment(&mut self) -> Option<()> {
        let rest = self.piece(self.at, self.text.len());
        let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let comment = rest.get(..length)?;
        // Behind a backslash it goes on on the next line, with some compilers even if blanks are between.
        if comment.trim_ascii_end().last() == Some(&b'\\') {
            return None;
        }
        self.comment(comment)
    }

    fn block_comment(&mut self) -> Option<()> {
        let rest = self.piece(self.at, self.text.len());
        let inner = rest.get(2..)?;
        let length = inner.windows(2).position(|pair| pair == b"*/")? + 4;
        let comment = rest.get(..length)?;
        // The other half of its end may stand on the next line.
        if comment.windows(2).any(|pair| pair == b"*\\") {
            return None;
        }
        self.comment(comment)
    }

    fn comment(&mut self, comment: &[u8]) -> Option<()> {
        let returns = comment.iter().enumerate().filter(|&(_, &byte)| byte == b'\r');
        let mut after = returns.map(|(at, _)| self.byte(self.at + at + 1));
        if after.any(|after| after != Some(b'\n')) {
            return None;
        }
        // A compiler that reads bytes in another encoding may see an end of line, or none, in a character beyond ASCII.
        self.stays |= !comment.is_ascii();
        self.skip(comment.len());
        Some(())
    }

    /// One outside of literals and comments: mostly the end of a line of a macro.
    fn backslash(&mut self) -> Option<()> {
        let rest = self.piece(self.at + 1, self.text.len());
        let line_end = if rest.starts_with(b"\n") {
            1
        } else if rest.starts_with(b"\r\n") {
            2
        } else {
            // A stray one, or one before blanks: some compilers join lines there as well.
            return None;
        };
        // What stands before and what stands behind must not be one token.
        let is_blank = |byte: Option<u8>| matches!(byte, Some(b' ' | b'\t' | b'\n' | b'\r'));
        let end = self.at + 1 + line_end;
        let before = self.at.checked_sub(1).and_then(|before| self.byte(before));
        if end == self.text.len() || !(is_blank(before) || is_blank(self.byte(end))) {
            return None;
        }
        let bare = self.bare.len();
        self.token(end - self.at);
        self.bare.truncate(bare);
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let length = self.literal(b'"')?;
        if self.names_header && self.piece(self.at, self.at + length).contains(&b'\\') {
            return None;
        }
        self.token(length);
        Some(())
    }

    fn character(&mut self) -> Option<()> {
        let length = self.literal(b'\'')?;
        // In prose that is never compiled it may be an apostrophe.
        let mut pairs = self.piece(self.at, self.at + length).windows(2);
        if pairs.any(|pair| pair == b"//" || pair == b"/*") {
            return None;
        }
        self.token(length);
        Some(())
    }

    /// Length of the literal that begins here, with its quotes.
    fn literal(&self, quote: u8) -> Option<usize> {
        let mut at = self.at + 1;
        loop {
            match self.byte(at)? {
                b'\n' | b'\r' => return None,
                b'\\' => {
                    let rest = self.piece(at + 1, self.text.len());
                    let blanks = rest
                        .iter()
                        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
                        .count();
                    if blanks > 0 && matches!(rest.get(blanks), None | Some(b'\n')) {
                        return None;
                    }
                    at += 2;
                }
                byte if byte == quote => return Some(at + 1 - self.at),
                _ => at += 1,
            }
        }
    }

    /// The name of a header in `<` `>`, where it is one.
    fn header(&mut self) -> Option<()> {
        let rest = self.piece(self.at, self.text.len());
        let line = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let name = rest.get(..line)?.iter().position(|&byte| byte == b'>');
        let name = rest.get(..name.map_or(line, |end| end + 1))?;
        let begins_comment = name.windows(2).any(|pair| pair == b"//" || pair == b"/*");
        if begins_comment || name.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'\\')) {
            return None;
        }
        self.token(1);
        Some(())
    }

    /// A preprocessing number (\[lex.ppnumber\]).
    fn number(&mut self) -> Option<()> {
        let mut at = self.at;
        while let Some(byte) = self.byte(at) {
            let next = self.byte(at + 1);
            match byte {
                b'e' | b'E' | b'p' | b'P' if matches!(next, Some(b'+' | b'-')) => at += 2,
                b'\'' if next.is_some_and(is_of_word) => {
                    // C++11 knows no such separators, and reads a character there.
                    self.stays = true;
                    at += 2;
                }
                b'.' => at += 1,
                byte if is_of_word(byte) => at += 1,
                // Of this, versions of the language make different tokens.
                b'\'' => return None,
                _ => break,
            }
        }
        self.token(at - self.at);
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let rest = self.piece(self.at, self.text.len());
        let length = rest.iter().position(|&byte| !is_of_word(byte)).unwrap_or(rest.len());
        let word = rest.get(..length)?;
        if rest.get(length) == Some(&b'"') && RAW.contains(&word) {
            return None;
        }
        self.names_header |= HEADER.contains(&word);
        self.token(length);
        Some(())
    }
}

/// Whether identifiers and numbers may have this byte.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}
