//! Rules between the values of `[[suite.equivalence]]`: there are cells, something to compare them with, and a way to differ.

use std::ops::Range;

use gate_equivalence::dtype::Dtype;
use gate_equivalence::scope::{Axis, cover};
use toml::Spanned;
use toml::de::DeTable;

use super::super::problem::{Problem, shown};
use super::super::rule;
use super::super::rules::Rules;
use super::super::tables::{elements, is_filled, tables_of, text, texts};
use super::scope;

/// Placeholders that are no axes.
const OWN: [&str; 2] = ["output", "target"];

/// All of them.
pub(crate) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for suite in elements(rules.file, &["suite", "equivalence"]) {
        let Some((name, span)) = text(suite, "name") else {
            continue;
        };
        for (key, what, help) in [
            ("axis", "the axis", "give each axis its own name"),
            ("reference", "the reference", "give each reference its own name"),
        ] {
            let names = tables_of(suite, key).filter_map(|(table, _)| text(table, "name"));
            rules.duplicates(names, what, help, &mut problems);
        }
        let ids = ["exclude", "divergence"].map(|key| tables_of(suite, key));
        let ids = ids.into_iter().flatten().filter_map(|(table, _)| text(table, "id"));
        rules.duplicates(ids, "the id", "give each its own id", &mut problems);
        let before = problems.len();
        let axes = scope::axes(suite);
        if axes.is_empty() {
            let message = format!("suite `{}` has no axes, and so no cells", shown(name));
            let help = "add `[[suite.equivalence.axis]]` with `name` and `values`";
            problems.push(
                Problem::new(span.clone(), message)
                    .rule(&rule::SUITE_WITHOUT_LIMIT)
                    .help(help),
            );
        }
        values(suite, &mut problems);
        parts(suite, &axes, &mut problems);
        commands(suite, &axes, &mut problems);
        references(suite, name, span.clone(), &mut problems);
        comparison(suite, &axes, &mut problems);
        risks(suite, &mut problems);
        if problems.len() == before {
            cells(suite, name, span, &mut problems);
        }
    }
    problems
}

fn broken(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::new(span, message).rule(&rule::RULE_BROKEN).help(help)
}

/// Values of an axis differ from each other.
fn values(suite: &DeTable<'_>, problems: &mut Vec<Problem>) {
    for (axis, _) in tables_of(suite, "axis") {
        let list = axis.get("values").and_then(|values| values.get_ref().as_array());
        let mut seen = Vec::new();
        for item in list.into_iter().flat_map(|list| list.iter()) {
            let Some(value) = scope::value(item.get_ref()) else {
                continue;
            };
            if seen.contains(&value) {
                let message = format!("the value `{}` occurs twice", shown(&value.to_string()));
                let problem = Problem::new(item.span(), message).rule(&rule::DUPLICATE_NAME);
                problems.push(problem.help("remove one of the two"));
            }
            seen.push(value);
        }
    }
}

/// Parts of cells name axes and values that are declared, and something at all.
fn parts(suite: &DeTable<'_>, axes: &[Axis], problems: &mut Vec<Problem>) {
    let corners = tables_of(suite, "corners").map(|(table, span)| ("a corner", table, span));
    let of = |key, what| {
        let cells = tables_of(suite, key).filter_map(|(table, _)| table.get("cells"));
        cells.filter_map(move |cells| Some((what, cells.get_ref().as_table()?, cells.span())))
    };
    let all = corners
        .chain(of("exclude", "an exclusion"))
        .chain(of("divergence", "a divergence"));
    for (what, table, span) in all {
        if table.is_empty() {
            problems.push(broken(
                span,
                format!("{what} without values is every cell"),
                "name values of axes, such as `{ size = 0 }`",
            ));
            continue;
        }
        for (key, value) in table.iter() {
            let key_text: &str = key.get_ref();
            let Some(axis) = axes.iter().find(|axis| axis.name == key_text) else {
                let message = format!("{what} names the axis `{}`, which is not declared", shown(key_text));
                let problem = Problem::new(key.span(), message).rule(&rule::UNDECLARED_NAME);
                problems.push(problem.help("correct the name, or add `[[suite.equivalence.axis]]`"));
                continue;
            };
            let list = match value.get_ref().as_array() {
                Some(items) => items.iter().collect(),
                None => vec![value],
            };
            for item in list {
                let found = scope::value(item.get_ref());
                if let Some(found) = found.filter(|found| !axis.values.contains(found)) {
                    let message = format!(
                        "{what} names `{}`, which is not a value of `{}`",
                        shown(&found.to_string()),
                        axis.name
                    );
                    let problem = Problem::new(item.span(), message).rule(&rule::UNDECLARED_NAME);
                    problems.push(problem.help("correct the value, or add it to the axis"));
                }
            }
        }
    }
}

