//! Commands in fenced blocks of code, as far as they can be read without a shell.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::events;

/// A command of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Position of its block among the blocks of the document.
    pub block: usize,
    /// Its words.
    pub words: Vec<Word>,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What a shell makes of it; `None` where that depends on the shell's surroundings, and for placeholders.
    pub text: Option<String>,
    /// Where it stands.
    pub span: Range<usize>,
}

/// A line of a block with its offset.
type Line<'a> = (usize, &'a str);

/// The commands of every block in `console`, `sh`, `bash` or `shell`. Where lines start with `$ `, the others are output.
pub fn commands(text: &str) -> Vec<Command> {
    let mut found = Vec::new();
    let mut blocks = 0;
    let mut lines: Option<Vec<Line<'_>>> = None;
    for (event, span) in events(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if is_shell(&info) => lines = Some(Vec::new()),
            Event::Text(_) => {
                if let Some(lines) = &mut lines {
                    let mut at = span.start;
                    for line in text.get(span).unwrap_or_default().split_inclusive('\n') {
                        lines.push((at, line.trim_end_matches(['\n', '\r'])));
                        at += line.len();
                    }
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some(lines) = lines.take() {
                    for words in split(&typed(&lines)) {
                        found.push(Command { block: blocks, words });
                    }
                    blocks += 1;
                }
            }
            _ => {}
        }
    }
    found
}

fn is_shell(info: &str) -> bool {
    let language = info.split([',', ' ', '{']).next().unwrap_or_default();
    matches!(language, "console" | "sh" | "bash" | "shell" | "shell-session" | "zsh")
}

/// The lines that somebody types, without prompts.
fn typed<'a>(lines: &[Line<'a>]) -> Vec<Line<'a>> {
    if !lines.iter().any(|(_, line)| line.starts_with("$ ")) {
        return lines.to_vec();
    }
    let mut typed = Vec::new();
    let mut continued = false;
    for (at, line) in lines {
        if let Some(rest) = line.strip_prefix("$ ") {
            typed.push((at + 2, rest));
        } else if continued {
            typed.push((*at, *line));
        } else {
            continue;
        }
        continued = line.ends_with('\\');
    }
    typed
}

/// Splits lines into commands of words.
fn split(lines: &[Line<'_>]) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    let mut redirected = false;
    for (start, line) in lines {
        let (line, continued) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (*line, false),
        };
        if line.contains("<<") {
            // What follows is a text, not a command.
            break;
        }
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            let first = rest.chars().next().unwrap_or(' ');
            if first.is_whitespace() {
                at += first.len_utf8();
            } else if first == '#' {
                break;
            } else if matches!(first, '|' | '&' | ';') {
                commands.push(Vec::new());
                redirected = false;
                at += 1;
            } else if matches!(first, '>' | '<') && !is_placeholder(rest) {
                redirected = true;
                at += 1;
            } else {
                let (word, length) = word(rest);
                let span = start + at..start + at + length;
                if let (false, Some(command)) = (redirected, commands.last_mut()) {
                    command.push(Word { text: word, span });
                }
                at += length;
            }
        }
        if !continued {
            commands.push(Vec::new());
            redirected = false;
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// `<name>`: to be filled in.
fn is_placeholder(text: &str) -> bool {
    text.strip_prefix('<')
        .and_then(|rest| rest.find('>').map(|end| &rest[..end]))
        .is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}

/// The word that `text` starts with, and how many bytes it takes.
fn word(text: &str) -> (Option<String>, usize) {
    let mut out = String::new();
    let mut known = true;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '\\') => {
                if let Some((_, escaped)) = chars.next() {
                    out.push(escaped);
                }
            }
            (None, c) if c.is_whitespace() || matches!(c, '|' | '&' | ';') => return (known.then_some(out), at),
            (Some('\''), c) => out.push(c),
            (_, '$' | '`' | '…') => known = false,
            (None, '*' | '?' | '[' | ']' | '{' | '}' | '<' | '>' | '(' | ')' | '~') => known = false,
            (_, c) => out.push(c),
        }
    }
    let known = known && quote.is_none() && !out.contains("...");
    (known.then_some(out), text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let commands = commands(text);
        let lines = commands.iter().map(|command| {
            let words: Vec<&str> = command
                .words
                .iter()
                .map(|word| word.text.as_deref().unwrap_or("?"))
                .collect();
            format!("{}: {}\n", command.block, words.join(" | "))
        });
        lines.collect()
    }

    #[test]
    fn commands_are_what_somebody_types() {
        let text = "```console\n$ cargo run \\\n    --example 'a b'\nHello\n$ ls # list\n```\n\n\
                    > ```sh\n> A=1 cargo test -p $NAME && cargo doc > log 2>&1\n> cargo gate explain <check>\n> ```\n\n\
                    ```rust\nfn main() {}\n```\n```bash\ncat <<END\ncargo no\nEND\n```\n";
        insta::assert_snapshot!(shown(text), @"
        0: cargo | run | --example | a b
        0: ls
        1: A=1 | cargo | test | -p | ?
        1: cargo | doc
        1: 1
        1: cargo | gate | explain | ?
        ");
    }

    proptest! {
        #[test]
        fn words_lie_in_their_text(text in "(```sh\n|```\n|\\$ |a|é| |\n|\r\n|\"|'|\\\\|\\||<|>|#|&|  ){0,40}") {
            for command in commands(&text) {
                for word in command.words {
                    let raw = text.get(word.span.clone());
                    prop_assert!(raw.is_some_and(|raw| !raw.is_empty()));
                }
            }
        }
    }
}
