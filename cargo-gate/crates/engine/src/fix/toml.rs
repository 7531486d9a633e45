//! Edits of TOML as text: every other byte stays as it is.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// Bytes that go, and what takes their place.
pub(super) type Piece = (Range<usize>, String);

/// A line of a file, or several where a value goes on.
#[derive(Debug)]
struct Statement {
    /// From the first column to behind the line end.
    span: Range<usize>,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// The header of a table, with its keys.
    Header(Vec<String>),
    Entry,
    Comment,
    Blank,
}

/// The statements of a text that is TOML; each byte belongs to one.
fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut start, mut depth) = (0_usize, 0_usize);
    // The first token of the statement that says what it is.
    let mut first = None;
    let kind_of = |first: Option<TokenKind>, span: &Range<usize>| match first {
        None => Kind::Blank,
        Some(TokenKind::Comment) => Kind::Comment,
        Some(TokenKind::LeftSquareBracket) => header(&text[span.clone()]).map_or(Kind::Entry, Kind::Header),
        Some(_) => Kind::Entry,
    };
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Whitespace => {}
            TokenKind::Newline if depth == 0 => {
                let span = start..token.span().end();
                let kind = kind_of(first.take(), &span);
                start = span.end;
                found.push(Statement { span, kind });
            }
            TokenKind::Newline => {}
            TokenKind::Eof => {
                if start < text.len() {
                    let span = start..text.len();
                    let kind = kind_of(first.take(), &span);
                    found.push(Statement { span, kind });
                }
            }
            other => {
                first.get_or_insert(other);
                match other {
                    TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                    TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }
    found
}

/// The keys of the header of a table.
fn header(line: &str) -> Option<Vec<String>> {
    let table = DeTable::parse(line).ok()?;
    let mut keys = Vec::new();
    let mut within = table.get_ref();
    while let Some((key, value)) = within.iter().next() {
        keys.push(key.get_ref().to_string());
        within = match value.get_ref() {
            DeValue::Table(table) => table,
            DeValue::Array(elements) => match elements.first().map(toml::Spanned::get_ref) {
                Some(DeValue::Table(table)) => table,
                _ => break,
            },
            _ => break,
        };
    }
    Some(keys)
}

/// The edit that takes out the table, the element of an array of tables or the key that begins on a line, counted from 1, with
/// the comment right above it. `None` where nothing begins there.
pub(super) fn without(text: &str, line: u32) -> Option<Piece> {
    DeTable::parse(text).ok()?;
    let at = super::lines::start(text, line)?;
    let all = statements(text);
    let position = all.iter().position(|one| one.span.start == at)?;
    let end = match &all[position].kind {
        Kind::Entry => position + 1,
        Kind::Header(keys) => {
            let is_other = |one: &Statement| match &one.kind {
                Kind::Header(other) => !(other.len() > keys.len() && other.starts_with(keys)),
                _ => false,
            };
            let next = all[position + 1..].iter().position(is_other);
            let next = next.map_or(all.len(), |next| position + 1 + next);
            above(&all, next)
        }
        Kind::Comment | Kind::Blank => return None,
    };
    let mut first = above(&all, position);
    if end == all.len() {
        // Nothing follows that the empty lines in front would set off.
        while first > 0 && all[first - 1].kind == Kind::Blank {
            first -= 1;
        }
    }
    Some((all[first].span.start..all[end - 1].span.end, String::new()))
}

/// The first of the comments right above a statement, or the statement.
fn above(all: &[Statement], position: usize) -> usize {
    let comments = all[..position].iter().rev();
    position - comments.take_while(|one| one.kind == Kind::Comment).count()
}

/// The edit that gives a key a value, written as TOML. `None` where a table above it is written in braces, or the text is no
/// TOML.
pub(super) fn with(text: &str, keys: &[String], value: &str) -> Option<Piece> {
    let parsed = DeTable::parse(text).ok()?;
    let (key, tables) = keys.split_last()?;
    let mut within = Some(parsed.get_ref());
    for table in tables {
        within = match within
            .and_then(|within| within.get(table.as_str()))
            .map(toml::Spanned::get_ref)
        {
            Some(DeValue::Table(table)) => Some(table),
            Some(_) => return None,
            None => None,
        };
    }
    if let Some(old) = within.and_then(|within| within.get(key.as_str())) {
        return Some((old.span(), value.to_owned()));
    }
    let line_end = super::lines::end_of(text);
    let line = format!("{} = {value}{line_end}", quoted(key));
    let all = statements(text);
    let header = all
        .iter()
        .position(|one| matches!(&one.kind, Kind::Header(keys) if keys == tables));
    if let Some(header) = header {
        let rest = &all[header + 1..];
        let own = rest.iter().take_while(|one| !matches!(one.kind, Kind::Header(_)));
        let last = own.enumerate().filter(|(_, one)| one.kind == Kind::Entry).last();
        let after = last.map_or(header, |(at, _)| header + 1 + at);
        let at = all[after].span.end;
        let unfinished = !text[..at].ends_with('\n');
        return Some((at..at, if unfinished { format!("{line_end}{line}") } else { line }));
    }
    // A table that is there without a header of its own is written in braces or by dotted keys, or has only tables below it.
    let only_above = within.is_none_or(|table| {
        let mut values = table.iter().map(|(_, value)| value.get_ref());
        values.all(|value| matches!(value, DeValue::Table(_))) && all.iter().any(|one| begins_with(one, tables))
    });
    if !only_above || tables.is_empty() {
        return None;
    }
    let names: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
    let gap = match text {
        "" => String::new(),
        text if text.ends_with('\n') => line_end.to_owned(),
        _ => line_end.repeat(2),
    };
    let table = format!("{gap}[{}]{line_end}{line}", names.join("."));
    Some((text.len()..text.len(), table))
}