/// Names between braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split('{').skip(1);
    parts.filter_map(|part| Some(part.split_once('}')?.0))
}

/// Placeholders are axes, or what a run fills in.
fn commands(suite: &DeTable<'_>, axes: &[Axis], problems: &mut Vec<Problem>) {
    let mut words: Vec<(String, Range<usize>)> = Vec::new();
    let mut add = |table: &DeTable<'_>, key: &str| {
        words.extend(texts(table, key).map(|(word, span)| (word.to_owned(), span)));
        words.extend(text(table, key).map(|(word, span)| (word.to_owned(), span)));
    };
    add(suite, "command");
    for (reference, _) in tables_of(suite, "reference") {
        add(reference, "command");
        add(reference, "file");
    }
    for (word, span) in words {
        for name in placeholders(&word) {
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if is_name && !OWN.contains(&name) && !axes.iter().any(|axis| axis.name == name) {
                let message = format!("`{{{}}}` is no axis", shown(name));
                let problem = Problem::new(span.clone(), message).rule(&rule::UNDECLARED_NAME);
                problems.push(problem.help("correct the name, or add `[[suite.equivalence.axis]]`"));
            }
        }
    }
}

/// Each reference is one thing, and another one than what it is compared with.
fn references(suite: &DeTable<'_>, name: &str, span: Range<usize>, problems: &mut Vec<Problem>) {
    let all: Vec<_> = tables_of(suite, "reference").collect();
    if all.is_empty() {
        let message = format!("suite `{}` has no reference to compare with", shown(name));
        let help = "add `[[suite.equivalence.reference]]` with a `command`, a `commit`, a `file` or an `environment`";
        problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
    }
    let words = |table: &DeTable<'_>, key: &str| -> Vec<String> {
        let line = text(table, key).map(|(line, _)| line.split_whitespace().map(str::to_owned).collect());
        line.unwrap_or_else(|| texts(table, key).map(|(word, _)| word.to_owned()).collect())
    };
    let variables = |table: &DeTable<'_>| -> Vec<(String, String)> {
        let table = table.get("environment").and_then(|value| value.get_ref().as_table());
        let pairs = table.into_iter().flat_map(|table| table.iter());
        let mut pairs: Vec<(String, String)> = pairs
            .filter_map(|(key, value)| Some((key.get_ref().to_string(), value.get_ref().as_str()?.to_owned())))
            .collect();
        pairs.sort();
        pairs
    };
    let mut oracles = 0;
    for (reference, span) in all {
        let kinds = ["command", "commit", "file"];
        let has: Vec<&str> = kinds.into_iter().filter(|key| reference.contains_key(*key)).collect();
        if has.len() > 1 {
            let message = format!("a reference cannot have both `{}` and `{}`", has[0], has[1]);
            let place = reference.get(has[1]).map(Spanned::span).unwrap_or(span.clone());
            let problem = Problem::new(place, message).rule(&rule::EXCLUDING_KEYS);
            problems.push(problem.help("write a reference for each"));
        }
        if has.is_empty() && !is_filled_table(reference, "environment") {
            let problem =
                Problem::new(span.clone(), "the reference has nothing to compare with").rule(&rule::MISSING_KEY);
            problems.push(
                problem.help("add `command`, `commit`, `file`, or `environment` with the variables of another backend"),
            );
        }
        let own = has == ["command"] || has.is_empty() && is_filled_table(reference, "environment");
        let command = if has.is_empty() {
            words(suite, "command")
        } else {
            words(reference, "command")
        };
        if own && command == words(suite, "command") && variables(suite) == variables(reference) {
            let message = "the command is compared with itself, and could never differ";
            problems.push(broken(
                span.clone(),
                message,
                "name another command, or other variables in `environment`",
            ));
        }
        match (reference.get("file"), reference.get("record")) {
            (Some(file), None) => {
                let message = "a recorded output does not say who produced it";
                let problem = Problem::new(file.span(), message).rule(&rule::MISSING_KEY);
                problems.push(
                    problem.help("add `record = \"oracle/record.jsonl\"`, which names the producer of each file"),
                );
            }
            (None, Some(record)) => {
                let problem = Problem::new(record.span(), "`record` is about files, and the reference has none");
                problems.push(
                    problem
                        .rule(&rule::EXCLUDING_KEYS)
                        .help("add `file`, or remove the key"),
                );
            }
            _ => {}
        }
        if let (Some(absent), false) = (reference.get("absent"), is_filled(reference, "requires")) {
            let problem = Problem::new(absent.span(), "the reference is never absent: it requires nothing");
            problems.push(
                problem
                    .rule(&rule::MISSING_KEY)
                    .help("add `requires`, or remove the key"),
            );
        }
        if let Some(oracle) = reference
            .get("oracle")
            .filter(|value| value.get_ref().as_bool() == Some(true))
        {
            oracles += 1;
            if oracles == 2 {
                let problem = Problem::new(oracle.span(), "two references cannot both be right where they differ");
                problems.push(
                    problem
                        .rule(&rule::EXCLUDING_KEYS)
                        .help("keep `oracle = true` on one of them"),
                );
            }
        }
    }
}

