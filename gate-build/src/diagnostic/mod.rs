//! What is wrong with a kernel or with a compiler, in the words a user reads.

mod id;

use std::fmt;
use std::path::PathBuf;

use crate::sorted::List as _;

pub use self::id::Id;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth reading; the kernel was built.
    Warning,
    /// The kernel was not built.
    Error,
}

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as the compiler names it.
    pub file: PathBuf,
    /// Line, counted from 1.
    pub line: u32,
    /// Column, counted from 1, where the compiler says it.
    pub column: Option<u32>,
}

/// One finding about one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about, as a stable code.
    pub id: Id,
    /// How bad it is.
    pub severity: Severity,
    /// One line that says what is wrong.
    pub message: String,
    /// The first place that the compiler names.
    pub place: Option<Box<Place>>,
    /// The unit (`kernels/softmax.cu`), where it is about one.
    pub unit: Option<String>,
    /// What the compiler printed, as it printed it, bounded in length.
    pub output: String,
    /// An edit or a command that helps.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error that says this.
    pub fn error(id: Id, message: impl Into<String>) -> Self {
        Self {
            id,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            unit: None,
            output: String::new(),
            help: None,
        }
    }

    /// A warning that says this.
    pub fn warning(id: Id, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(id, message)
        }
    }

    /// With an edit or a command that helps.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// About this unit.
    #[must_use]
    pub fn unit(mut self, name: impl Into<String>) -> Self {
        self.unit = Some(name.into());
        self
    }

    /// With the text that a compiler printed. The first place named in it becomes the place of the diagnostic.
    #[must_use]
    pub fn output(mut self, text: &str) -> Self {
        let text = text.trim_end();
        self.place = self
            .place
            .or_else(|| text.lines().seek_map(place_of_line).map(Box::new));
        self.output = bounded(text);
        self
    }
}

/// Every error and warning in what a compiler printed that has a place, in its order.
#[must_use]
pub fn messages(output: &str) -> Vec<Diagnostic> {
    let found = output.lines().filter_map(|line| {
        let place = place_of_line(line)?;
        let (severity, rest) = MARKERS
            .iter()
            .filter_map(|(marker, severity)| Some((line.find(marker)?, marker, severity)))
            .min()
            .map(|(at, marker, severity)| (*severity, &line[at + marker.len()..]))?;
        let message = rest.trim_start_matches(':').trim();
        let id = match severity {
            Severity::Error => Id::SourceRefused,
            Severity::Warning => Id::CompilerWarning,
        };
        let mut diagnostic = Diagnostic::error(id, if message.is_empty() { line.trim() } else { message });
        diagnostic.severity = severity;
        diagnostic.place = Some(Box::new(place));
        Some(diagnostic)
    });
    found.list()
}

/// What stands between a place and a message.
const MARKERS: [(&str, Severity); 5] = [
    (": error", Severity::Error),
    (": catastrophic error", Severity::Error),
    (": fatal error", Severity::Error),
    (": warning", Severity::Warning),
    (" error:", Severity::Error),
];

/// Warnings of a compiler that succeeded, one for each line that announces one: what follows such a line shows the
/// source, which its reader has.
pub(crate) fn warnings(text: &str) -> Vec<Diagnostic> {
    const MOST: usize = 20;
    let all: Vec<Diagnostic> = text.lines().filter_map(warning_of_line).list();
    let more = all.len().saturating_sub(MOST);
    let mut shown: Vec<Diagnostic> = all.into_iter().take(MOST).list();
    if more > 0 {
        shown.push(Diagnostic::warning(
            Id::CompilerWarning,
            format!("further compiler warnings not shown: {more}"),
        ));
    }
    shown
}

/// The warning that a line announces, with its place.
pub(crate) fn warning_of_line(line: &str) -> Option<Diagnostic> {
    let at = line.find("warning")?;
    let message = line[at..]
        .trim_start_matches("warning")
        .trim_start_matches([':', ' '])
        .trim();
    // A remark about how to silence warnings is none.
    if message.is_empty() || !(at == 0 || line[..at].ends_with([' ', ':'])) || line.starts_with("Remark") {
        return None;
    }
    let mut diagnostic = Diagnostic::warning(Id::CompilerWarning, message);
    diagnostic.place = place_of_line(line).map(Box::new);
    Some(diagnostic)
}

