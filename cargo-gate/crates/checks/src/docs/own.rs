//! The command line of `cargo gate` itself, as documents are compared with it.

use gate_policy::similar;
use gate_text::markdown::fences::Word;

/// One line for each command: its words, `<>` where it takes arguments, and its options. The first line is `cargo gate`
/// without a command. Written by `cargo xtask docs` from the command line's own definition.
const TABLE: &str = include_str!("own.txt");

/// One command.
struct Command<'t> {
    /// The words after `cargo gate`.
    path: Vec<&'t str>,
    takes_arguments: bool,
    options: Vec<&'t str>,
}

impl<'t> Command<'t> {
    fn all() -> impl Iterator<Item = Command<'t>> {
        TABLE.lines().map(|line| {
            let (options, words): (Vec<_>, Vec<_>) = line.split(' ').partition(|word| word.starts_with('-'));
            let (marks, path): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| *word == "<>");
            Command {
                path,
                takes_arguments: !marks.is_empty(),
                options,
            }
        })
    }

    fn find(path: &[&str]) -> Option<Command<'t>> {
        Self::all().find(|command| command.path == path)
    }

    /// The words that may follow.
    fn below(&self) -> Vec<&'t str> {
        let depth = self.path.len();
        Self::all()
            .filter(|other| other.path.len() == depth + 1 && other.path.starts_with(&self.path))
            .map(|other| other.path[depth])
            .collect()
    }

    /// The command as it is called.
    fn called(&self) -> String {
        let words: Vec<&str> = ["cargo", "gate"].into_iter().chain(self.path.iter().copied()).collect();
        words.join(" ")
    }
}

/// Words of a call of `cargo gate` that it does not know, each with a message and what to do.
pub(super) fn unknown(arguments: &[Word]) -> Vec<(&Word, String, String)> {
    let mut wrong = Vec::new();
    let (Some(root), Some(mut command)) = (Command::find(&[]), Command::find(&[])) else {
        return wrong;
    };
    for (position, word) in arguments.iter().enumerate() {
        let Some(text) = word.text.as_deref() else {
            // What is filled in there may be a subcommand.
            return wrong;
        };
        if text.starts_with('-') {
            let long = text.starts_with("--");
            // `-j4` is `-j` with its value.
            let end = text.char_indices().nth(2).map_or(text.len(), |(end, _)| end);
            let option = if long {
                text.split('=').next().unwrap_or(text)
            } else {
                &text[..end]
            };
            let known = || command.options.iter().chain(&root.options).copied();
            if matches!(option, "-" | "--") || known().any(|known| known == option) {
                continue;
            }
            let similar = if long { similar(option, known()) } else { None };
            let help = match similar {
                Some(meant) => format!("write `{meant}`"),
                None => format!("`{} --help` lists the flags", command.called()),
            };
            let shown = if long { option } else { text };
            wrong.push((word, format!("`{}` has no flag `{shown}`", command.called()), help));
            continue;
        }
        let below = command.below();
        if below.is_empty() {
            continue;
        }
        let mut path = command.path.clone();
        path.push(text);
        if let Some(found) = Command::find(&path) {
            command = found;
        } else if command.takes_arguments || follows_option(arguments, position) {
            // An argument, or perhaps the value of an option before the subcommand.
        } else {
            let help = match similar(text, below) {
                Some(meant) => format!("write `{meant}`"),
                None => format!("`{} --help` lists the subcommands", command.called()),
            };
            wrong.push((word, format!("`{}` has no subcommand `{text}`", command.called()), help));
            return wrong;
        }
    }
    wrong
}

/// Whether the word before this one is an option whose value it may be.
fn follows_option(arguments: &[Word], position: usize) -> bool {
    let before = position
        .checked_sub(1)
        .and_then(|before| arguments[before].text.as_deref());
    before.is_some_and(|text| text.starts_with('-') && !text.contains('='))
}
