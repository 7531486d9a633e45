//! What a command line of cargo selects, as far as it can be told without running it.

use gate_text::markdown::fences::Word;

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