/// Compilers can print megabytes; the beginning says what is wrong.
fn bounded(text: &str) -> String {
    const MOST: usize = 16 * 1024;
    if text.len() <= MOST {
        return text.to_owned();
    }
    let end = (0..=MOST).rev().seek(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{}\n… ({} more bytes)", &text[..end], text.len() - end)
}

/// `file(12): error …` of NVIDIA's front end, or `file:12:5: error: …` of GCC and clang.
fn place_of_line(line: &str) -> Option<Place> {
    let marker = MARKERS.iter().filter_map(|(marker, _)| line.find(marker)).min()?;
    let head = line[..marker].trim_end_matches(':');
    if let Some(open) = head.rfind('(')
        && let Some(inside) = head[open + 1..].strip_suffix(')')
    {
        let (line, column) = match inside.split_once(',') {
            Some((line, column)) => (line, column.parse().ok()),
            None => (inside, None),
        };
        return Some(Place {
            file: PathBuf::from(&head[..open]),
            line: line.parse().ok()?,
            column,
        });
    }
    let (rest, last) = head.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    if let Some((file, line)) = rest.rsplit_once(':')
        && let Ok(line) = line.parse()
    {
        return Some(Place {
            file: PathBuf::from(file),
            line,
            column: Some(last),
        });
    }
    Some(Place {
        file: PathBuf::from(rest),
        line: last,
        column: None,
    })
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]: ", self.id)?;
        if let Some(unit) = &self.unit {
            write!(f, "{unit}: ")?;
        }
        write!(f, "{}", self.message)?;
        if let Some(Place { file, line, column }) = self.place.as_deref() {
            // As units are named, and as links of editors work everywhere.
            let file = file.display().to_string().replace(std::path::MAIN_SEPARATOR, "/");
            write!(f, "\n  --> {file}:{line}")?;
            if let Some(column) = column {
                write!(f, ":{column}")?;
            }
        }
        for line in self.output.lines() {
            write!(f, "\n  | {line}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: &str) -> Option<(String, u32, Option<u32>)> {
        place_of_line(line).map(|place| (place.file.display().to_string(), place.line, place.column))
    }

    #[test]
    fn places_of_every_compiler_are_read() {
        assert_eq!(
            place("kernels/a b.cu(7): error: identifier \"x\" is undefined"),
            Some(("kernels/a b.cu".into(), 7, None))
        );
        assert_eq!(
            place("k.cu:3:10: fatal error: no.h: No such file or directory"),
            Some(("k.cu".into(), 3, Some(10)))
        );
        assert_eq!(
            place("C:\\k\\a.cu(9,4): error C2065: 'x'"),
            Some(("C:\\k\\a.cu".into(), 9, Some(4)))
        );
        assert_eq!(place("C:\\k\\a.cu:9: error: x"), Some(("C:\\k\\a.cu".into(), 9, None)));
        assert_eq!(place("nvcc fatal   : Unsupported gpu architecture 'compute_20'"), None);
        assert_eq!(place("lib(x): error: y"), None);
    }

    #[test]
    fn warnings_are_a_line_each() {
        let text = "k.cu(3): warning #177-D: variable \"n\" was never used\n    int n;\n        ^\n\n\
                    Remark: The warnings can be suppressed with \"-diag-suppress <warning-number>\"\n\
                    nvcc warning : old\nk.cu:9:1: warning: x\n";
        let shown: Vec<String> = warnings(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "warning[compiler_warning]: #177-D: variable \"n\" was never used\n  --> k.cu:3",
                "warning[compiler_warning]: old",
                "warning[compiler_warning]: x\n  --> k.cu:9:1"
            ]
        );
        assert_eq!(warnings(&"k.cu(1): warning: x\n".repeat(50)).len(), 21);
    }

    #[test]
    fn every_message_with_a_place_is_told() {
        let text = "kernels/a.cu(7): error: identifier \"x\" is undefined\n    x = 1;\n    ^\n\n\
                    kernels/a.cu(9): warning #177-D: variable \"n\" was never used\n\
                    a.cu:3:10: fatal error: no.h: No such file or directory\n2 errors detected\n";
        let shown: Vec<String> = messages(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "error[source_refused]: identifier \"x\" is undefined\n  --> kernels/a.cu:7",
                "warning[compiler_warning]: #177-D: variable \"n\" was never used\n  --> kernels/a.cu:9",
                "error[source_refused]: no.h: No such file or directory\n  --> a.cu:3:10"
            ]
        );
    }

    #[test]
    fn long_output_is_cut_at_a_character() {
        let shown = Diagnostic::error(Id::SourceRefused, "x")
            .output(&"é".repeat(20_000))
            .output;
        assert!(shown.ends_with("(23616 more bytes)"), "{}", &shown[shown.len() - 40..]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:(),0-9 error\n é]{0,80}") {
            let _ = Diagnostic::error(Id::SourceRefused, "x").output(&text).to_string();
            let _ = messages(&text);
        }
    }
}
