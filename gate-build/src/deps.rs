//! Dependency files in the language of make, and line markers of preprocessed text.

use std::io::BufRead as _;
use std::path::PathBuf;

use crate::sorted::Set;

/// Reads the prerequisites of the first rule of a dependency file as GCC, clang and nvcc write them: `target: a b \`
/// with a space written `\ `, `#` as `\#` or plain, `$` as `$$`. A backslash before anything else is one, because
/// Windows has paths with it. `None` when there is no rule.
#[must_use]
pub fn parse_make(text: &str) -> Option<Vec<String>> {
    let after = after_targets(text)?;
    let mut names = Vec::new();
    let mut name = String::new();
    let mut characters = after.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.peek() {
                Some(' ' | '#') => name.extend(characters.next()),
                Some('\n') => {
                    characters.next();
                    end(&mut name, &mut names);
                }
                Some('\r') => {
                    characters.next();
                    characters.next_if_eq(&'\n');
                    end(&mut name, &mut names);
                }
                _ => name.push('\\'),
            },
            '$' => {
                characters.next_if_eq(&'$');
                name.push('$');
            }
            '\n' => break,
            ' ' | '\t' | '\r' => end(&mut name, &mut names),
            other => name.push(other),
        }
    }
    end(&mut name, &mut names);
    Some(names)
}

fn end(name: &mut String, names: &mut Vec<String>) {
    if !name.is_empty() {
        names.push(std::mem::take(name));
    }
}

/// What follows the colon of the first rule. nvcc does not escape spaces in a target, so the colon is the first that
/// white space follows; a drive's is followed by a backslash.
fn after_targets(text: &str) -> Option<&str> {
    let mut offset = 0;
    for piece in text.split_inclusive(':') {
        offset += piece.len();
        let rest = &text[offset..];
        if piece.ends_with(':') && (rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', '\\'])) {
            // `C:\out.o : source` — the drive's backslash does not end a line.
            let drive = rest.starts_with('\\') && !rest.starts_with("\\\n") && !rest.starts_with("\\\r");
            if !drive {
                return Some(rest);
            }
        }
    }
    None
}

/// The text that a preprocessor gives, without what only says where it came from.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PreprocessedText {
    /// Files named by line markers, sorted; names in `<` `>` are left out, because they are no files.
    pub files: Set<PathBuf>,
    /// Lines that are neither empty nor markers, without white space at their ends, each with a line end.
    pub text: Vec<u8>,
}

/// Reads `# 12 "file" 1 3` of GCC and clang and `#line 12 "file"` of NVIDIA's and Microsoft's front ends.
#[must_use]
pub fn parse_preprocessed(bytes: &[u8]) -> PreprocessedText {
    let mut files: Set<&[u8]> = Set::new();
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        // The standard library's own search: build scripts are mostly compiled without optimisation, and a loop over bytes of
        // this crate with them.
        let mut after = rest;
        let length = after.skip_until(b'\n').unwrap_or(rest.len()).max(1);
        let (line, others) = rest.split_at(length);
        rest = others;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.first() == Some(&b'#')
            && let Some(name) = marker(line)
        {
            files.insert(name);
            continue;
        }
        let line = line.trim_ascii_end();
        if !line.is_empty() {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
    }
    PreprocessedText {
        files: files
            .into_iter()
            .map(unescape)
            .filter(|name| !name.is_empty() && !name.starts_with('<'))
            .map(PathBuf::from)
            .collect(),
        text,
    }
}

/// Whether it may matter to what is compiled from preprocessed text on which lines its tokens are, or what white space is between them: it asks for
/// its place in a way that preprocessors leave alone, or has raw strings in it. `__FILE__`, `__FILE_NAME__`, `__BASE_FILE__`, `__LINE__`, `__COUNTER__`,
/// `__DATE__`, `__TIME__` and `__TIMESTAMP__` are not left alone: what they stand for is in the text.
#[must_use]
pub fn knows_its_place(bytes: &[u8]) -> bool {
    // A lambda is called by its place in the name of a template that it is given to.
    const PLACES: &[&str] = &[
        "__builtin_LINE",
        "__builtin_COLUMN",
        // `__builtin_FILE_NAME` as well.
        "__builtin_FILE",
        "source_location",
        "__PRETTY_FUNCTION__",
        "__builtin_FUNCSIG",
        "__FUNCSIG__",
    ];
    // The standard library's own search, as above.
    let text = String::from_utf8_lossy(bytes);
    PLACES.iter().any(|place| text.contains(place)) || text.match_indices("R\"").any(|(at, _)| is_raw(&text[..=at]))
}

/// Whether what is compiled may depend on the columns of the source, which preprocessed text does not have: comments in front of a token count there.
#[must_use]
pub fn knows_its_column(bytes: &[u8]) -> bool {
    // clang calls a lambda by its line and column.
    const COLUMNS: &[&str] = &["__builtin_COLUMN", "source_location", "__PRETTY_FUNCTION__"];
    let text = String::from_utf8_lossy(bytes);
    COLUMNS.iter().any(|column| text.contains(column))
}

