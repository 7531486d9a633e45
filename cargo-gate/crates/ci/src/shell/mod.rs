//! Shell text taken apart into commands. Nothing is expanded and nothing is run: a word keeps its `$NAME` and
//! `${{ … }}` as they are written.
//!
//! This is no shell. It knows what commands in CI files are made of, errs towards more commands rather than fewer, and
//! gives each the offset at which it begins. Of PowerShell and `cmd` it reads plain lines of commands.

mod lexer;
mod parameter;
mod plain;
mod script;

pub use parameter::{Operator, Parameter};
pub use plain::plain_lines;
pub use script::split;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text, quotes and escapes removed, expansions as they are written.
    pub text: String,
    /// Whether no part of it is quoted, so that an expansion may become several words.
    pub bare: bool,
    /// Whether a part of it stands in single quotes, in which nothing is expanded.
    pub literal: bool,
}

/// What follows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Next {
    /// The end of a line, `;` or a bracket.
    #[default]
    End,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// One simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Offset of its first byte in the text that was split.
    pub offset: usize,
    /// Assignments in front of it, or all it is: name and value. Only these are left when there are no words.
    pub assignments: Vec<(String, Word)>,
    /// The words, the program first.
    pub words: Vec<Word>,
    /// Targets of its redirections.
    pub redirects: Vec<Word>,
    /// What follows.
    pub next: Next,
    /// Depth of brackets and substitutions around it.
    pub depth: u32,
    /// Whether it is a condition (`if`, `while`, `until`, `!`), so that its failure ends nothing.
    pub condition: bool,
    /// Whether it stands in a branch or a loop, so that it may not run at all.
    pub conditional: bool,
}

impl Command {
    /// Its words, as they are written.
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }
}

impl Word {
    /// A word without quotes.
    pub fn bare(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            bare: true,
            literal: false,
        }
    }
}
