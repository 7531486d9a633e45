//! Tokens to commands.

use super::lexer::{Token, tokens};
use super::{Command, Dialect, Next, Word};

/// How deep substitutions are followed.
const MAX_DEPTH: u32 = 8;
/// Most commands of a text.
const MAX_COMMANDS: usize = 20_000;

/// The commands of a text in the order in which they begin, those of substitutions included.
pub fn split(text: &str, dialect: Dialect) -> Vec<Command> {
    let mut splitter = Splitter {
        commands: Vec::new(),
        dialect,
    };
    splitter.text(text, 0, 0);
    let mut commands = splitter.commands;
    commands.sort_by_key(|command| command.offset);
    commands
}

struct Splitter {
    commands: Vec<Command>,
    dialect: Dialect,
}

impl Splitter {
    fn text(&mut self, text: &str, base: usize, around: u32) {
        let mut current = Command::default();
        let mut depth = around;
        let mut redirect = false;
        for token in tokens(text, self.dialect) {
            if self.commands.len() >= MAX_COMMANDS {
                return;
            }
            match token {
                Token::Word(word, at) => {
                    if std::mem::take(&mut redirect) {
                        current.redirects.push(word);
                    } else {
                        self.word(&mut current, word, base + at);
                    }
                    continue;
                }
                Token::Substitution(at, inner) => {
                    if around < MAX_DEPTH {
                        self.text(&inner, base + at, around + 1);
                    }
                    continue;
                }
                Token::Redirect => {
                    redirect = true;
                    continue;
                }
                Token::End => self.close(&mut current, depth, Next::End),
                Token::And => self.close(&mut current, depth, Next::And),
                Token::Or => self.close(&mut current, depth, Next::Or),
                Token::Pipe => self.close(&mut current, depth, Next::Pipe),
                Token::Background => self.close(&mut current, depth, Next::Background),
                Token::Open => {
                    self.close(&mut current, depth, Next::End);
                    depth += 1;
                }
                Token::Close => {
                    self.close(&mut current, depth, Next::End);
                    depth = depth.saturating_sub(1).max(around);
                }
            }
            redirect = false;
        }
        self.close(&mut current, depth, Next::End);
    }

    fn word(&self, current: &mut Command, word: Word, offset: usize) {
        if current.words.is_empty() {
            if current.assignments.is_empty() {
                current.offset = offset;
            }
            if word.bare && self.is_reserved(&word.text) {
                current.condition |= matches!(word.text.as_str(), "if" | "elif" | "while" | "until" | "!");
                return;
            }
            if let Some((name, value)) = self.assignment(&word) {
                current.assignments.push((name, value));
                return;
            }
        }
        current.words.push(word);
    }

    fn is_reserved(&self, word: &str) -> bool {
        match self.dialect {
            Dialect::Posix => matches!(
                word,
                "if" | "then" | "else" | "elif" | "fi" | "do" | "done" | "while" | "until" | "!" | "{" | "}" | "esac"
            ),
            Dialect::PowerShell => matches!(word, "else" | "try" | "finally"),
            Dialect::Cmd => matches!(word.to_ascii_lowercase().as_str(), "call" | "else" | "do"),
        }
    }

