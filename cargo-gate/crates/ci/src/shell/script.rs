//! Tokens to commands.

use super::lexer::{Token, tokens};
use super::{Command, Next, Word};

/// How deep substitutions are followed.
const MAX_DEPTH: u32 = 8;
/// Most commands of a text.
const MAX_COMMANDS: usize = 20_000;

/// The commands of a text in the order in which they begin, those of substitutions included.
pub fn split(text: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    add_commands(&mut commands, text, 0, 0);
    commands.sort_by_key(|command| command.offset);
    commands
}

/// Adds the commands of a text that begins at `base` and stands in `around` brackets.
fn add_commands(commands: &mut Vec<Command>, text: &str, base: usize, around: u32) {
    let mut current = Command::default();
    let mut depth = around;
    let mut is_target = false;
    let mut blocks = 0_u32;
    for token in tokens(text) {
        if commands.len() >= MAX_COMMANDS {
            return;
        }
        match token {
            Token::Word(word, _) if std::mem::take(&mut is_target) => current.redirects.push(word),
            Token::Word(word, at) => {
                if current.words.is_empty() && word.bare {
                    blocks = inside(blocks, &word.text);
                }
                add_word(&mut current, word, base + at);
                current.conditional = blocks > 0;
            }
            Token::Substitution(at, inner) if around < MAX_DEPTH => {
                add_commands(commands, &inner, base + at, around + 1);
            }
            Token::Substitution(..) => {}
            Token::Redirect => is_target = true,
            Token::Next(_) | Token::Open | Token::Close => {
                is_target = false;
                let next = if let Token::Next(next) = token { next } else { Next::End };
                close(commands, &mut current, depth, next);
                match token {
                    Token::Open => depth += 1,
                    Token::Close => depth = depth.saturating_sub(1).max(around),
                    _ => {}
                }
            }
        }
    }
    close(commands, &mut current, depth, Next::End);
}

/// Number of branches and loops around what follows a word at the beginning of a command.
fn inside(blocks: u32, word: &str) -> u32 {
    match word {
        "then" | "do" | "case" => blocks + 1,
        "elif" | "fi" | "done" | "esac" => blocks.saturating_sub(1),
        _ => blocks,
    }
}

fn add_word(current: &mut Command, word: Word, offset: usize) {
    if !current.words.is_empty() {
        return current.words.push(word);
    }
    if current.assignments.is_empty() {
        current.offset = offset;
    }
    if word.bare && is_reserved(&word.text) {
        current.condition |= matches!(word.text.as_str(), "if" | "elif" | "while" | "until" | "!");
    } else if let Some(assignment) = assignment(&word) {
        current.assignments.push(assignment);
    } else {
        current.words.push(word);
    }
}

fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "if" | "then" | "else" | "elif" | "fi" | "do" | "done" | "while" | "until" | "!" | "{" | "}" | "esac"
    )
}

fn assignment(word: &Word) -> Option<(String, Word)> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    (plain && begins).then(|| {
        let value = Word {
            text: value.to_owned(),
            ..word.clone()
        };
        (name.to_owned(), value)
    })
}

