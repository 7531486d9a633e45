//! The token buffer: what rustc's own lexer says about a file, without white space, with matched delimiters and with
//! the comments that speak of safety.

use memchr::memchr2_iter;
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, strip_shebang, tokenize};

/// Index of nothing.
pub const NONE: u32 = u32::MAX;

/// What a token is; punctuation and delimiters by their ASCII character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An identifier or a keyword.
    Ident,
    /// An identifier behind `r#`.
    RawIdent,
    /// A lifetime or a label.
    Lifetime,
    /// A literal.
    Literal,
    /// One character of punctuation.
    Punct(u8),
    /// Anything else.
    Other,
}

/// A token with its place.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub(crate) class: Class,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// For a delimiter the index of its partner, else (and without partner) [`NONE`].
    pub mate: u32,
    /// Index of the opening delimiter around it, [`NONE`] at the top.
    pub parent: u32,
}

/// All tokens of one file.
#[derive(Debug)]
pub struct Tokens<'s> {
    pub(crate) text: &'s str,
    pub(crate) all: Vec<Token>,
    /// Comments, by the token that they stand directly before.
    comments: Vec<Comments>,
}

/// Comments with nothing but white space between them.
#[derive(Debug, Clone, Copy)]
struct Comments {
    /// Index of the token behind them.
    before: u32,
    start: u32,
    end: u32,
}

impl<'s> Tokens<'s> {
    /// Lexes a text without byte order mark. Total: malformed text gives tokens too.
    pub fn new(text: &'s str) -> Self {
        Self::in_buffer(text, Vec::new())
    }

    /// Lexes a text into the memory of another one ([`into_buffer`](Self::into_buffer)): whoever lexes many files asks the
    /// system for memory once.
    pub fn in_buffer(text: &'s str, mut buffer: Vec<Token>) -> Self {
        buffer.clear();
        buffer.reserve(text.len() / 6);
        let shebang = strip_shebang(text).unwrap_or(0);
        let mut this = Self {
            text,
            all: buffer,
            comments: Vec::new(),
        };
        let mut matcher = Matcher::default();
        let mut start = shebang;
        for token in tokenize(&text[shebang..], FrontmatterAllowed::Yes) {
            let end = start + token.len as usize;
            let class = match token.kind {
                TokenKind::Whitespace | TokenKind::Frontmatter { .. } => None,
                TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => {
                    let before = this.all.len() as u32;
                    match this.comments.last_mut() {
                        Some(comments) if comments.before == before => comments.end = end as u32,
                        _ => this.comments.push(Comments {
                            before,
                            start: start as u32,
                            end: end as u32,
                        }),
                    }
                    None
                }
                kind => Some(class(kind)),
            };
            if let Some(class) = class {
                let index = this.all.len() as u32;
                this.all.push(Token {
                    class,
                    start: start as u32,
                    end: end as u32,
                    mate: NONE,
                    parent: NONE,
                });
                matcher.token(&mut this.all, index);
            }
            start = end;
        }
        this
    }

    /// The memory of the tokens.
    pub fn into_buffer(self) -> Vec<Token> {
        self.all
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Text of a token; empty past the end.
    pub fn text_of(&self, index: usize) -> &'s str {
        self.all
            .get(index)
            .map_or("", |token| &self.text[token.start as usize..token.end as usize])
    }

    /// Whether the token is this punctuation or delimiter.
    pub fn is(&self, index: usize, punct: u8) -> bool {
        self.all
            .get(index)
            .is_some_and(|token| token.class == Class::Punct(punct))
    }

    /// Whether the token is this keyword or plain identifier (a raw identifier never is).
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index) == Some(word)
    }

    /// The token as a keyword or plain identifier.
    pub fn word(&self, index: usize) -> Option<&'s str> {
        (self.all.get(index)?.class == Class::Ident).then(|| self.text_of(index))
    }

    /// The token as a name: identifiers and raw identifiers, without `r#`. `_` is one too.
    pub fn name(&self, index: usize) -> Option<&'s str> {
        match self.all.get(index)?.class {
            Class::Ident => Some(self.text_of(index)),
            Class::RawIdent => Some(self.text_of(index).trim_start_matches("r#")),
            _ => None,
        }
    }

    /// Whether the token opens a group.
    pub fn opens(&self, index: usize) -> bool {
        matches!(
            self.all.get(index).map(|token| token.class),
            Some(Class::Punct(b'(' | b'[' | b'{'))
        )
    }

    /// Whether `=>` starts here.
    pub fn is_fat_arrow(&self, index: usize) -> bool {
        self.is(index, b'=') && self.is(index + 1, b'>') && self.touch(index)
    }

    /// Whether nothing stands between this token and the next.
    pub fn touch(&self, index: usize) -> bool {
        matches!((self.all.get(index), self.all.get(index + 1)), (Some(a), Some(b)) if a.end == b.start)
    }

    /// For an opening delimiter the index of its partner; the end of the file when it has none.
    pub fn close(&self, open: usize) -> usize {
        match self.all.get(open) {
            Some(token) if token.mate != NONE => token.mate as usize,
            _ => self.len(),
        }
    }

    /// End of the group around a token: index of its closing delimiter, or the end of the file.
    pub fn limit(&self, index: usize) -> usize {
        match self.all.get(index) {
            Some(token) if token.parent != NONE => self.close(token.parent as usize),
            _ => self.len(),
        }
    }

    /// Index after the token, or after the whole group that it opens.
    pub fn after(&self, index: usize) -> usize {
        if self.opens(index) {
            (self.close(index) + 1).min(self.len())
        } else {
            index + 1
        }
    }

    /// Whether a comment about safety stands directly before the token.
    pub fn safety_before(&self, index: usize) -> bool {
        let found = self
            .comments
            .binary_search_by_key(&index, |comments| comments.before as usize);
        // Read here and not when they were lexed: few comments stand before something that has to be safe.
        let comments = found.ok().and_then(|at| self.comments.get(at));
        comments
            .and_then(|comments| self.text.get(comments.start as usize..comments.end as usize))
            .is_some_and(speaks_of_safety)
    }

    /// Index after all attributes that start here.
    pub fn skip_attributes(&self, mut index: usize) -> usize {
        while self.is(index, b'#') {
            let open = index + 1 + usize::from(self.is(index + 1, b'!'));
            if !self.is(open, b'[') {
                break;
            }
            index = self.after(open);
        }
        index
    }
}

