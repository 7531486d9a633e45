//! The columns of a table, from the statement that made it, which is all that a database says of them.

/// The columns of a table that are in its records.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    names: Vec<String>,
    /// The column that is the rowid, which is not in the record.
    pub(super) rowid: Option<usize>,
}

impl Columns {
    /// Those of a `CREATE TABLE`; or why the table is not read.
    pub(super) fn of(sql: &str) -> Result<Self, &'static str> {
        let tokens = tokens(sql);
        let words = |words: &[Token], wanted: &[&str]| {
            let is = |(token, wanted): (&Token, &&str)| token.is(wanted);
            words.len() >= wanted.len() && words.iter().zip(wanted).all(is)
        };
        let begin = tokens.iter().position(|token| token.is("("));
        if tokens.get(1).is_some_and(|token| token.is("VIRTUAL")) {
            return Err("it is virtual");
        }
        let begin = begin.ok_or("it has no columns")?;
        let mut names = Vec::new();
        let mut rowid = None;
        let mut depth = 0_usize;
        let mut definition = begin + 1;
        for (at, token) in tokens.iter().enumerate().skip(begin) {
            match token.text.as_str() {
                "(" if token.plain => depth += 1,
                ")" if token.plain => depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends = token.is(",") && depth == 1 || depth == 0;
            if !ends {
                continue;
            }
            let tokens_of = tokens.get(definition..at).unwrap_or_default();
            definition = at + 1;
            let constraints = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
            if let Some((name, rest)) = tokens_of.split_first()
                && !constraints.iter().any(|word| name.is(word))
            {
                if rest.iter().any(|token| token.is("GENERATED")) || rest.windows(2).any(|two| words(two, &["AS", "("]))
                {
                    return Err("it has generated columns");
                }
                if words(rest, &["INTEGER", "PRIMARY", "KEY"]) {
                    rowid = Some(names.len());
                }
                names.push(name.text.clone());
            }
            if depth == 0 {
                break;
            }
        }
        let tail = tokens.get(definition..).unwrap_or_default();
        if tail.windows(2).any(|two| words(two, &["WITHOUT", "ROWID"])) {
            return Err("it has no rowid");
        }
        Ok(Self { names, rowid })
    }

    /// Where a column is in a record.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|one| one.eq_ignore_ascii_case(name))
    }
}

/// A word, a sign or a name of a statement.
#[derive(Debug)]
struct Token {
    text: String,
    /// Whether it is not in quotes.
    plain: bool,
}

impl Token {
    fn is(&self, word: &str) -> bool {
        self.plain && self.text.eq_ignore_ascii_case(word)
    }
}

/// The tokens of a statement, without comments.
fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            continue;
        }
        if rest.starts_with("/*") {
            rest = behind.split_once("*/").map_or("", |(_, rest)| rest);
            continue;
        }
        let close = match first {
            '"' | '\'' | '`' => Some(first),
            '[' => Some(']'),
            _ => None,
        };
        if let Some(close) = close {
            let (text, after) = quoted(behind, close);
            tokens.push(Token { text, plain: false });
            rest = after;
            continue;
        }
        let of_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let length = rest.find(|letter| !of_word(letter)).unwrap_or(rest.len());
        let length = if length == 0 { first.len_utf8() } else { length };
        let (text, after) = rest.split_at(length);
        if !first.is_whitespace() {
            tokens.push(Token {
                text: text.to_owned(),
                plain: true,
            });
        }
        rest = after;
    }
    tokens
}

/// What is in quotes up to `close`, which twice stands for itself; with what follows.
fn quoted(text: &str, close: char) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != close {
            name.push(letter);
        } else if close != ']' && letters.next_if(|(_, next)| *next == close).is_some() {
            name.push(close);
        } else {
            return (name, &text[at + close.len_utf8()..]);
        }
    }
    (name, "")
}
