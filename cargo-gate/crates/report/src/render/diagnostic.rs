//! One finding as a compiler diagnostic: title, source snippets, notes, and the policy line behind it.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{NoSources, SourceProvider, text};
use crate::Location;

/// Lines longer than this are not shown: they are generated, and no terminal makes sense of them.
const MAX_LINE: usize = 2_000;

/// A diagnostic, ready to be laid out.
#[derive(Debug)]
pub(super) struct Diagnostic<'a> {
    pub(super) level: Level<'static>,
    pub(super) check: &'a str,
    pub(super) title: Cow<'a, str>,
    pub(super) locations: &'a [Location],
    pub(super) notes: Vec<String>,
    pub(super) help: Option<&'a str>,
    pub(super) policy: Option<&'a Location>,
    /// Whether a snippet of code would show the very secret that was found.
    pub(super) private: bool,
}

impl Diagnostic<'_> {
    /// Lays the diagnostic out in at most `width` columns where the words allow it.
    pub(super) fn render(&self, renderer: &Renderer, sources: &dyn SourceProvider, width: usize) -> String {
        let check = text::line(self.check);
        let title = self
            .level
            .clone()
            .primary_title(text::lines(&self.title))
            .id(check.as_ref());
        let mut group = Group::with_title(title);
        let mut quotes = false;
        // Places in one file share a snippet, in the order in which the files are named.
        let mut files: Vec<&str> = Vec::new();
        for location in self.locations {
            if !files.contains(&location.path.as_str()) {
                files.push(&location.path);
            }
        }
        for path in files {
            let places: Vec<(bool, &Location)> = self
                .locations
                .iter()
                .enumerate()
                .filter(|(_, location)| location.path == path)
                .map(|(index, location)| (index == 0, location))
                .collect();
            let elements = snippet(path, &places, if self.private { &NoSources } else { sources });
            quotes |= elements.iter().any(|element| matches!(element, Element::Cause(_)));
            group = group.elements(elements);
        }
        for note in &self.notes {
            group = group.element(Level::NOTE.message(wrapped(note, width)));
        }
        if let Some(help) = self.help {
            group = group.element(Level::HELP.message(wrapped(help, width)));
        }
        let mut groups = vec![group];
        if let Some(policy) = self.policy {
            let reason = Level::NOTE.secondary_title("required by this line of the policy");
            let elements = snippet(&policy.path, &[(true, policy)], sources);
            quotes |= elements.iter().any(|element| matches!(element, Element::Cause(_)));
            groups.push(Group::with_title(reason).elements(elements));
        }
        let text = renderer.render(&groups);
        // Without line numbers the gutter has no width; rustc indents by one column all the same.
        if quotes { text } else { text.replace('\n', "\n ") }
    }
}

fn wrapped(message: &str, width: usize) -> String {
    // `  = note: ` stands in front of the text.
    text::wrap(&text::lines(message), width.saturating_sub(14).max(20)).join("\n")
}

/// The places of one file: lines of code where they can be had, else just where they are.
fn snippet<'a>(path: &str, places: &[(bool, &Location)], sources: &dyn SourceProvider) -> Vec<Element<'a>> {
    let shown = text::line(path).into_owned();
    if let Some(excerpt) = Excerpt::new(places, sources.source(path)) {
        let annotations = excerpt.annotations;
        return vec![
            Snippet::source(excerpt.source)
                .line_start(excerpt.first_line)
                .path(shown)
                .annotations(annotations)
                .into(),
        ];
    }
    places
        .iter()
        .map(|(_, location)| {
            let mut origin = Origin::path(shown.clone());
            if let Some(line) = location.line {
                origin = origin.line(line as usize);
                if let Some(column) = location.column {
                    origin = origin.char_column(column as usize);
                }
            }
            origin.into()
        })
        .collect()
}

/// The part of a file between the first and the last line that matter.
struct Excerpt<'a> {
    source: String,
    first_line: usize,
    annotations: Vec<Annotation<'a>>,
}

impl Excerpt<'_> {
    /// `None` when the text is not there, a place names no line or one beyond the end, or a line is too long.
    fn new(places: &[(bool, &Location)], source: Option<Cow<'_, str>>) -> Option<Self> {
        let source = source?;
        let numbers: Vec<usize> = places
            .iter()
            .map(|(_, location)| location.line.map(|line| line as usize).filter(|line| *line > 0))
            .collect::<Option<_>>()?;
        let first_line = *numbers.iter().min()?;
        let last_line = *numbers.iter().max()?;
        let lines: Vec<&str> = source
            .lines()
            .skip(first_line - 1)
            .take(last_line + 1 - first_line)
            .collect();
        if lines.len() != last_line + 1 - first_line || lines.iter().any(|line| line.len() > MAX_LINE) {
            return None;
        }
        let mut starts = Vec::with_capacity(lines.len());
        let mut excerpt = String::new();
        for line in &lines {
            starts.push(excerpt.len());
            excerpt.push_str(line);
            excerpt.push('\n');
        }
        let mut annotations = Vec::new();
        for ((primary, location), number) in places.iter().zip(&numbers) {
            let index = number - first_line;
            let span = columns(lines[index], location);
            let span = starts[index] + span.start..starts[index] + span.end;
            let kind = if *primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            annotations.push(kind.span(span));
        }
        Some(Self {
            source: excerpt,
            first_line,
            annotations,
        })
    }
}

/// Bytes of the line that a location points at: its columns, or else the whole line without the space around it.
pub(super) fn columns(line: &str, location: &Location) -> Range<usize> {
    let Some(column) = location.column else {
        let start = line.len() - line.trim_start().len();
        return start..line.trim_end().len().max(start);
    };
    let offset = |chars: usize| line.char_indices().nth(chars).map_or(line.len(), |(offset, _)| offset);
    let first = (column as usize).saturating_sub(1);
    offset(first)..offset(first.saturating_add(location.length.unwrap_or(1) as usize))
}
