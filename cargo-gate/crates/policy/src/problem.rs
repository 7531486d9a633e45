//! Errors of a policy file: each with its place, all of them together, rendered as cargo and rustc would.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use gate_base::error::{Details, Error, Located};
use gate_report::Location;

use super::position::Positions;
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

/// All errors of one policy file, in the order of the file.
#[derive(Debug, Clone)]
pub struct PolicyErrors {
    path: String,
    text: String,
    problems: Vec<Problem>,
}

impl PolicyErrors {
    /// Errors of `text`, sorted by place, spans fitted to the text.
    pub(super) fn new(path: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            problem.span = fitted(text, &problem.span);
        }
        problems.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
        problems.dedup();
        Self {
            path: path.into(),
            text: text.into(),
            problems,
        }
    }

    /// The errors in the order of the file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The places of the errors, in the same order.
    pub fn locations(&self) -> Vec<Location> {
        let positions = Positions::new(&self.path, &self.text);
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

    /// `gate.toml: 3 errors`
    pub fn summary(&self) -> String {
        let count = self.problems.len();
        format!("{}: {count} error{}", self.path, if count == 1 { "" } else { "s" })
    }

    /// Every error with file, line, column, source line and caret, then the summary; with ANSI styles if `styled`.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let positions = Positions::new(&self.path, &self.text);
        let mut out = String::new();
        for problem in self.problems.iter().take(RENDERED) {
            out.push_str(&self.render_one(&renderer, &positions, problem));
            out.push_str("\n\n");
        }
        if self.problems.len() > RENDERED {
            out.push_str(&format!("… and {} more\n\n", self.problems.len() - RENDERED));
        }
        out.push_str(&self.summary());
        out
    }

    fn render_one(&self, renderer: &Renderer, positions: &Positions<'_>, problem: &Problem) -> String {
        // Only the lines in question go to the renderer, so that its cost does not grow with the file.
        let (line, range) = positions.lines_around(&problem.span);
        let source = self.text[range.clone()].trim_end_matches('\r');
        let fit = |offset: usize| (offset - range.start).min(source.len());
        let annotation = AnnotationKind::Primary
            .span(fit(problem.span.start)..fit(problem.span.end))
            .label(problem.label.as_deref());
        let mut group = Level::ERROR
            .primary_title(problem.message.as_str())
            .id(problem.rule.id)
            .element(
                Snippet::source(source)
                    .line_start(line + 1)
                    .path(self.path.as_str())
                    .annotation(annotation),
            );
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// `span` clamped to `text` and widened to character boundaries.
fn fitted(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

impl From<PolicyErrors> for Error {
    fn from(errors: PolicyErrors) -> Self {
        let mut error = Error::usage(errors.summary());
        error.path = Some(errors.path.clone().into());
        error.rendered = Some(errors.render(false));
        error.details = Some(Box::new(Details {
            styled: errors.render(true),
            problems: errors.located(),
        }));
        error
    }
}
