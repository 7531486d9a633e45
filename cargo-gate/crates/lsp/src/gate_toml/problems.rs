//! Errors of a policy as diagnostics, and the edits that repair them.

use std::ops::Range;

use lsp_types::{CodeAction, CodeActionKind, Diagnostic, DiagnosticSeverity, TextEdit, Uri, WorkspaceEdit};

use super::catalogue;
use crate::diagnostics::diagnostic;
use crate::text::Text;
use gate_policy::{self, Problem};

/// What is wrong with a policy: all its errors, or, where it has none, what is possible and rarely meant.
pub fn diagnostics(text: &Text) -> Vec<Diagnostic> {
    let shift = mark(text.as_str());
    match gate_policy::validate(gate_policy::FILE_NAME, text.as_str(), &catalogue()) {
        Err(errors) => errors
            .problems()
            .iter()
            .map(|problem| of_problem(text, problem, shift))
            .collect(),
        Ok(policy) => policy
            .sanity
            .iter()
            .chain(&policy.dangers)
            .map(|warning| {
                let place = &warning.location;
                let range = match (place.line, place.column) {
                    (Some(line), Some(column)) => text.span(line, column, place.length.unwrap_or(1)),
                    (line, _) => text.whole_line(line.unwrap_or(1)),
                };
                let message = with_help(&warning.message, Some(&warning.help));
                diagnostic(range, DiagnosticSeverity::Warning, "config.sanity", message)
            })
            .collect(),
    }
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
pub fn fixes(text: &Text, uri: &Uri, bytes: &Range<usize>) -> Vec<CodeAction> {
    let shift = mark(text.as_str());
    let Err(errors) = gate_policy::validate(gate_policy::FILE_NAME, text.as_str(), &catalogue()) else {
        return Vec::new();
    };
    let touched = |problem: &&Problem| {
        let span = shifted(problem, shift);
        span.start <= bytes.end && bytes.start <= span.end
    };
    errors
        .problems()
        .iter()
        .filter(touched)
        .filter_map(|problem| fix(text, uri, problem, shift))
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
        title: format!("Replace by `{word}`"),
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

    fn shown(text: &Text) -> String {
        let lines = diagnostics(text).into_iter().map(|found| {
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
        insta::assert_snapshot!(shown(&Text::new(BROKEN)), @r"
        5:10-5:20 `default` cannot be `portabel`
        help: did you mean `portable`?
        6:8-6:20 `[checks]` names an unknown check `docs.linsk`
        help: did you mean `docs.links`?
        9:0-9:14 unknown key `safety-comment` in `[boundary]`
        help: did you mean `safety-comments`?
        ");
        insta::assert_snapshot!(shown(&Text::new("\u{feff}version = 1\n[stage.pilott]\n")), @r"
        1:7-1:13 unknown key `pilott` in `[stage]`
        help: did you mean `pilot`?
        ");
        assert_eq!(
            diagnostics(&Text::new("version = 1\n[stage.pilot]\nscope = \"one service\"\n")),
            []
        );
    }

    #[test]
    fn applying_every_fix_leaves_a_policy() {
        for start in ["", "\u{feff}"] {
            let mut text = Text::new(format!("{start}{BROKEN}"));
            let uri = Uri::from("file:///gate.toml");
            let all = 0..text.as_str().len();
            let mut edits: Vec<TextEdit> = fixes(&text, &uri, &all)
                .into_iter()
                .filter_map(|action| action.edit?.changes?.remove(&uri))
                .flatten()
                .collect();
            assert_eq!(edits.len(), 3);
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start));
            for edit in edits {
                text = text.changed(Some(&edit.range), &edit.new_text);
            }
            assert_eq!(diagnostics(&text), [], "{}", text.as_str());
        }
    }

    #[test]
    fn a_fix_is_offered_where_the_error_is() {
        let text = Text::new(BROKEN);
        let uri = Uri::from("file:///gate.toml");
        let at = text.as_str().find("portabel").unwrap();
        let fixes = fixes(&text, &uri, &(at..at));
        assert_eq!(fixes.len(), 1);
        assert_eq!(fixes[0].title, "Replace by `portable`");
    }
}
