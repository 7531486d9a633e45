//! What of C++ text is code, against a lexer that follows the standard word by word and drops nothing it is not told to.

use gate_build::code::Code;
use proptest::prelude::*;

/// A token with the line and the column of its first byte.
type Token = (String, usize, usize);

/// Translation phases 2 and 3 (C++17, \[lex.phases\]): lines that a backslash joins, then tokens. `None` where a comment or a raw string
/// has no end.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let bytes = joined(text);
    let at = |index: usize| bytes.get(index).map(|&(byte, ..)| byte);
    let starts = |index: usize, what: &str| {
        what.bytes()
            .enumerate()
            .all(|(offset, byte)| at(index + offset) == Some(byte))
    };
    let is_word =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(&byte) || byte > 127);
    let mut tokens: Vec<Token> = Vec::new();
    // Tokens of this line of the joined text.
    let mut line: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(byte) = at(index) {
        let begin = index;
        if byte == b'\n' {
            line.clear();
            index += 1;
            continue;
        }
        if b" \t\r".contains(&byte) {
            index += 1;
            continue;
        }
        if starts(index, "//") {
            while at(index).is_some_and(|byte| byte != b'\n') {
                index += 1;
            }
            continue;
        }
        if starts(index, "/*") {
            index += 2;
            while !starts(index, "*/") {
                at(index)?;
                index += 1;
            }
            index += 2;
            continue;
        }
        let names_header = line == ["#", "include"];
        let raw = ["R\"", "u8R\"", "LR\""]
            .into_iter()
            .find(|prefix| starts(index, prefix));
        if names_header && (byte == b'<' || byte == b'"') {
            let close = if byte == b'<' { b'>' } else { b'"' };
            let length = bytes[index + 1..]
                .iter()
                .take_while(|&&(byte, ..)| byte != close && byte != b'\n')
                .count();
            // Without an end it is no name.
            index += if at(index + 1 + length) == Some(close) {
                length + 2
            } else {
                1
            };
        } else if let Some(prefix) = raw {
            index += prefix.len();
            let mut end = vec![b')'];
            while at(index)? != b'(' {
                end.push(at(index)?);
                index += 1;
            }
            end.push(b'"');
            let end = String::from_utf8(end).ok()?;
            while !starts(index, &end) {
                at(index)?;
                index += 1;
            }
            index += end.len();
        } else if byte == b'"' || byte == b'\'' {
            let mut end = index + 1;
            while at(end).is_some_and(|inner| inner != byte && inner != b'\n') {
                end += if at(end) == Some(b'\\') && at(end + 1) != Some(b'\n') {
                    2
                } else {
                    1
                };
            }
            // Without an end the quote is a token by itself.
            index = if at(end) == Some(byte) { end + 1 } else { index + 1 };
        } else if byte.is_ascii_digit() || byte == b'.' && at(index + 1).is_some_and(|byte| byte.is_ascii_digit()) {
            loop {
                let signed = at(index).is_some_and(|byte| b"eEpP".contains(&byte));
                if signed && at(index + 1).is_some_and(|byte| b"+-".contains(&byte))
                    || at(index) == Some(b'\'') && is_word(at(index + 1))
                {
                    index += 2;
                } else if is_word(at(index)) || at(index) == Some(b'.') {
                    index += 1;
                } else {
                    break;
                }
            }
        } else if is_word(Some(byte)) {
            while is_word(at(index)) {
                index += 1;
            }
        } else {
            index += 1;
        }
        let text: Vec<u8> = bytes[begin..index.min(bytes.len())]
            .iter()
            .map(|&(byte, ..)| byte)
            .collect();
        let text = String::from_utf8_lossy(&text).into_owned();
        line.push(text.clone());
        tokens.push((text, bytes[begin].1, bytes[begin].2));
    }
    Some(tokens)
}

/// Bytes with their lines and columns, without backslashes at the ends of lines and what follows them there.
fn joined(text: &str) -> Vec<(u8, usize, usize)> {
    let (mut line, mut column) = (1, 1);
    let mut placed = Vec::new();
    for byte in text.bytes() {
        placed.push((byte, line, column));
        column += 1;
        if byte == b'\n' {
            (line, column) = (line + 1, 1);
        }
    }
    let mut joined: Vec<(u8, usize, usize)> = Vec::new();
    for this @ (byte, ..) in placed {
        if byte == b'\n' {
            // GCC joins lines over blanks as well.
            let blanks = joined
                .iter()
                .rev()
                .take_while(|(byte, ..)| b" \t\r".contains(byte))
                .count();
            let before = joined.len() - blanks;
            if before > 0 && joined[before - 1].0 == b'\\' {
                joined.truncate(before - 1);
                continue;
            }
        }
        joined.push(this);
    }
    joined
}

fn code(text: &str) -> Option<Code> {
    Code::of(text.as_bytes())
}

#[test]
fn what_moves_no_token_is_the_same_code() {
    let before = "#include <a.h>\n#define F(x) \\\n    (x) // one\n\n__global__ void k(float *x) {\n    x[0] = F(\"// no\"); /* a\nb */\n}\n";
    let after = "#include <a.h> // why\n#define F(x) \\\n    (x)   // another\n// new\n__global__ void k(float *x) {\t\n    x[0] = F(\"// no\"); // c\n// d\n}\n\n// end";
    assert!(code(before).is_some());
    assert_eq!(code(before), code(after));
}