fn close(commands: &mut Vec<Command>, current: &mut Command, depth: u32, next: Next) {
    let mut command = std::mem::take(current);
    if command.words.is_empty() && command.assignments.is_empty() {
        return;
    }
    (command.depth, command.next) = (depth, next);
    // `export NAME=value` is an assignment too.
    let first = command.words.first().map(|word| word.text.as_str());
    if matches!(first, Some("export" | "declare" | "local" | "readonly" | "typeset")) {
        let words = std::mem::take(&mut command.words);
        command.assignments.extend(words.iter().filter_map(assignment));
    }
    commands.push(command);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn posix(text: &str) -> String {
        let commands = split(text);
        let lines = commands.iter().map(|command| {
            let line = text[..command.offset].matches('\n').count() + 1;
            let assignments = command
                .assignments
                .iter()
                .map(|(name, value)| format!("{name}:={} ", value.text));
            let words: Vec<String> = command
                .words
                .iter()
                .map(|word| {
                    if word.bare {
                        word.text.clone()
                    } else {
                        format!("«{}»", word.text)
                    }
                })
                .collect();
            let redirects = command.redirects.iter().map(|word| format!(" >{}", word.text));
            let next = match command.next {
                Next::End => String::new(),
                next => format!(" {next:?}"),
            };
            let depth = ">".repeat(command.depth as usize);
            let condition = if command.condition { "?" } else { "" };
            format!(
                "{line}{depth}{condition} {}{}{}{next}",
                assignments.collect::<String>(),
                words.join(" "),
                redirects.collect::<String>()
            )
        });
        let trimmed = |text: String| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        lines.map(trimmed).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lines_operators_and_comments() {
        insta::assert_snapshot!(posix("# no\ncargo build # why\ncargo test && cargo doc; cargo fmt || true\ncargo run | tee log &\n\necho a#b"), @"
        2 cargo build
        3 cargo test And
        3 cargo doc
        3 cargo fmt Or
        3 true
        4 cargo run Pipe
        4 tee log Background
        6 echo a#b
        ");
        insta::assert_snapshot!(posix("cargo test \\\n  --all \\\r\n  --locked\ncargo doc"), @"
        1 cargo test --all --locked
        4 cargo doc
        ");
        insta::assert_snapshot!(posix("cargo test > log 2>&1 < in; cargo doc &> all; a <(cargo tree)"), @"
        1 cargo test >log >1 >in
        1 cargo doc >all
        1 a
        1> cargo tree
        ");
    }

    #[test]
    fn quotes_expressions_and_variables() {
        insta::assert_snapshot!(posix(r#"FOO=1 BAR="a b" cargo test --features "a b" 'c "d' e\ f ${{ matrix.flags || 'x y' }} "${{ env.X }}" $Y ${Z:-a b}"#), @r#"1 FOO:=1 BAR:=a b cargo test --features «a b» «c "d» e f ${{ matrix.flags || 'x y' }} «${{ env.X }}» $Y ${Z:-a b}"#);
        insta::assert_snapshot!(posix("args=(--locked\n --all)\ncargo test \"${args[@]}\"\nexport A=1 B=2"), @"
        1 args:=--locked
         --all
        3 cargo test «${args[@]}»
        4 A:=1 B:=2
        ");
        insta::assert_snapshot!(posix("V=\"$(cargo metadata | jq '.a(')\" && W=`cargo tree` x $(cd a && cargo run)"), @"
        1 V:=$(cargo metadata | jq '.a(')  And
        1> cargo metadata Pipe
        1> jq «.a(»
        1 W:=`cargo tree` x $(cd a && cargo run)
        1> cargo tree
        1> cd a And
        1> cargo run
        ");
    }

    #[test]
    fn structure() {
        insta::assert_snapshot!(posix("if ! cargo test; then cargo doc; else\n  cargo fmt\nfi\n(cd a && cargo build)\nfor f in a b; do cargo test -p $f; done\ncase $x in a) cargo run;; esac\nf() { cargo bench; }"), @"
        1? cargo test
        1 cargo doc
        2 cargo fmt
        4> cd a And
        4> cargo build
        5 for f in a b
        5 cargo test -p $f
        6 case $x in a
        6 cargo run
        7 f
        7 cargo bench
        ");
        insta::assert_snapshot!(posix("cat <<EOF | tee x\ncargo build\nEOF\ncargo test\ncat <<-'E'\n\tcargo doc\n\tE\ncat <<< cargo"), @"
        1 cat Pipe
        1 tee x
        4 cargo test
        5 cat
        8 cat >cargo
        ");
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in [
            "cargo 'test",
            "cargo \"test",
            "cargo $(test",
            "cargo ${{ test",
            "cargo `test",
            "a=(",
            "<<",
            "cargo \\",
            "<<'",
        ] {
            let _ = split(text);
        }
        assert!(split(&"$(".repeat(10_000)).len() < 20);
    }

    proptest! {
        #[test]
        fn no_text_panics(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "cargo", " ", "\n", "\r\n", "\\", "`", "^", "'", "\"", "$", "${", "${{", "}}", "}", "$(", "(", ")", "<<",
                "EOF", "<", ">", "&", "|", ";", "#", "=", "é", "1", "{", "rem ", "set ", "$env:x", "@", "\t", "a=(",
            ]), 0..40)) {
            let text = parts.concat();
            for command in split(&text) {
                prop_assert!(text.is_char_boundary(command.offset));
            }
        }

        #[test]
        fn each_plain_line_is_a_command_of_its_words(lines in proptest::collection::vec("[a-z-]{1,8}( [a-z./-]{1,8}){0,3}", 1..6)) {
            let lines: Vec<String> = lines.iter().map(|line| format!("x{line}")).collect();
            let text = lines.join("\n");
            let commands = split(&text);
            prop_assert_eq!(commands.len(), lines.len());
            for (command, line) in commands.iter().zip(&lines) {
                let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
                prop_assert_eq!(words, line.split(' ').collect::<Vec<_>>());
                prop_assert!(text[command.offset..].starts_with(line.as_str()));
            }
        }
    }
}
