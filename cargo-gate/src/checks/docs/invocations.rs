//! What a command line of cargo selects, as far as it can be told without running it.

use std::sync::OnceLock;

use crate::markdown::fences::Word;
use crate::policy::similar;

/// A call of cargo.
#[derive(Debug)]
pub(super) struct Invocation<'w> {
    /// The subcommand; `nextest run` counts as one.
    pub(super) subcommand: &'w str,
    /// What follows it, up to `--`.
    pub(super) arguments: &'w [Word],
}

/// What an argument selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Selector {
    /// `-p`
    Package,
    /// `--bin` and the like, by the kind of target as cargo calls it.
    Target(&'static str),
    /// `--features`
    Feature,
    /// `--path`
    Path,
    /// `--manifest-path`
    Manifest,
}

/// Subcommands that select packages, targets and features of the workspace.
const BUILDING: &[&str] = &[
    "bench", "b", "build", "c", "check", "clippy", "d", "doc", "fix", "nextest", "r", "run", "rustc", "rustdoc", "t",
    "test",
];

impl<'w> Invocation<'w> {
    /// `None` when it is not cargo that is called, or when it cannot be told how.
    pub(super) fn new(words: &'w [Word]) -> Option<Self> {
        let text = |word: &'w Word| word.text.as_deref();
        let mut at = words.iter().position(|word| !text(word).is_some_and(is_assignment))?;
        if text(words.get(at)?)? != "cargo" {
            return None;
        }
        at += 1;
        loop {
            let word = text(words.get(at)?)?;
            match word {
                // Another directory has other packages.
                "-C" => return None,
                "-Z" | "--config" | "--color" => at += 2,
                _ if word.starts_with(['+', '-']) => at += 1,
                _ => break,
            }
        }
        let mut subcommand = text(words.get(at)?)?;
        at += 1;
        if subcommand == "nextest" {
            if text(words.get(at)?)? != "run" {
                return None;
            }
            subcommand = "nextest";
            at += 1;
        }
        let mut parts = words.get(at..)?.split(|word| word.text.as_deref() == Some("--"));
        Some(Self {
            subcommand,
            arguments: parts.next()?,
        })
    }

    /// Whether it selects targets of the workspace.
    pub(super) fn selects_targets(&self) -> bool {
        BUILDING.contains(&self.subcommand)
    }

    /// What it selects: which kind of thing, the word that says so, and the name.
    pub(super) fn selectors(&self) -> Vec<(Selector, &'w Word, String)> {
        if !self.selects_targets() && self.subcommand != "install" {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let Some(text) = word.text.as_deref() else { continue };
            let (flag, attached) = match text.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (text, None),
            };
            let selector = match flag {
                "-p" | "--package" => Selector::Package,
                "--bin" => Selector::Target("bin"),
                "--example" => Selector::Target("example"),
                "--test" => Selector::Target("test"),
                "--bench" => Selector::Target("bench"),
                "-F" | "--features" => Selector::Feature,
                "--path" => Selector::Path,
                "--manifest-path" => Selector::Manifest,
                _ => continue,
            };
            let (word, value) = match attached {
                Some(value) => (word, Some(value)),
                // What follows may be optional (`--bin` alone lists the names), or another flag.
                None => match words.as_slice().first() {
                    Some(next) if !next.text.as_deref().is_some_and(|text| text.starts_with('-')) => {
                        words.next();
                        (next, next.text.as_deref())
                    }
                    _ => continue,
                },
            };
            let Some(value) = value else { continue };
            if selector == Selector::Feature {
                let names = value
                    .split([',', ' '])
                    .filter(|name| !name.is_empty() && !name.contains(['/', ':']));
                found.extend(names.map(|name| (selector, word, name.to_owned())));
            } else if value.contains(['*', '?', '['])
                || selector == Selector::Package && value.contains(['/', ':', '#'])
            {
                // An address or a pattern.
            } else {
                let value = match selector {
                    Selector::Package => value.split('@').next().unwrap_or(value),
                    Selector::Path | Selector::Manifest => value.trim_end_matches('/'),
                    _ => value,
                };
                found.push((selector, word, value.to_owned()));
            }
        }
        found
    }
}

/// `NAME=value` in front of a command.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Words of a call of `cargo gate` that it does not know, each with a message and what to do.
pub(super) fn gate_flags(arguments: &[Word]) -> Vec<(&Word, String, String)> {
    static COMMANDS: OnceLock<clap::Command> = OnceLock::new();
    let root = COMMANDS.get_or_init(crate::command_line::command);
    let mut command = root;
    let mut wrong = Vec::new();
    for word in arguments {
        let Some(text) = word.text.as_deref() else {
            // What is filled in there may be a subcommand.
            return wrong;
        };
        if let Some(flag) = text.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap_or_default();
            let known: Vec<&str> = [command, root]
                .into_iter()
                .flat_map(clap::Command::get_arguments)
                .filter(|argument| std::ptr::eq(command, root) || argument.is_global_set() || has(command, argument))
                .filter_map(clap::Arg::get_long)
                .chain(["help", "version"])
                .collect();
            if !flag.is_empty() && !known.contains(&flag) {
                let help = match similar(flag, known.iter().copied()) {
                    Some(meant) => format!("write `--{meant}`"),
                    None => format!("`{} --help` lists the flags", called(root, command)),
                };
                wrong.push((
                    word,
                    format!("`{}` has no flag `--{flag}`", called(root, command)),
                    help,
                ));
            }
        } else if let Some(letters) = text.strip_prefix('-') {
            let short = letters.chars().next();
            let known = |command: &clap::Command| command.get_arguments().any(|argument| argument.get_short() == short);
            if short.is_some() && !known(command) && !known(root) && !matches!(short, Some('h' | 'V')) {
                let message = format!("`{}` has no flag `-{letters}`", called(root, command));
                wrong.push((
                    word,
                    message,
                    format!("`{} --help` lists the flags", called(root, command)),
                ));
            }
        } else if command.has_subcommands() {
            match command.find_subcommand(text) {
                Some(found) => command = found,
                // A value of a flag before the subcommand, perhaps.
                None if wrong_position(arguments, word) => {}
                // What is no subcommand is an argument where the command takes both.
                None if command.get_positionals().next().is_some() => {}
                None => {
                    let names = command.get_subcommands().map(clap::Command::get_name);
                    let help = match similar(text, names) {
                        Some(meant) => format!("write `{meant}`"),
                        None => format!("`{} --help` lists the subcommands", called(root, command)),
                    };
                    let message = format!("`{}` has no subcommand `{text}`", called(root, command));
                    wrong.push((word, message, help));
                    return wrong;
                }
            }
        }
    }
    wrong
}

fn has(command: &clap::Command, argument: &clap::Arg) -> bool {
    command.get_arguments().any(|own| own.get_id() == argument.get_id())
}

/// Whether a flag stands before this word, whose value it may be.
fn wrong_position(arguments: &[Word], word: &Word) -> bool {
    let before = arguments.iter().take_while(|one| one.span != word.span).last();
    before.is_some_and(|before| {
        let text = before.text.as_deref().unwrap_or_default();
        text.starts_with('-') && !text.contains('=')
    })
}

/// The command as it is called.
fn called(root: &clap::Command, command: &clap::Command) -> String {
    if std::ptr::eq(root, command) {
        "cargo gate".to_owned()
    } else {
        format!("cargo gate {}", command.get_name())
    }
}