fn begins_with(one: &Statement, tables: &[String]) -> bool {
    matches!(&one.kind, Kind::Header(keys) if keys.starts_with(tables))
}

/// A key as it is written.
fn quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        toml::Value::from(key).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edited(text: &str, piece: Option<Piece>) -> String {
        match piece {
            None => "nothing".to_owned(),
            Some((span, new)) => format!("{}{new}{}", &text[..span.start], &text[span.end..]),
        }
    }

    const POLICY: &str = "# ours\nversion = 1\n\n# of the first\n[[waiver]]\ncheck = \"a\" # why\nlist = [\n  \"x\",\n\n  \"[y]\",\n]\n\n[waiver.more]\nz = 1\n\n# of the second\n[[waiver]]\ncheck = \"b\"\n";

    #[test]
    fn a_table_goes_with_its_comment_and_what_is_below_it() {
        insta::assert_snapshot!(edited(POLICY, without(POLICY, 5)), @r#"
        # ours
        version = 1

        # of the second
        [[waiver]]
        check = "b"
        "#);
        insta::assert_snapshot!(edited(POLICY, without(POLICY, 17)), @r#"
        # ours
        version = 1

        # of the first
        [[waiver]]
        check = "a" # why
        list = [
          "x",

          "[y]",
        ]

        [waiver.more]
        z = 1
        "#);
        assert_eq!(
            edited("a = [\n1]\nb = 2\n", without("a = [\n1]\nb = 2\n", 1)),
            "b = 2\n"
        );
        assert_eq!(
            edited("a = [\n1]\nb = 2\n", without("a = [\n1]\nb = 2\n", 2)),
            "nothing"
        );
        assert_eq!(edited("a = [\n", without("a = [\n", 1)), "nothing");
    }

    #[test]
    fn a_key_is_set_where_it_belongs() {
        let set = |text: &str, keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            edited(text, with(text, &keys, "true"))
        };
        let release = ["profile", "release", "debug"];
        assert_eq!(set("", &release), "[profile.release]\ndebug = true\n");
        assert_eq!(
            set("[profile.release]\ndebug = 1 # x\n", &release),
            "[profile.release]\ndebug = true # x\n"
        );
        assert_eq!(
            set("[profile.release]\r\na = 1\r\n\r\n[b]", &release),
            "[profile.release]\r\na = 1\r\ndebug = true\r\n\r\n[b]"
        );
        assert_eq!(set("[profile.release]", &release), "[profile.release]\ndebug = true\n");
        assert_eq!(
            set("[profile.release.package.a]\nb = 1", &release),
            "[profile.release.package.a]\nb = 1\n\n[profile.release]\ndebug = true\n"
        );
        assert_eq!(set("profile = { release = { a = 1 } }\n", &release), "nothing");
        assert_eq!(set("profile.release.a = 1\n", &release), "nothing");
        assert_eq!(set("profile = 1\n", &release), "nothing");
        let starred = ["profile", "release", "package", "*", "debug"];
        assert_eq!(set("", &starred), "[profile.release.package.\"*\"]\ndebug = true\n");
        assert_eq!(
            set("[profile.release.package.\"*\"]\na = 1\n", &starred),
            "[profile.release.package.\"*\"]\na = 1\ndebug = true\n"
        );
        assert_eq!(set("package = { a = 1 }", &["package", "a"]), "package = { a = true }");
    }

    proptest! {
        #[test]
        fn what_is_edited_stays_toml(text in "(\\[{1,2}[a-c]\\]{1,2}\n|[a-c] = [1\"\\[\\]{}x]{0,4}\n|#x\n|\n| ){0,8}", line in 0..9_u32) {
            if DeTable::parse(&text).is_err() {
                prop_assert!(without(&text, line).is_none());
                return Ok(());
            }
            if let Some(piece) = without(&text, line) {
                let after = edited(&text, Some(piece));
                prop_assert!(after.len() < text.len());
                prop_assert!(DeTable::parse(&after).is_ok() || after.contains("[["), "{after}");
            }
            let keys = ["a".to_owned(), "n".to_owned()];
            if let Some(piece) = with(&text, &keys, "7") {
                let after = edited(&text, Some(piece));
                let table: toml::Table = toml::from_str(&after).expect("TOML");
                prop_assert_eq!(table["a"]["n"].as_integer(), Some(7));
            }
        }
    }
}
