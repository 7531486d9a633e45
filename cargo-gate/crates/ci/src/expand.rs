//! What words say once expressions and variables have their values, as far as the files tell.

use std::collections::BTreeMap;

use super::expression;
use super::matrix::Row;
use super::shell::{Operator, Parameter, Word};

/// Stands in a text for a part that only the run knows.
pub const UNKNOWN: char = '\u{fffd}';

/// How deep variables that are made of variables are followed.
const MAX_DEPTH: u32 = 4;

/// One argument of a command line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argument {
    /// This text; a part of it that only the run knows is [`UNKNOWN`].
    Text(String),
    /// Any number of arguments that only the run knows. Holds the text as it is written.
    Unknown(String),
}

impl Argument {
    /// The text of a known argument.
    pub fn text(&self) -> Option<&str> {
        match self {
            Argument::Text(text) => Some(text),
            Argument::Unknown(_) => None,
        }
    }

    /// The text as far as it is known, and else as it is written.
    pub fn written(&self) -> &str {
        match self {
            Argument::Text(text) | Argument::Unknown(text) => text,
        }
    }
}

/// Whether a CI service sets a variable of this name in every job.
pub(super) fn is_of_service(name: &str) -> bool {
    let prefixes = ["CI_", "GITHUB_", "GITLAB_", "RUNNER_"];
    name == "CI" || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Variables by name; `None` is a value that only the run knows.
pub(super) type Variables = BTreeMap<String, Option<Word>>;

/// Where names get their values from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The job of the matrix.
    pub(super) row: &'a Row,
    /// Whether the matrix is all there is, so that a name that it does not have is empty.
    pub(super) complete: bool,
    /// Environment variables and variables of the script.
    pub(super) variables: &'a Variables,
}

