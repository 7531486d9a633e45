//! Plain lines of PowerShell and `cmd`.

/// The text as a POSIX shell would read it, of the same length: lines that are more than a plain command are blank. Offset and text
/// of those are the second value.
pub fn plain_lines(text: &str) -> (String, Vec<(usize, &str)>) {
    let (mut plain, mut others) = (String::with_capacity(text.len()), Vec::new());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        // The line goes on behind the escape character of its shell.
        let whole = content.strip_suffix(['`', '^']).unwrap_or(content);
        let mut command = whole.trim_start_matches([' ', '\t', '@']);
        for before in ["& ", "call "] {
            command = command.strip_prefix(before).unwrap_or(command);
        }
        let is_comment = command.starts_with(['#', ':']) || command.starts_with("rem ") || command.starts_with("REM ");
        if is_plain(command) && !is_comment {
            plain.extend(std::iter::repeat_n(' ', whole.len() - command.len()));
            plain += &command.replace('\\', "/");
            plain += if whole.len() < content.len() { "\\" } else { "" };
        } else {
            others.extend((!is_comment).then_some((plain.len(), command)));
            plain.extend(std::iter::repeat_n(' ', content.len()));
        }
        plain += &line[content.len()..];
    }
    (plain, others)
}

/// Whether every shell reads it alike: words, quotes, names of variables, pipes, `&&` and redirections.
fn is_plain(command: &str) -> bool {
    let mut rest = command;
    let mut written = String::new();
    // What GitHub fills in is text by then.
    while let Some((before, behind)) = rest.split_once("${{") {
        written += before;
        rest = behind.split_once("}}").map_or("", |(_, behind)| behind);
    }
    written += rest;
    let written = written.replace("&&", "").replace("2>&1", "");
    !written.starts_with('$')
        && !written.contains(" @")
        && !written.contains(['&', '(', ')', '{', '}', '%', '<', '`', '^'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_that_every_shell_reads_alike() {
        let text = "@echo off\n& cargo test `\r\n  --locked # why\nrem cargo no\nif ($x) {\n  call .\\ci\\x.bat ${{ f('(') }} && cargo doc 2>&1 | tee log\n}\n$y = cargo metadata\n";
        let (plain, others) = plain_lines(text);
        insta::assert_snapshot!(plain.lines().map(str::trim).collect::<Vec<_>>().join("\n"), @r#"
        echo off
        cargo test \
        --locked # why


        ./ci/x.bat ${{ f('(') }} && cargo doc 2>&1 | tee log
        "#);
        insta::assert_debug_snapshot!(others, @r#"
        [
            (
                56,
                "if ($x) {",
            ),
            (
                126,
                "}",
            ),
            (
                128,
                "$y = cargo metadata",
            ),
        ]
        "#);
    }

    proptest! {
        #[test]
        fn offsets_stay(text in "[a-z @&^`\\\\${}#:é\r\n]{0,60}") {
            let (plain, others) = plain_lines(&text);
            prop_assert_eq!(plain.len(), text.len());
            prop_assert!(others.iter().all(|(at, line)| text[*at..].contains(line)));
        }
    }
}