#[test]
fn lines_and_columns_count_and_are_told_from_tokens() {
    let text = "int a; // c\nint b;\n";
    let placed = |text: &str| code(text).unwrap().placed;
    let bare = |text: &str| code(text).unwrap().bare;
    for moved in [
        "// c\nint a;\nint b;\n",
        "int  a;\nint b;\n",
        "/* c */ int a;\nint b;\n",
        "int a; int b;\n",
    ] {
        assert_ne!(placed(text), placed(moved), "{moved}");
        assert_eq!(bare(text), bare(moved), "{moved}");
    }
    for other in [
        "int a; // c\nint c;\n",
        "int a;\n",
        "int a; int b;;\n",
        "int a; \"// c\"\nint b;\n",
    ] {
        assert_ne!(bare(text), bare(other), "{other}");
    }
}

#[test]
fn line_ends_of_windows_are_line_ends() {
    let text = "int a; // c\n\nint b;\n";
    assert_eq!(code(text), code(&text.replace('\n', "\r\n")));
    assert!(code("int a;\rint b;\n").is_none());
}

#[test]
fn what_is_not_sure_has_no_code() {
    for text in [
        "auto a = R\"(// no comment)\";",
        "auto a = u8R\"x(\")x\";",
        "what??/\n",
        "#error it's not\n",
        "// goes on \\\nint a;",
        "// goes on \\  \nint a;",
        "/* ends *\\\n/ int a;",
        "/\\\n/ comment",
        "ab\\\ncd",
        "int a \\  \n;",
        "/* open",
        "\"open\n",
        "#include <a//b.h>\n",
        "#include <a/*b.h>\n",
        "#include \"a\\b.h\"\n",
        "#if __has_include(<a//b.h>)\n",
        "int a = 1'0'/*';",
        "it '// is' so",
        "a\u{c}b",
        "a\0b",
        "a \\",
        "a \\\n",
        "x \\ // c\ny",
        "x \\ //",
        "caf\\u00e9",
    ] {
        assert_eq!(code(text), None, "{text:?}");
    }
    assert_eq!(Code::of(b"\xff"), None);
}

#[test]
fn comments_beyond_ascii_and_beside_separated_digits_stay() {
    for (before, after) in [
        ("int a; // caf\u{e9}\n", "int a; // cafe\n"),
        ("int a = 1'000; // it's\n", "int a = 1'000; // it is\n"),
        ("int a = 1'000; // it's", "int a = 1'000; // it is"),
    ] {
        let (before, after) = (code(before).unwrap(), code(after).unwrap());
        assert_ne!(before.placed, after.placed);
        assert_eq!(before.bare, after.bare);
    }
}

fn pieces(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    let all = [
        "/",
        "*",
        "//",
        "/*",
        "*/",
        "\\",
        "\\\n",
        "\n",
        "\n",
        "\r\n",
        " ",
        "  ",
        "\t",
        "\"",
        "'",
        "R",
        "u8",
        "(",
        ")",
        "#",
        "#include ",
        "<",
        ">",
        "a",
        "b ",
        "1",
        "1'0",
        "e",
        "+",
        ".",
        "?",
        "\u{e9}",
        "// c\n",
        "/* c */",
        "\"s\"",
        "'c'",
        "int x;\n",
        " \\\n",
    ];
    proptest::collection::vec(proptest::sample::select(all.to_vec()), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The one that matters: nothing that is taken for the same has other tokens, or the same ones elsewhere.
    #[test]
    fn the_same_code_has_the_same_tokens(before in pieces(14), at in 0_usize..14, gone in 0_usize..3, new in pieces(4)) {
        let at = at.min(before.len());
        let rest = &before[(at + gone).min(before.len())..];
        let after = [&before[..at], &new, rest].concat().concat();
        let before = before.concat();
        if let (Some(one), Some(two)) = (code(&before), code(&after))
            && one.placed == two.placed
        {
            prop_assert_eq!(tokens(&before), tokens(&after), "{:?} {:?}", before, after);
        }
    }

    #[test]
    fn comments_and_blanks_at_the_ends_of_lines_do_not_count(
        lines in proptest::collection::vec("[a-z<>#+;()\" ]{0,8}", 1..6),
        comments in proptest::collection::vec("( |\t){0,2}(//[a-z'\"/*<]{0,5})?", 6),
    ) {
        // A quote is to have its other half on the line.
        let lines: Vec<String> = lines.iter().map(|line| line.replace('"', "\"\"").trim_end().to_owned()).collect();
        let plain: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let commented: String = lines.iter().zip(&comments).map(|(line, comment)| format!("{line}{comment}\n")).collect();
        prop_assert!(code(&plain).is_some(), "{:?}", plain);
        prop_assert_eq!(code(&plain), code(&commented), "{:?}", commented);
    }

    #[test]
    fn a_comment_at_the_end_is_the_same_code_and_one_in_front_moves_it(text in pieces(14)) {
        let text = text.concat();
        if let Some(now) = code(&text) {
            prop_assert_eq!(code(&format!("{text}\n// x")), Some(now), "{:?}", text);
            if let Some(moved) = code(&format!("/* */ {text}")) {
                prop_assert_eq!(moved.bare, now.bare, "{:?}", text);
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = Code::of(&bytes);
    }
}