    fn assignment(&self, word: &Word) -> Option<(String, Word)> {
        if self.dialect != Dialect::Posix {
            return None;
        }
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

    fn close(&mut self, current: &mut Command, depth: u32, next: Next) {
        let mut command = std::mem::take(current);
        if command.words.is_empty() && command.assignments.is_empty() {
            return;
        }
        command.depth = depth;
        command.next = next;
        self.set_variables(&mut command);
        self.commands.push(command);
    }

    /// `export NAME=value`, `$env:NAME = "value"` and `set NAME=value` are assignments too.
    fn set_variables(&self, command: &mut Command) {
        let first = command
            .words
            .first()
            .map(|word| word.text.to_ascii_lowercase())
            .unwrap_or_default();
        match self.dialect {
            Dialect::Posix if matches!(first.as_str(), "export" | "declare" | "local" | "readonly" | "typeset") => {
                let found: Vec<_> = command
                    .words
                    .iter()
                    .skip(1)
                    .filter_map(|word| self.assignment(word))
                    .collect();
                command.assignments.extend(found);
                command.words.clear();
            }
            Dialect::PowerShell if first.starts_with('$') => {
                let words = &command.words;
                let joined = words
                    .iter()
                    .map(|word| word.text.as_str())
                    .collect::<Vec<_>>()
                    .join(" ");
                if let Some((name, value)) = joined.split_once('=') {
                    let name = name
                        .trim()
                        .trim_start_matches('$')
                        .trim_start_matches("env:")
                        .to_owned();
                    command.assignments.push((name, Word::bare(value.trim())));
                    command.words.clear();
                }
            }
            Dialect::Cmd if first == "set" => {
                let words: Vec<&str> = command.words.iter().skip(1).map(|word| word.text.as_str()).collect();
                if let Some((name, value)) = words.join(" ").split_once('=') {
                    command.assignments.push((name.trim().to_owned(), Word::bare(value)));
                    command.words.clear();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, dialect: Dialect) -> String {
        let commands = split(text, dialect);
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

    fn posix(text: &str) -> String {
        shown(text, Dialect::Posix)
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
    fn other_shells() {
        insta::assert_snapshot!(shown("$env:A = \"1\"\n& cargo test `\n  --locked; if ($x) { cargo doc } # no\ncargo build 'a' | Out-Null", Dialect::PowerShell), @"
        1 A:=1
        2 cargo test --locked
        3 if
        3> $x
        3> cargo doc
        4 cargo build «a» Pipe
        4 Out-Null
        ");
        insta::assert_snapshot!(shown("@echo off\nREM cargo no\nset A=1\ncargo test ^\n  --locked & cargo doc && (cargo build)\n:: no\ncall cargo run", Dialect::Cmd), @"
        1 echo off
        3 A:=1
        4 cargo test --locked
        5 cargo doc And
        5> cargo build
        7 cargo run
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
            for dialect in [Dialect::Posix, Dialect::PowerShell, Dialect::Cmd] {
                let _ = split(text, dialect);
            }
        }
        assert!(split(&"$(".repeat(10_000), Dialect::Posix).len() < 20);
    }

    proptest! {
        #[test]
        fn no_text_panics(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "cargo", " ", "\n", "\r\n", "\\", "`", "^", "'", "\"", "$", "${", "${{", "}}", "}", "$(", "(", ")", "<<",
                "EOF", "<", ">", "&", "|", ";", "#", "=", "é", "1", "{", "rem ", "set ", "$env:x", "@", "\t", "a=(",
            ]), 0..40)) {
            let text = parts.concat();
            for dialect in [Dialect::Posix, Dialect::PowerShell, Dialect::Cmd] {
                for command in split(&text, dialect) {
                    prop_assert!(command.offset <= text.len());
                    prop_assert!(text.is_char_boundary(command.offset));
                }
            }
        }

        #[test]
        fn each_plain_line_is_a_command_of_its_words(lines in proptest::collection::vec("[a-z-]{1,8}( [a-z./-]{1,8}){0,3}", 1..6)) {
            let lines: Vec<String> = lines.iter().map(|line| format!("x{line}")).collect();
            let text = lines.join("\n");
            for dialect in [Dialect::Posix, Dialect::PowerShell, Dialect::Cmd] {
                let commands = split(&text, dialect);
                prop_assert_eq!(commands.len(), lines.len());
                for (command, line) in commands.iter().zip(&lines) {
                    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
                    prop_assert_eq!(words, line.split(' ').collect::<Vec<_>>());
                    prop_assert!(text[command.offset..].starts_with(line.as_str()));
                }
            }
        }
    }
}
