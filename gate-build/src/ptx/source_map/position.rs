//! Places in sources, and why there is none.

use std::fmt;

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The source, relative to a root, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column as the compiler counts it; 0 where it states none.
    pub column: u32,
    /// Where the function was called that stands here inlined.
    pub inlined_at: Option<Box<Position>>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        match &self.inlined_at {
            Some(call) => write!(f, " inlined at {call}"),
            None => Ok(()),
        }
    }
}

/// Why a line has no position. The list is closed, and the ids stay what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoPosition {
    /// The text has no such line.
    NoSuchLine,
    /// The line stands outside of all bodies: a declaration, a directive, debug information.
    NoInstruction,
    /// No `.loc` stands before it in its body.
    NoLineInfo,
    /// The compiler made it from no line in particular: its `.loc` says line 0.
    CompilerGenerated,
    /// It was made from a source outside of the roots.
    ForeignFile,
    /// Nothing in this text was made from that file.
    UnknownFile,
    /// Nothing in this text was made from that line.
    NoCode,
}

impl NoPosition {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::NoSuchLine,
        Self::NoInstruction,
        Self::NoLineInfo,
        Self::CompilerGenerated,
        Self::ForeignFile,
        Self::UnknownFile,
        Self::NoCode,
    ];

    /// The reasons for which an instruction has no position.
    pub const OF_INSTRUCTIONS: [Self; 3] = [Self::NoLineInfo, Self::CompilerGenerated, Self::ForeignFile];

    /// Its stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::NoSuchLine => "no_such_line",
            Self::NoInstruction => "no_instruction",
            Self::NoLineInfo => "no_line_info",
            Self::CompilerGenerated => "compiler_generated",
            Self::ForeignFile => "foreign_file",
            Self::UnknownFile => "unknown_file",
            Self::NoCode => "no_code",
        }
    }

    /// What it says, as part of a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NoSuchLine => "the text has no such line",
            Self::NoInstruction => "it is outside any function body",
            Self::NoLineInfo => "no `.loc` precedes it in its function body",
            Self::CompilerGenerated => "the compiler generated it without a source line",
            Self::ForeignFile => "its source file is outside the package",
            Self::UnknownFile => "no instruction in this text comes from that file",
            Self::NoCode => "no instruction in this text comes from that line",
        }
    }
}

impl fmt::Display for NoPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.meaning(), self.id())
    }
}