fn is_filled_table(table: &DeTable<'_>, key: &str) -> bool {
    let table = table.get(key).and_then(|value| value.get_ref().as_table());
    table.is_some_and(|table| !table.is_empty())
}

/// What is compared can differ, and only what has rows has an order of them.
fn comparison(suite: &DeTable<'_>, axes: &[Axis], problems: &mut Vec<Problem>) {
    let word = |key| text(suite, key).map(|(word, _)| word);
    let format = word("format").unwrap_or("jsonl");
    let is_rows = ["jsonl", "csv"].contains(&format);
    let misplaced = |key: &str, message: String, help: &str, problems: &mut Vec<Problem>| {
        if let Some(value) = suite.get(key) {
            let problem = Problem::new(value.span(), message).rule(&rule::EXCLUDING_KEYS);
            problems.push(problem.help(help));
        }
    };
    if !is_rows {
        for key in ["rows", "key", "ties"] {
            let message = format!("`{key}` is about rows, and `{format}` has none");
            misplaced(key, message, "remove the key", problems);
        }
    } else if word("rows") == Some("sorted") {
        if !is_filled(suite, "key")
            && let Some((_, span)) = text(suite, "rows")
        {
            let problem = Problem::new(span, "sorted rows need a key").rule(&rule::MISSING_KEY);
            problems.push(problem.help("add `[[suite.equivalence.key]]` with `column`"));
        }
    } else {
        for key in ["key", "ties"] {
            let message = format!("`{key}` is about sorted rows, and these are not");
            misplaced(key, message, "write `rows = \"sorted\"`, or remove the key", problems);
        }
    }
    if format != "csv" {
        let message = format!("`null` is a field of CSV, and the format is `{format}`");
        misplaced("null", message, "remove the key", problems);
    }
    for (column, _) in tables_of(suite, "column") {
        tolerance(column, is_rows, problems);
        sum(column, axes, problems);
    }
}

