//! Expansions of parameters: `${NAME:-default}` and its kind.

/// What an expansion makes of a parameter that has a value or has none.
///
/// Source: Shell Command Language, 2.6.2 Parameter Expansion (POSIX.1-2024).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `${NAME}`, and `${NAME:?message}`, which ends the shell where there is no value: the value.
    Value,
    /// `${NAME:-word}`: the word where there is no value.
    Default,
    /// `${NAME:=word}`: the same, and the parameter has that value from then on.
    Assign,
    /// `${NAME:+word}`: the word where there is a value, and else nothing.
    Alternative,
    /// Anything else: `${NAME%.*}`, `${#NAME}`, `${!NAME}`.
    Other,
}

/// An expansion in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter<'t> {
    /// Name of the parameter.
    pub name: &'t str,
    /// What becomes of it.
    pub operator: Operator,
    /// Whether an empty value is as good as none: there is a `:` in front of the operator.
    pub or_empty: bool,
    /// The word behind the operator, as it is written.
    pub word: &'t str,
    /// Length of the whole expansion.
    pub length: usize,
}

impl<'t> Parameter<'t> {
    /// Reads the expansion that a text begins with; `None` where the text does not begin with `${`.
    pub fn read(text: &'t str) -> Option<Self> {
        text.strip_prefix("${").filter(|behind| !behind.starts_with('{'))?;
        // Where a quotation mark is only a character, such as in `"${NAME:-it's}"`, the brace is behind it.
        let whole = [&['"', '\''][..], &[]]
            .into_iter()
            .map(|marks| enclosed(text, '{', '}', marks))
            .find(|whole| whole.ends_with('}'))
            .unwrap_or(text);
        let inner = whole.strip_prefix("${").unwrap_or_default();
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let is_end = |char: char| !(char.is_ascii_alphanumeric() || char == '_');
        let (name, behind) = inner.split_at_checked(inner.find(is_end).unwrap_or(inner.len()))?;
        // All elements of an array.
        let behind = ["[@]", "[*]"]
            .into_iter()
            .find_map(|all| behind.strip_prefix(all))
            .unwrap_or(behind);
        let (or_empty, operation) = match behind.strip_prefix(':') {
            Some(operation) => (true, operation),
            None => (false, behind),
        };
        let mut characters = operation.chars();
        let operator = match characters.next() {
            _ if name.is_empty() => Operator::Other,
            None if !or_empty => Operator::Value,
            Some('?') => Operator::Value,
            Some('-') => Operator::Default,
            Some('=') => Operator::Assign,
            Some('+') => Operator::Alternative,
            _ => Operator::Other,
        };
        Some(Self {
            name,
            operator,
            or_empty,
            word: characters.as_str(),
            length: whole.len(),
        })
    }

    /// All expansions of a text, those in the words of others included.
    pub fn all(text: &'t str) -> impl Iterator<Item = Self> {
        text.match_indices("${")
            .filter_map(|(at, _)| Self::read(text.get(at..)?))
    }

    /// The word without its quotation marks and escapes.
    pub fn unquoted(&self) -> String {
        let mut out = String::with_capacity(self.word.len());
        let mut characters = self.word.chars();
        // In `"${NAME:-it's}"` the mark is only a character.
        let is_paired = self.word.matches('\'').count().is_multiple_of(2);
        while let Some(char) = characters.next() {
            match char {
                '"' => {}
                '\'' if is_paired => {}
                '\\' => out.extend(characters.next()),
                _ => out.push(char),
            }
        }
        out
    }
}

/// The text up to the bracket that closes its first one, inner brackets and what is between these quotation marks
/// respected; everything where it is not closed.
pub(super) fn enclosed<'t>(text: &'t str, open: char, close: char, marks: &[char]) -> &'t str {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, char) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        if char == '\\' {
            escaped = true;
        } else if let Some(mark) = quote {
            if char == mark {
                quote = None;
            }
        } else if marks.contains(&char) {
            quote = Some(char);
        } else if char == open {
            depth += 1;
        } else if char == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return text.get(..at + close.len_utf8()).unwrap_or(text);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_their_words() {
        let shown = |text: &str| {
            let read = Parameter::read(text).expect("an expansion");
            let empty = if read.or_empty { " or empty" } else { "" };
            let (rest, word) = (&text[read.length..], read.unquoted());
            format!("{} {:?}{empty} «{word}» then «{rest}»", read.name, read.operator)
        };
        let all = [
            "${A}b",
            "${A:-b c}d",
            "${A-\"b}c\"}d",
            "${A:=${B:-c}}d",
            "${A=b}",
            "${A:+--locked}",
            "${A[@]+\"${A[@]}\"}",
            "${A?}",
            "${A:?no A}",
            "${A:-it's}b",
            "${A:-$(cat {a,b})}c",
            "${A:1:2}",
            "${A:}",
            "${A[0]}",
            "${A%/*}",
            "${#A}",
            "${!A}",
            "${A",
            "${}",
        ];
        insta::assert_snapshot!(all.map(shown).join("\n"), @"
        A Value «» then «b»
        A Default or empty «b c» then «d»
        A Default «b}c» then «d»
        A Assign or empty «${B:-c}» then «d»
        A Assign «b» then «»
        A Alternative or empty «--locked» then «»
        A Alternative «${A[@]}» then «»
        A Value «» then «»
        A Value or empty «no A» then «»
        A Default or empty «it's» then «b»
        A Default or empty «$(cat {a,b})» then «c»
        A Other or empty «:2» then «»
        A Other or empty «» then «»
        A Other «0]» then «»
        A Other «/*» then «»
         Other «A» then «»
         Other «A» then «»
        A Value «» then «»
         Other «» then «»
        ");
        assert_eq!(Parameter::read("${{ a }}"), None);
        assert_eq!(Parameter::read("$A"), None);
    }
}