impl Scope<'_> {
    /// The arguments that words stand for.
    pub(super) fn arguments(&self, words: &[Word]) -> Vec<Argument> {
        words.iter().flat_map(|word| self.argument(word)).collect()
    }

    fn argument(&self, word: &Word) -> Vec<Argument> {
        if word.literal || !word.text.contains('$') {
            return vec![Argument::Text(word.text.clone())];
        }
        let text = self.text(&word.text, 0);
        let expands_alone = text.trim_matches(UNKNOWN).is_empty() && text.contains(UNKNOWN);
        // An array is several words although it is quoted.
        let list = word.text.contains("[@]") || word.text.contains("$@");
        if expands_alone && (word.bare || list) {
            return vec![Argument::Unknown(word.text.clone())];
        }
        if word.bare || list {
            return text
                .split_whitespace()
                .map(|part| Argument::Text(part.to_owned()))
                .collect();
        }
        vec![Argument::Text(text)]
    }

    /// A text with its expansions replaced.
    pub(super) fn text(&self, text: &str, depth: u32) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, from)) = rest.find('$').and_then(|at| rest.split_at_checked(at)) {
            out += before;
            rest = from;
            if let Some(behind) = rest.strip_prefix("${{") {
                let (inner, behind) = behind.split_once("}}").unwrap_or((behind, ""));
                match expression::evaluate(inner, &|name| self.name(name, depth)) {
                    Some(value) => out += &value,
                    None => out.push(UNKNOWN),
                }
                rest = behind;
                continue;
            }
            let (value, length) = self.variable(rest, depth);
            match value {
                Some(value) => out += &value,
                None => out.push(UNKNOWN),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        out + rest
    }

    /// Value of the variable at the start of a text that begins with `$`, and the length of its name.
    fn variable(&self, text: &str, depth: u32) -> (Option<String>, usize) {
        let is_end = |char: char| !(char.is_ascii_alphanumeric() || char == '_');
        if let Some(parameter) = Parameter::read(text) {
            return (self.parameter(&parameter, depth), parameter.length);
        }
        if text.starts_with("$(") {
            return (None, text.len());
        }
        let behind = text.strip_prefix('$').unwrap_or(text);
        // `$env:NAME` of PowerShell.
        let from = behind.strip_prefix("env:").unwrap_or(behind);
        let prefix = behind.len() - from.len();
        let name = from.split(is_end).next().unwrap_or_default();
        if name.is_empty() {
            // `$@`, `$?` and a dollar that is nothing else.
            let special = behind.chars().next().filter(|char| "@*#?$!-".contains(*char));
            return match special {
                Some(_) => (None, 2),
                None => (Some("$".into()), 1),
            };
        }
        (self.of(name, depth), 1 + prefix + name.len())
    }

    /// Value of `${NAME…}`. What the files do not set is taken to be unset, unless the service sets it.
    fn parameter(&self, parameter: &Parameter<'_>, depth: u32) -> Option<String> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let name = parameter.name;
        let in_files = self.variables.contains_key(name) || self.row.values.contains_key(&format!("${name}"));
        let value = if in_files || is_of_service(name) {
            Some(self.of(name, depth)?)
        } else {
            None
        };
        let value = value.filter(|value| !(parameter.or_empty && value.is_empty()));
        let word = || self.text(&parameter.unquoted(), depth + 1);
        match parameter.operator {
            Operator::Value => value,
            Operator::Default | Operator::Assign => Some(value.unwrap_or_else(word)),
            Operator::Alternative => Some(value.map_or_else(String::new, |_| word())),
            Operator::Other => None,
        }
    }

    fn of(&self, name: &str, depth: u32) -> Option<String> {
        if depth >= MAX_DEPTH {
            return None;
        }
        // In GitLab the values of a matrix are variables.
        if let Some(known) = self.row.values.get(&format!("${name}")) {
            return Some(known.clone());
        }
        let word = self.variables.get(name)?.as_ref()?;
        if word.literal {
            return Some(word.text.clone());
        }
        let value = self.text(&word.text, depth + 1);
        (!value.contains(UNKNOWN)).then_some(value)
    }

    /// Value of a name in an expression.
    fn name(&self, name: &str, depth: u32) -> Option<String> {
        if let Some(name) = name.strip_prefix("matrix.") {
            if let Some(value) = self.row.values.get(name) {
                return Some(value.clone());
            }
            let unknown = |known: &String| name == known || name.starts_with(&format!("{known}."));
            let known = self.complete && !self.row.unknown.iter().any(unknown);
            return known.then(String::new);
        }
        // `env.NAME`, and what is known of `github.` and `inputs.` under its whole name.
        self.of(name.strip_prefix("env.").unwrap_or(name), depth)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shell::split;

    fn arguments(text: &str) -> String {
        let row = Row {
            values: [("flags", "--locked -v"), ("cmd", "test")]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            unknown: ["os".to_owned()].into(),
        };
        let variables: Variables = [
            ("CARGO", Some(Word::bare("cross"))),
            ("ALL", Some(Word::bare("--all $MORE"))),
            ("MORE", Some(Word::bare("${{ matrix.flags }}"))),
            ("LOOP", Some(Word::bare("$LOOP"))),
            ("RUN", None),
            ("NIL", Some(Word::bare(""))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let scope = Scope {
            row: &row,
            complete: true,
            variables: &variables,
        };
        let words = &split(text)[0].words;
        let shown = scope.arguments(words).into_iter().map(|argument| match argument {
            Argument::Text(text) => format!("[{text}]"),
            Argument::Unknown(text) => format!("<{text}>"),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_become_arguments() {
        insta::assert_snapshot!(arguments("${{ env.CARGO }} ${{ matrix.cmd }} ${{ matrix.flags }} \"${{ matrix.flags }}\" ${{ matrix.other }}"), @"[cross] [test] [--locked] [-v] [--locked -v]");
        insta::assert_snapshot!(arguments("$CARGO $ALL ${RUN} \"$RUN\" --target=${RUN} '$CARGO' ${X:-y} \"${args[@]}\" \"$@\""), @"[cross] [--all] [--locked] [-v] <${RUN}> [�] [--target=�] [$CARGO] [y] <${args[@]}> <$@>");
        insta::assert_snapshot!(arguments("a $LOOP ${{ matrix.os }} x${{ inputs.y }}z $( b ) $ 5$"), @"[a] <$LOOP> <${{ matrix.os }}> [x�z] <$( b )> [$] [5$]");
    }

    #[test]
    fn defaults_and_alternatives() {
        insta::assert_snapshot!(arguments("${CARGO:-a} ${NIL:-b} \"${NIL-c}\" ${RUN:-d} ${X:-${Y:-$CARGO}} ${X:='e f'} \"${X=e f}\""), @"[cross] [b] [] <${RUN:-d}> [cross] [e] [f] [e f]");
        insta::assert_snapshot!(arguments("${CARGO:+a} ${NIL:+b} ${NIL+c} ${RUN+d} ${X:+e} ${ALL:+$ALL} ${CARGO:?no} ${X?no}"), @"[a] [c] <${RUN+d}> [--all] [--locked] [-v] [cross] <${X?no}>");
        insta::assert_snapshot!(arguments("${CI:-a} ${CI_JOB_ID:+b} ${X:-${X:-${X:-${X:-${X:-deep}}}}} ${CARGO%s} ${X:1:2}"), @"<${CI:-a}> <${CI_JOB_ID:+b}> <${X:-${X:-${X:-${X:-${X:-deep}}}}}> <${CARGO%s}> <${X:1:2}>");
    }

    proptest! {
        #[test]
        fn no_text_panics(parts in proptest::collection::vec(
            proptest::sample::select(vec!["$", "{", "}", "${{", "}}", "matrix.", "env.", "a", ":-", ":=", "+", "[@]", "é", "(", ")", "env:", "@"]), 0..30)) {
            let (row, variables) = (Row::default(), Variables::new());
            let scope = Scope { row: &row, complete: false, variables: &variables };
            let _ = scope.arguments(&[Word::bare(parts.concat())]);
        }
    }
}
