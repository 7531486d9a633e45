//! Errors of a policy file: each with its place, all of them together, rendered as cargo and rustc would.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use gate_base::error::{Details, Error, Located};
use gate_report::Location;

use super::position::{PolicyFile, Positions};
use super::rule::{self, Rule};

/// How many errors are rendered in full; the summary line counts all.
const RENDERED: usize = 50;

/// One error of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: starts in lower case, without a final full stop.
    pub message: String,
    /// Words under the caret.
    pub label: Option<String>,
    /// One edit that repairs it.
    pub help: Option<String>,
    /// The word that was probably meant in place of the one at `span`, without quotation marks.
    pub suggestion: Option<String>,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The rule that is broken.
    pub rule: &'static Rule,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: None,
            help: None,
            suggestion: None,
            span,
            rule: &rule::RULE_BROKEN,
        }
    }

    /// Names the rule; without it, a rule between values was broken that has no id of its own.
    #[must_use]
    pub(super) fn rule(self, rule: &'static Rule) -> Self {
        Self { rule, ..self }
    }

    #[must_use]
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With the word that was probably meant, which is also said under the caret.
    #[must_use]
    pub(super) fn did_you_mean(mut self, word: &str) -> Self {
        self.label = Some(format!("did you mean `{word}`?"));
        self.suggestion = Some(word.to_owned());
        self
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A value that is possible but rarely meant, before its place is known.
#[derive(Debug)]
pub(super) struct Oddity {
    pub(super) message: String,
    pub(super) help: String,
    pub(super) span: Range<usize>,
}

/// Foreign text inside a message: control characters escaped, long text cut.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (at, char) in text.chars().enumerate() {
        if at == 200 {
            out.push('…');
            break;
        }
        if char.is_control() {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// All errors of a policy, in the order of its files.
#[derive(Debug, Clone)]
pub struct PolicyErrors {
    files: Vec<PolicyFile>,
    problems: Vec<Problem>,
}

impl PolicyErrors {
    /// Errors of one text.
    pub(super) fn new(path: &str, text: &str, problems: Vec<Problem>) -> Self {
        Self::of(vec![PolicyFile::new(path, text)], problems)
    }

    /// Errors of several texts, sorted by place, spans fitted to the texts.
    pub(super) fn of(files: Vec<PolicyFile>, mut problems: Vec<Problem>) -> Self {
        let positions = Positions::of(&files);
        for problem in &mut problems {
            problem.span = positions.fitted(&problem.span);
        }
        problems.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
        problems.dedup();
        Self { files, problems }
    }

    /// The errors in the order of the files. A span counts bytes from the start of the first file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The places of the errors, in the same order.
    pub fn locations(&self) -> Vec<Location> {
        let positions = Positions::of(&self.files);
        self.problems
            .iter()
            .map(|problem| positions.location(&problem.span))
            .collect()
    }

    /// The errors with their places, for programs.
    pub fn located(&self) -> Vec<Located> {
        let places = self.locations();
        let problems = self.problems.iter().zip(places);
        problems
            .map(|(problem, place)| Located {
                id: problem.rule.id.to_owned(),
                message: problem.message.clone(),
                help: problem.help.clone(),
                suggestion: problem.suggestion.clone(),
                file: place.path,
                line: place.line,
                column: place.column,
                length: place.length,
            })
            .collect()
    }

    /// `gate.toml: 3 errors`, or each of the files that have any.
    pub fn summary(&self) -> String {
        let places = self.locations();
        let of = |file: &PolicyFile| {
            let count = places.iter().filter(|place| place.path == file.path).count();
            (count > 0).then(|| format!("{}: {count} error{}", file.path, if count == 1 { "" } else { "s" }))
        };
        let files: Vec<String> = self.files.iter().filter_map(of).collect();
        files.join(", ")
    }

    /// Every error with file, line, column, source line and caret, then the summary; with ANSI styles if `styled`.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let positions = Positions::of(&self.files);
        let mut out = String::new();
        for problem in self.problems.iter().take(RENDERED) {
            out.push_str(&render_one(&renderer, &positions, problem));
            out.push_str("\n\n");
        }
        if self.problems.len() > RENDERED {
            out.push_str(&format!("… and {} more\n\n", self.problems.len() - RENDERED));
        }
        out.push_str(&self.summary());
        out
    }
}

/// Only the lines in question go to the renderer, so that its cost does not grow with the file.
fn render_one(renderer: &Renderer, positions: &Positions<'_>, problem: &Problem) -> String {
    let excerpt = positions.excerpt(&problem.span);
    let annotation = AnnotationKind::Primary
        .span(excerpt.span)
        .label(problem.label.as_deref());
    let mut group = Level::ERROR
        .primary_title(problem.message.as_str())
        .id(problem.rule.id)
        .element(
            Snippet::source(excerpt.source)
                .line_start(excerpt.line)
                .path(excerpt.path)
                .annotation(annotation),
        );
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

impl From<PolicyErrors> for Error {
    fn from(errors: PolicyErrors) -> Self {
        let mut error = Error::usage(errors.summary());
        error.path = errors.locations().into_iter().next().map(|place| place.path.into());
        error.rendered = Some(errors.render(false));
        error.details = Some(Box::new(Details {
            styled: errors.render(true),
            problems: errors.located(),
        }));
        error
    }
}
