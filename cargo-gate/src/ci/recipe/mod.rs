//! Targets of task runners that continuous integration calls: make, just and cargo-make. Their files are read and never
//! run; what depends on a condition, on the output of a program or on the machine is left out or unknown.

mod cargo_make;
pub(super) mod file_name;
mod just;
mod make;
mod makefile;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::cargo_call::base_name;
use super::expand::{Argument, UNKNOWN, Variables};
use super::place;
use super::shell::{Dialect, Word};
use super::tree::Reader;

/// How deep files that include files are followed.
const MAX_INCLUDES: u32 = 5;
/// Most targets that one call leads to.
const MAX_TARGETS: usize = 200;

/// Shell text that a target stands for.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// File in which it is written, relative to the top of the repository.
    pub(super) path: String,
    /// 1-based line on which it begins.
    pub(super) line: u32,
    /// The text; expansions of the runner are replaced, those of the shell are not.
    pub(super) text: String,
    pub(super) dialect: Dialect,
    /// Directory in which it runs, relative to the top of the repository.
    pub(super) directory: Option<String>,
    /// Whether the shell ends with the first command that fails.
    pub(super) stops: bool,
    /// Why a failure has no consequence.
    pub(super) ignored: Option<&'static str>,
    /// Variables that the runner sets; `None` is a value that only the run knows.
    pub(super) variables: Variables,
}

/// What a command line runs, when it calls a task runner whose file is in the repository. The pieces stand in the order
/// in which they run.
pub(super) fn pieces(
    arguments: &[Argument],
    directory: Option<&str>,
    environment: &Variables,
    reader: &Reader<'_>,
) -> Vec<Piece> {
    let Some((runner, arguments)) = runner(arguments) else {
        return Vec::new();
    };
    let call = Call {
        arguments,
        directory,
        environment,
        reader,
    };
    let pieces = match runner {
        Runner::Make => make::pieces(&call),
        Runner::Just => just::pieces(&call),
        Runner::CargoMake => cargo_make::pieces(&call),
    };
    pieces.unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Make,
    Just,
    CargoMake,
}

/// The runner that a command line starts, and its arguments.
fn runner(arguments: &[Argument]) -> Option<(Runner, &[Argument])> {
    let name = |at: usize| arguments.get(at).and_then(Argument::text).map(base_name);
    let mut at = 0;
    // `sudo -E make`, `time just`, `xvfb-run -a make`
    if matches!(
        name(0),
        Some("sudo" | "time" | "env" | "xvfb-run" | "nice" | "command" | "exec")
    ) {
        at = 1 + arguments.iter().skip(1).position(|word| {
            word.text()
                .is_some_and(|text| !text.starts_with('-') && !text.contains('='))
        })?;
    }
    let rest = arguments.get(at + 1..).unwrap_or_default();
    match name(at)? {
        "make" | "gmake" | "mingw32-make" => Some((Runner::Make, rest)),
        "just" => Some((Runner::Just, rest)),
        "makers" => Some((Runner::CargoMake, rest)),
        "cargo" => {
            let is_toolchain = |word: &&Argument| word.text().is_some_and(|text| text.starts_with('+'));
            let toolchains = rest.iter().take_while(is_toolchain).count();
            let (subcommand, rest) = rest.get(toolchains..)?.split_first()?;
            (subcommand.text() == Some("make")).then_some((Runner::CargoMake, rest))
        }
        _ => None,
    }
}

/// A call of a runner.
struct Call<'a> {
    arguments: &'a [Argument],
    directory: Option<&'a str>,
    environment: &'a Variables,
    reader: &'a Reader<'a>,
}

impl Call<'_> {
    /// `path` as seen from where the runner is called.
    fn place(&self, path: &str) -> Option<String> {
        place::join(self.directory, path)
    }

    /// Value of a variable of the environment; `None` when it is not set, or only the run knows.
    fn environment(&self, name: &str) -> Option<&str> {
        let word = self.environment.get(name)?.as_ref()?;
        let known = word.literal || !word.text.contains(['$', UNKNOWN]);
        known.then_some(word.text.as_str())
    }
}

/// The value of an option: behind it, behind `=`, or attached to its letter.
fn option_value<'a>(
    text: &'a str,
    options: &[&str],
    rest: &mut std::slice::Iter<'a, Argument>,
) -> Option<Option<&'a str>> {
    for option in options {
        let Some(behind) = text.strip_prefix(option) else {
            continue;
        };
        if behind.is_empty() {
            return Some(rest.next().and_then(Argument::text));
        }
        if let Some(value) = behind.strip_prefix('=') {
            return Some(Some(value));
        }
        if !option.starts_with("--") {
            return Some(Some(behind));
        }
    }
    None
}

/// Names of the runner's own expansions that only the run knows, written as variables of the shell so that what reads
/// the text afterwards sees them as such.
#[derive(Debug, Default)]
struct Unknowns(BTreeSet<String>);

impl Unknowns {
    /// `${NAME}`, for a name that stands for this text.
    fn name(&mut self, text: &str) -> String {
        let name: String = text
            .trim()
            .chars()
            .take(40)
            .take_while(|char| !char.is_whitespace())
            .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
            .collect();
        let name = if name.is_empty() { "_".to_owned() } else { name };
        let shown = format!("${{{name}}}");
        self.0.insert(name);
        shown
    }

    fn into_variables(self) -> Variables {
        self.0.into_iter().map(|name| (name, None)).collect()
    }
}

/// A value of the runner as a variable of the shell.
fn known(value: &str) -> Option<Word> {
    (!value.contains(UNKNOWN)).then(|| Word {
        text: value.to_owned(),
        bare: true,
        literal: false,
    })
}
