//! Characters to tokens.

use super::parameter::enclosed;
use super::{Next, Word};

/// A piece of shell text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word and its offset.
    Word(Word, usize),
    /// What ends a command.
    Next(Next),
    /// `(`
    Open,
    /// `)`
    Close,
    /// The next word is the target of a redirection.
    Redirect,
    /// Text of a command substitution, its offset first.
    Substitution(usize, String),
}

/// Longest text that is taken apart.
const MAX_BYTES: usize = 1 << 20;
/// Marks between which a bracket is only a character.
const MARKS: &[char] = &['\'', '"'];

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// Delimiters of here-documents whose text begins with the next line.
    heredocs: Vec<String>,
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    if text.len() > MAX_BYTES {
        return Vec::new();
    }
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        heredocs: Vec::new(),
    };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.tokens
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Length of an escaped line end at the current position.
    fn continuation(&self) -> Option<usize> {
        let behind = self.rest().strip_prefix('\\')?;
        // Blanks behind it are a mistake that shells punish; here the line goes on, as its author meant.
        let line_end = behind.trim_start_matches([' ', '\t', '\r']);
        let blank = behind.len() - line_end.len();
        line_end.starts_with('\n').then_some(1 + blank + 1)
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push(token);
        self.at += length;
    }

    fn step(&mut self) {
        if let Some(length) = self.continuation() {
            self.at += length;
            return;
        }
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        let two = rest.get(..2).unwrap_or_default();
        match first {
            '\n' => {
                self.push(Token::Next(Next::End), 1);
                self.skip_heredocs();
            }
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
            ';' => self.push(Token::Next(Next::End), 1),
            '&' if two == "&&" => self.push(Token::Next(Next::And), 2),
            '&' if two == "&>" => self.push(Token::Redirect, 2),
            '&' => self.push(Token::Next(Next::Background), 1),
            '|' if two == "||" => self.push(Token::Next(Next::Or), 2),
            '|' if two == "|&" => self.push(Token::Next(Next::Pipe), 2),
            '|' => self.push(Token::Next(Next::Pipe), 1),
            '(' => self.push(Token::Open, 1),
            ')' => self.push(Token::Close, 1),
            '<' | '>' => self.redirect(),
            _ => self.word(),
        }
    }

    fn redirect(&mut self) {
        let rest = self.rest();
        // `<(…)` and `>(…)` run what is in them.
        if rest.get(1..2) == Some("(") {
            self.at += 1;
            return;
        }
        if let Some(behind) = rest.strip_prefix("<<").filter(|behind| !behind.starts_with('<')) {
            let behind = behind.trim_start_matches('-').trim_start_matches([' ', '\t']);
            let skipped = rest.len() - behind.len();
            let ends = [' ', '\t', '\r', '\n', ';', '|', '&', ')', '>'];
            let written = behind.split(ends).next().unwrap_or(behind);
            let delimiter = written.replace(['\'', '"', '\\'], "");
            let length = skipped + written.len();
            if !delimiter.is_empty() {
                self.heredocs.push(delimiter);
            }
            self.at += length;
            return;
        }
        let length = rest.len() - rest.trim_start_matches(['<', '>', '&', '|']).len();
        // A number in front of it is a file descriptor.
        if let Some(Token::Word(word, start)) = self.tokens.last()
            && word.text.bytes().all(|byte| byte.is_ascii_digit())
            && start + word.text.len() == self.at
        {
            self.tokens.pop();
        }
        self.push(Token::Redirect, length);
    }

    fn skip_heredocs(&mut self) {
        for delimiter in std::mem::take(&mut self.heredocs) {
            while self.at < self.text.len() {
                let rest = self.rest();
                let line = rest.split_inclusive('\n').next().unwrap_or(rest);
                let ends = line.trim() == delimiter;
                self.at += line.len();
                if ends {
                    break;
                }
            }
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let mut word = Word::bare("");
        let mut is_quoted = false;
        while self.at < self.text.len() {
            if let Some(length) = self.continuation() {
                self.at += length;
                continue;
            }
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { break };
            match first {
                '$' if rest.starts_with("${{") => self.verbatim(&mut word, expression(rest)),
                '$' if rest.starts_with("$(") => self.substitution(&mut word),
                '$' if rest.starts_with("${") => self.parameter(&mut word, is_quoted),
                '`' => self.backticks(&mut word),
                '"' => {
                    is_quoted = !is_quoted;
                    word.bare = false;
                    self.at += 1;
                }
                '\\' => {
                    let escaped = rest.chars().nth(1);
                    word.text.extend(escaped);
                    self.at += 1 + escaped.map_or(0, char::len_utf8);
                }
                '\'' if !is_quoted => {
                    let (text, length) = between_marks(rest, '\'');
                    word.text += text;
                    (word.bare, word.literal) = (false, true);
                    self.at += length;
                }
                // `args=( … )`: an array is one word of everything in it.
                '(' if word.text.ends_with('=') && word.bare => {
                    let array = enclosed(rest, '(', ')', MARKS);
                    word.text += array.trim_start_matches('(').trim_end_matches(')').trim();
                    self.at += array.len();
                }
                ';' | '&' | '|' | '(' | ')' | '<' | '>' if !is_quoted => break,
                _ if first.is_whitespace() && !is_quoted => break,
                _ => {
                    word.text.push(first);
                    self.at += first.len_utf8();
                }
            }
        }
        self.tokens.push(Token::Word(word, start));
    }

    fn verbatim(&mut self, word: &mut Word, text: &str) {
        word.text += text;
        self.at += text.len();
    }

    fn substitution(&mut self, word: &mut Word) {
        let whole = enclosed(self.rest(), '(', ')', MARKS);
        self.note_substitution(self.at, whole);
        self.verbatim(word, whole);
    }

    /// Notes the text of a substitution that begins at an offset.
    fn note_substitution(&mut self, at: usize, whole: &str) {
        let inner = whole.strip_prefix("$(").unwrap_or(whole).trim_end_matches(')');
        self.tokens.push(Token::Substitution(at + 2, inner.to_owned()));
    }

    /// `${NAME…}`, with the substitutions in it. Within quotation marks a single one is only a character.
    fn parameter(&mut self, word: &mut Word, is_quoted: bool) {
        let marks = if is_quoted { &['"'][..] } else { MARKS };
        let whole = enclosed(self.rest(), '{', '}', marks);
        let mut from = 0;
        while let Some(at) = whole.get(from..).and_then(|rest| rest.find("$(")) {
            let inner = enclosed(whole.get(from + at..).unwrap_or_default(), '(', ')', MARKS);
            self.note_substitution(self.at + from + at, inner);
            from += at + inner.len();
        }
        self.verbatim(word, whole);
    }

    fn backticks(&mut self, word: &mut Word) {
        let (inner, length) = between_marks(self.rest(), '`');
        self.tokens.push(Token::Substitution(self.at + 1, inner.to_owned()));
        let whole = self.rest().get(..length).unwrap_or_default();
        self.verbatim(word, whole);
    }
}

/// What stands between the mark that a text begins with and the next one, or the end of the text; and its length with
/// the marks.
fn between_marks(text: &str, mark: char) -> (&str, usize) {
    let behind = text.strip_prefix(mark).unwrap_or(text);
    match behind.split_once(mark) {
        Some((inner, _)) => (inner, text.len() - behind.len() + inner.len() + mark.len_utf8()),
        None => (behind, text.len()),
    }
}

/// The expression of GitHub that a text begins with; everything where it is not closed.
fn expression(text: &str) -> &str {
    let end = text.find("}}").map_or(text.len(), |at| at + 2);
    text.get(..end).unwrap_or(text)
}