/// Whether a text that a quote follows ends in the prefix of a raw string.
fn is_raw(text: &str) -> bool {
    let word = text.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
    matches!(word, Some("R" | "LR" | "uR" | "UR" | "u8R"))
}

/// The quoted name of a line marker, still escaped.
fn marker(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"#line").or_else(|| line.strip_prefix(b"#"))?;
    let rest = rest.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let rest = rest[digits..].trim_ascii_start();
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        // `#line 12` goes on in the same file.
        return rest.is_empty().then_some(b"");
    };
    let end = quoted.iter().rposition(|&byte| byte == b'"')?;
    Some(&quoted[..end])
}

/// Undoes the escapes of a C string: `\\`, `\"` and octal digits, which NVIDIA's front end writes for every byte
/// beyond ASCII.
fn unescape(name: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let octal = rest
            .iter()
            .take(3)
            .take_while(|byte| (b'0'..=b'7').contains(byte))
            .count();
        if octal > 0 {
            let value = rest[..octal]
                .iter()
                .fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            bytes.push((value & 0xff) as u8);
            rest = &rest[octal..];
        } else if let Some((&next @ (b'\\' | b'"'), after)) = rest.split_first() {
            bytes.push(next);
            rest = after;
        } else {
            bytes.push(b'\\');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_files_of_every_compiler_are_read() {
        for (text, names) in [
            ("a.o: a.cu b.h\n", vec!["a.cu", "b.h"]),
            (
                "/t/o x.ptx : k.cu \\\n    /u/a\\ b.h \\\n  /u/c.h\n\nx.h:\n",
                vec!["k.cu", "/u/a b.h", "/u/c.h"],
            ),
            (
                "a.o: C:\\w\\k.cu \\\r\n  C:\\w\\h.h\r\n",
                vec!["C:\\w\\k.cu", "C:\\w\\h.h"],
            ),
            ("C:\\w\\o.ptx: k.cu\n", vec!["k.cu"]),
            ("a.o: w$$x.h v\\#y.h é.h", vec!["w$x.h", "v#y.h", "é.h"]),
            ("a.o:\\\n a.cu", vec!["a.cu"]),
            ("a.o:", vec![]),
        ] {
            assert_eq!(parse_make(text).unwrap(), names, "{text}");
        }
        assert_eq!(parse_make("no rule here"), None);
    }

    #[test]
    fn markers_are_told_from_text() {
        let parsed = parse_preprocessed(
            b"# 1 \"/w/k.cu\"\n# 1 \"<built-in>\" 3\n#line 7 \"/w/sp ace \\303\\251\\\\h.h\"\n\n  \nint x;\r\n#pragma once\n#line 9\n# 5\n",
        );
        let files: Vec<String> = parsed.files.iter().map(|file| file.display().to_string()).collect();
        assert_eq!(files, ["/w/k.cu", "/w/sp ace é\\h.h"]);
        assert_eq!(parsed.text, b"int x;\n#pragma once\n");
    }

    #[test]
    fn text_that_asks_where_it_is_knows_its_place() {
        for text in [
            "int a = __builtin_LINE();",
            "auto a = __builtin_FILE();",
            "auto a = __builtin_FILE_NAME();",
            "auto a = __builtin_source_location();",
            "auto a = std::source_location::current();",
            "f(__PRETTY_FUNCTION__);",
            "auto a = R\"(a\n\nb)\";",
            "auto a = u8R\"x(a)x\";",
            "R\"()\"",
        ] {
            assert!(knows_its_place(text.as_bytes()), "{text}");
        }
        for text in ["f(\"ERROR\");", "int LINE;", "f(__func__, 12);", "FOR\"x\""] {
            assert!(!knows_its_place(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn text_that_asks_for_columns_is_known() {
        for text in ["__builtin_COLUMN()", "std::source_location", "__PRETTY_FUNCTION__"] {
            assert!(
                knows_its_column(text.as_bytes()) && knows_its_place(text.as_bytes()),
                "{text}"
            );
        }
        assert!(!knows_its_column(b"__builtin_LINE(); __builtin_FILE(); R\"( )\""));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "[a-z:\\\\ \n\r$#\"0-9é]{0,60}") {
            let _ = parse_make(&text);
            let parsed = parse_preprocessed(text.as_bytes());
            // What is left holds no marker and no empty line.
            let again = parse_preprocessed(&parsed.text);
            proptest::prop_assert_eq!((again.text, again.files.len()), (parsed.text, 0));
        }

        #[test]
        fn names_survive_gccs_escapes(names in proptest::collection::vec("[a-zé/][a-z é#$./]{0,8}[a-z]", 1..5)) {
            let escaped: Vec<String> = names
                .iter()
                .map(|name| name.replace('$', "$$").replace('#', "\\#").replace(' ', "\\ "))
                .collect();
            let text = format!("out.ptx: {}\n", escaped.join(" \\\n  "));
            proptest::prop_assert_eq!(parse_make(&text).unwrap(), names);
        }
    }
}
