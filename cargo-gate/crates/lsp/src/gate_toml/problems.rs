//! Errors of a policy as diagnostics, and the edits that repair them.

use std::ops::Range;
use std::path::Path;

use lsp_types::{CodeAction, CodeActionKind, Diagnostic, DiagnosticSeverity, TextEdit, Uri, WorkspaceEdit};

use super::{bases, catalogue, is_base};
use crate::diagnostics::diagnostic;
use crate::text::Text;
use gate_base::Location;
use gate_policy::{self, FILE_NAME, Policy, PolicyErrors, PolicyFile, Problem, Reader};

/// What is wrong with the policy at `path`: all its errors, or, where it has none, what is possible and rarely meant. What is wrong
/// with a file that it extends is told where it extends it.
pub fn diagnostics(text: &Text, path: &Path, reader: &mut Reader<'_>) -> Vec<Diagnostic> {
    let shift = mark(text.as_str());
    if is_base(path) {
        let Err(errors) = gate_policy::validate_base(FILE_NAME, text.as_str(), &catalogue()) else {
            return Vec::new();
        };
        let problems = errors.problems().iter();
        return problems.map(|problem| of_problem(text, problem, shift)).collect();
    }
    match validated(text, path, reader) {
        Err(errors) => {
            let problems = errors.problems().iter().zip(errors.locations());
            problems
                .map(|(problem, place)| {
                    if place.path == FILE_NAME {
                        return of_problem(text, problem, shift);
                    }
                    let message = with_help(&problem.message, problem.help.as_deref());
                    let message = format!("{}: {message}", spoken(&place));
                    elsewhere(text, shift, DiagnosticSeverity::Error, problem.rule.id, message)
                })
                .collect()
        }
        Ok(policy) => policy
            .sanity
            .iter()
            .chain(&policy.dangers)
            .map(|warning| {
                let place = &warning.location;
                let message = with_help(&warning.message, Some(&warning.help));
                if place.path != FILE_NAME {
                    let message = format!("{}: {message}", spoken(place));
                    return elsewhere(text, shift, DiagnosticSeverity::Warning, "config.sanity", message);
                }
                let range = match (place.line, place.column) {
                    (Some(line), Some(column)) => text.span(line, column, place.length.unwrap_or(1)),
                    (line, _) => text.whole_line(line.unwrap_or(1)),
                };
                diagnostic(range, DiagnosticSeverity::Warning, "config.sanity", message)
            })
            .collect(),
    }
}

fn validated(text: &Text, path: &Path, reader: &mut Reader<'_>) -> Result<Policy, PolicyErrors> {
    let own = PolicyFile::new(FILE_NAME, text.as_str());
    gate_policy::validate_at(own, bases::place(path), reader, &catalogue())
}

/// `../gate.base.toml:3`
fn spoken(place: &Location) -> String {
    let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
    format!("{}{line}", place.path)
}

/// What is said of a base, at the line that extends it.
fn elsewhere(text: &Text, shift: usize, severity: DiagnosticSeverity, code: &str, message: String) -> Diagnostic {
    let body = text.as_str().get(shift..).unwrap_or_default();
    let named = bases::named(body);
    diagnostic(
        text.range(&(named.start + shift..named.end + shift)),
        severity,
        code,
        message,
    )
}

fn of_problem(text: &Text, problem: &Problem, shift: usize) -> Diagnostic {
    let help = problem
        .suggestion
        .as_ref()
        .map(|word| format!("did you mean `{word}`?"));
    let message = with_help(&problem.message, help.as_deref().or(problem.help.as_deref()));
    diagnostic(
        text.range(&shifted(problem, shift)),
        DiagnosticSeverity::Error,
        problem.rule.id,
        message,
    )
}

/// The message with its remedy on a line of its own.
pub(crate) fn with_help(message: &str, help: Option<&str>) -> String {
    match help {
        Some(help) if !help.is_empty() => format!("{message}\nhelp: {help}"),
        _ => message.to_owned(),
    }
}

/// Bytes of a byte order mark, which errors do not count.
fn mark(text: &str) -> usize {
    text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len()
}

fn shifted(problem: &Problem, shift: usize) -> Range<usize> {
    problem.span.start + shift..problem.span.end + shift
}

/// The repairs of what is wrong in these bytes.
pub fn fixes(text: &Text, uri: &Uri, bytes: &Range<usize>, path: &Path, reader: &mut Reader<'_>) -> Vec<CodeAction> {
    let shift = mark(text.as_str());
    let judged = if is_base(path) {
        gate_policy::validate_base(FILE_NAME, text.as_str(), &catalogue())
    } else {
        validated(text, path, reader).map(drop)
    };
    let Err(errors) = judged else {
        return Vec::new();
    };
    let touched = |problem: &Problem| {
        let span = shifted(problem, shift);
        span.start <= bytes.end && bytes.start <= span.end
    };
    let problems = errors.problems().iter().zip(errors.locations());
    problems
        .filter(|(problem, place)| place.path == FILE_NAME && touched(problem))
        .filter_map(|(problem, _)| fix(text, uri, problem, shift))
        .collect()
}