/// Matches delimiters as they come; a stray or wrong one never unbalances what lies outside of it.
#[derive(Default)]
struct Matcher {
    open: Vec<u32>,
    /// How many of `(`, `[`, `{` are open, so that a stray closing one costs nothing.
    counts: [u32; 3],
}

impl Matcher {
    fn token(&mut self, all: &mut [Token], index: u32) {
        let Class::Punct(punct) = all[index as usize].class else {
            all[index as usize].parent = self.top();
            return;
        };
        let (slot, closes) = match punct {
            b'(' => (0, false),
            b'[' => (1, false),
            b'{' => (2, false),
            b')' => (0, true),
            b']' => (1, true),
            b'}' => (2, true),
            _ => {
                all[index as usize].parent = self.top();
                return;
            }
        };
        if !closes {
            all[index as usize].parent = self.top();
            self.open.push(index);
            self.counts[slot] += 1;
            return;
        }
        if self.counts[slot] > 0 {
            while let Some(open) = self.open.pop() {
                all[open as usize].mate = index;
                let found = slot_of(all[open as usize].class);
                self.counts[found] -= 1;
                if found == slot {
                    all[index as usize].mate = open;
                    break;
                }
            }
        }
        all[index as usize].parent = self.top();
    }

    fn top(&self) -> u32 {
        self.open.last().copied().unwrap_or(NONE)
    }
}

fn slot_of(class: Class) -> usize {
    match class {
        Class::Punct(b'(') => 0,
        Class::Punct(b'[') => 1,
        _ => 2,
    }
}

fn class(kind: TokenKind) -> Class {
    match kind {
        // Prefixes and forced keywords are identifiers in the editions in which they are allowed at all.
        TokenKind::Ident | TokenKind::UnknownPrefix | TokenKind::InvalidIdent => Class::Ident,
        TokenKind::RawIdent | TokenKind::ForcedKeywordIdent => Class::RawIdent,
        TokenKind::Lifetime { .. } | TokenKind::RawLifetime | TokenKind::UnknownPrefixLifetime => Class::Lifetime,
        TokenKind::Literal { .. } => Class::Literal,
        TokenKind::Semi => Class::Punct(b';'),
        TokenKind::Comma => Class::Punct(b','),
        TokenKind::Dot => Class::Punct(b'.'),
        TokenKind::OpenParen => Class::Punct(b'('),
        TokenKind::CloseParen => Class::Punct(b')'),
        TokenKind::OpenBrace => Class::Punct(b'{'),
        TokenKind::CloseBrace => Class::Punct(b'}'),
        TokenKind::OpenBracket => Class::Punct(b'['),
        TokenKind::CloseBracket => Class::Punct(b']'),
        TokenKind::Pound => Class::Punct(b'#'),
        TokenKind::Question => Class::Punct(b'?'),
        TokenKind::Colon => Class::Punct(b':'),
        TokenKind::Dollar => Class::Punct(b'$'),
        TokenKind::Eq => Class::Punct(b'='),
        TokenKind::Bang => Class::Punct(b'!'),
        TokenKind::Lt => Class::Punct(b'<'),
        TokenKind::Gt => Class::Punct(b'>'),
        TokenKind::Minus => Class::Punct(b'-'),
        TokenKind::And => Class::Punct(b'&'),
        TokenKind::Or => Class::Punct(b'|'),
        TokenKind::Plus => Class::Punct(b'+'),
        TokenKind::Star => Class::Punct(b'*'),
        _ => Class::Other,
    }
}

/// `SAFETY:` in any case, or a `# Safety` heading.
fn speaks_of_safety(comments: &str) -> bool {
    let bytes = comments.as_bytes();
    // `f` is rare in comments and in the middle of the word.
    memchr2_iter(b'f', b'F', bytes).any(|f| f >= 2 && is_safety(bytes, f - 2))
}

fn is_safety(bytes: &[u8], at: usize) -> bool {
    let Some(word) = bytes.get(at..at + 6) else {
        return false;
    };
    if !word.eq_ignore_ascii_case(b"safety") {
        return false;
    }
    bytes.get(at + 6) == Some(&b':') || bytes[..at].trim_ascii_end().ends_with(b"#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_survive_strays() {
        let tokens = Tokens::new("fn a() { ( ] } fn b() { }");
        // `{` of `a` pairs with its `}` although `(` never closes and `]` never opens.
        let open = (0..tokens.len()).find(|at| tokens.is(*at, b'{')).expect("a brace");
        assert_eq!(tokens.text_of(tokens.close(open) + 1), "fn");
        let last = (0..tokens.len()).rfind(|at| tokens.is(*at, b'}')).expect("a brace");
        assert_eq!(tokens.all[last].parent, NONE);
    }

    #[test]
    fn comments_about_safety() {
        assert!(speaks_of_safety("// SAFETY: x"));
        assert!(speaks_of_safety("/* safety: x */"));
        assert!(speaks_of_safety("/// # Safety"));
        assert!(!speaks_of_safety("// this is for safety"));
        assert!(!speaks_of_safety("// unsafe: no"));
    }
}