/// Tolerances are of floating-point numbers, and do not accept every number.
fn tolerance(column: &DeTable<'_>, is_rows: bool, problems: &mut Vec<Problem>) {
    let kind = text(column, "kind").map_or("exact", |(kind, _)| kind);
    for key in ["ulp", "absolute", "relative", "reduction", "nan", "zero", "dtype"] {
        let exact = kind == "exact" && !is_rows && ["nan", "zero"].contains(&key);
        if kind != "float"
            && !exact
            && let Some(value) = column.get(key)
        {
            let message = format!("`{key}` is about floating-point numbers, and the column is `{kind}`");
            let problem = Problem::new(value.span(), message).rule(&rule::EXCLUDING_KEYS);
            problems.push(problem.help("write `kind = \"float\"`, or remove the key"));
        }
    }
    if kind == "decimal"
        && !is_rows
        && let Some((_, span)) = text(column, "kind")
    {
        let problem = Problem::new(span, "arrays hold no decimal numbers").rule(&rule::EXCLUDING_KEYS);
        problems.push(problem.help("write `kind = \"exact\"` or `kind = \"float\"`"));
    }
    let dtype = text(column, "dtype");
    if let Some((name, span)) = dtype.clone()
        && (!is_rows || !["f32", "f64"].contains(&name))
    {
        let problem =
            Problem::new(span, "`dtype` is `f32` or `f64`, and only of numbers in text").rule(&rule::EXCLUDING_KEYS);
        problems.push(problem.help("remove the key: arrays say the type of their elements"));
    }
    let per_binade = match dtype {
        Some(("f32", _)) => Dtype::F32.per_binade(),
        _ => Dtype::F64.per_binade(),
    };
    if let Some(ulp) = column.get("ulp")
        && scope::number_of(ulp.get_ref())
            .is_some_and(|count| u64::try_from(count).is_ok_and(|count| count >= per_binade))
    {
        let message = "so many units in the last place are a factor of two, which accepts every digit";
        problems.push(broken(ulp.span(), message, "write a number below 1000"));
    }
}

/// A sum has terms, and a bound below what is added.
fn sum(column: &DeTable<'_>, axes: &[Axis], problems: &mut Vec<Problem>) {
    let Some(reduction) = column.get("reduction").and_then(|value| value.get_ref().as_table()) else {
        return;
    };
    let Some(terms) = reduction.get("terms") else { return };
    if let Some(name) = terms.get_ref().as_str() {
        let axis = axes.iter().find(|axis| axis.name == name);
        let numbers = axis.map(|axis| {
            axis.values
                .iter()
                .all(|value| matches!(value, gate_equivalence::scope::AxisValue::Number(number) if u32::try_from(*number).is_ok()))
        });
        if numbers != Some(true) {
            let message = format!("`terms` names `{}`, which is not an axis of numbers", shown(name));
            let problem = Problem::new(terms.span(), message).rule(&rule::UNDECLARED_NAME);
            problems.push(problem.help("name an axis whose values are the numbers of terms, or write a number"));
        }
    }
}

/// An open risk is tracked.
fn risks(suite: &DeTable<'_>, problems: &mut Vec<Problem>) {
    for (exclusion, _) in tables_of(suite, "exclude") {
        if let (Some(("open", span)), None) = (text(exclusion, "status"), exclusion.get("tracked-by")) {
            let problem = Problem::new(span, "an open risk is tracked by nothing").rule(&rule::MISSING_KEY);
            problems.push(problem.help("add `tracked-by = \"<id of an open item of the register>\"`"));
        }
    }
}

/// The scope has cells, and each corner is one.
fn cells(suite: &DeTable<'_>, name: &str, span: Range<usize>, problems: &mut Vec<Problem>) {
    match cover(&scope::scope(suite)) {
        Err(large) => {
            let message = format!(
                "the scope of suite `{}` has {} combinations of values, and at most {} are followed",
                shown(name),
                large.combinations,
                large.most
            );
            problems.push(broken(span, message, "lower `strength`, or split the suite"));
        }
        Ok(cover) => {
            if cover.cells.is_empty() {
                let message = format!("the exclusions of suite `{}` leave no cell", shown(name));
                problems.push(broken(span, message, "narrow `[[suite.equivalence.exclude]]`"));
                return;
            }
            let corners: Vec<_> = tables_of(suite, "corners").collect();
            for at in cover.impossible {
                if let Some((_, span)) = corners.get(at) {
                    let message = "the corner is left out by an exclusion";
                    problems.push(broken(
                        span.clone(),
                        message,
                        "remove the corner, or narrow the exclusion",
                    ));
                }
            }
        }
    }
}