fn fix(text: &Text, uri: &Uri, problem: &Problem, shift: usize) -> Option<CodeAction> {
    let word = problem.suggestion.as_ref()?;
    let span = shifted(problem, shift);
    let written = text.as_str().get(span.clone())?;
    let new_text = match written.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{word}{quote}"),
        _ if bare(word) => word.clone(),
        _ => format!("\"{word}\""),
    };
    let edit = TextEdit {
        range: text.range(&span),
        new_text,
    };
    Some(CodeAction {
        title: format!("Replace with `{word}`"),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![of_problem(text, problem, shift)]),
        is_preferred: Some(true),
        edit: Some(WorkspaceEdit {
            changes: Some([(uri.clone(), vec![edit])].into()),
            ..WorkspaceEdit::default()
        }),
        ..CodeAction::default()
    })
}

/// Whether a key needs no quotation marks.
fn bare(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: &str = "# é𝄞\r\nversion = 1\r\n[stage.pilot]\r\nscope = \"x\"\r\n[tiers]\r\ndefault = \"portabel\"\r\n\
                          [checks.\"docs.linsk\"]\r\nblocks-at = \"pilot\"\r\n[boundary]\r\nsafety-comment = true\r\n";

    fn none(_: &Path, _: &str) -> gate_base::error::Result<Option<String>> {
        Ok(None)
    }

    fn judged(text: &Text) -> Vec<Diagnostic> {
        diagnostics(text, Path::new("/gate.toml"), &mut none)
    }

    fn shown(text: &Text) -> String {
        let lines = judged(text).into_iter().map(|found| {
            let (range, message) = (found.range, found.message);
            let lsp_types::Message::String(message) = message else {
                return String::new();
            };
            format!(
                "{}:{}-{}:{} {}",
                range.start.line, range.start.character, range.end.line, range.end.character, message
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_error_has_its_range() {
        insta::assert_snapshot!(shown(&Text::new(BROKEN)), @"
        5:10-5:20 `default` cannot be `portabel`
        help: did you mean `portable`?
        6:8-6:20 unknown check `docs.linsk` in `[checks]`
        help: did you mean `docs.links`?
        9:0-9:14 unknown key `safety-comment` in `[boundary]`
        help: did you mean `safety-comments`?
        ");
        insta::assert_snapshot!(shown(&Text::new("\u{feff}version = 1\n[stage.pilott]\n")), @r"
        1:7-1:13 unknown key `pilott` in `[stage]`
        help: did you mean `pilot`?
        ");
        assert_eq!(
            judged(&Text::new("version = 1\n[stage.pilot]\nscope = \"one service\"\n")),
            []
        );
    }

    #[test]
    fn applying_every_fix_leaves_a_policy() {
        for start in ["", "\u{feff}"] {
            let mut text = Text::new(format!("{start}{BROKEN}"));
            let uri = Uri::from("file:///gate.toml");
            let all = 0..text.as_str().len();
            let mut edits: Vec<TextEdit> = fixes(&text, &uri, &all, Path::new("/gate.toml"), &mut none)
                .into_iter()
                .filter_map(|action| action.edit?.changes?.remove(&uri))
                .flatten()
                .collect();
            assert_eq!(edits.len(), 3);
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start));
            for edit in edits {
                text = text.changed(Some(&edit.range), &edit.new_text);
            }
            assert_eq!(judged(&text), [], "{}", text.as_str());
        }
    }

    #[test]
    fn a_fix_is_offered_where_the_error_is() {
        let text = Text::new(BROKEN);
        let uri = Uri::from("file:///gate.toml");
        let at = text.as_str().find("portabel").unwrap();
        let fixes = fixes(&text, &uri, &(at..at), Path::new("/gate.toml"), &mut none);
        assert_eq!(fixes.len(), 1);
        assert_eq!(fixes[0].title, "Replace with `portable`");
    }

    #[test]
    fn errors_of_a_base_stand_where_it_is_extended() {
        let own = Text::new("version = 1\nextends = \"gate.base.toml\"\n[tiers]\ndefualt = \"portable\"\n");
        let base = "version = 1\n[stage.pilot]\nscope = 1\n";
        let mut reader = |path: &Path, _: &str| Ok((path == Path::new("/w/gate.base.toml")).then(|| base.to_owned()));
        let found = diagnostics(&own, Path::new("/w/gate.toml"), &mut reader);
        let lines: Vec<String> = found
            .iter()
            .map(|found| {
                let lsp_types::Message::String(message) = &found.message else {
                    return String::new();
                };
                format!("{}:{} {message}", found.range.start.line, found.range.start.character)
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        3:0 unknown key `defualt` in `[tiers]`
        help: did you mean `default`?
        1:10 gate.base.toml:3: `scope` takes a string, not a whole number
        help: write `scope = "one internal service"`
        "#);
        // By itself it lacks nothing that another file may add.
        let alone = diagnostics(&Text::new(base), Path::new("/w/gate.base.toml"), &mut none);
        assert_eq!(alone.len(), 1, "{alone:?}");
        let complete = Text::new("version = 1\n[checks.\"suite.test.x\"]\nblocks-at = \"pilot\"\n");
        assert_eq!(diagnostics(&complete, Path::new("/w/gate.base.toml"), &mut none), []);
    }
}
