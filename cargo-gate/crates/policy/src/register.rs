//! Reading the register: open, deferred and closed items, in a file of its own beside `gate.toml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use gate_base::error::{Error, Result};

use super::catalogue::Catalogue;
use super::deserialize::from_file;
use super::item::{RegisterFile, RegisterItem};
use super::known::Known;
use super::model::Policy;
use super::position::Positions;
use super::problem::{PolicyErrors, Problem, shown};
use super::read::read;
use super::suggest::similar;
use super::tables::{elements, text};
use super::validate::{merged, syntax_problems, unread};
use super::walk::walk;
use super::{format, rule, schema};

/// Reads the register that the policy names, if it names one.
pub(super) fn attach(root: &Path, policy: &mut Policy) -> Result<()> {
    let Some(register) = &mut policy.register else {
        return Ok(());
    };
    let path = root.join(&register.path);
    let Some(text) = read(&path, &register.path)? else {
        let place = register
            .location
            .line
            .map(|line| format!(", which {} names in line {line}", register.location.path));
        let message = format!("there is no register `{}`{}", register.path, place.unwrap_or_default());
        return Err(Error::usage(message).with_help(
            "add the first item with `cargo gate govern register add`, or write the line `version = 1` for an empty \
             register",
        ));
    };
    register.items = parse(&register.path, &text)?;
    Ok(())
}

/// Validates the text of a register. `path` is what messages and locations call it.
///
/// # Errors
/// Every error of the file, in the order of the file.
pub fn parse(path: &str, text: &str) -> Result<Vec<RegisterItem>, PolicyErrors> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let positions = Positions::new(path, body);
    let (file, syntax) = DeTable::parse_recoverable(body);
    let catalogue = Catalogue::default();
    let known = Known::new(&catalogue, file.get_ref());
    let found = walk(schema::register(), &file, &known);
    let mut rules = Vec::new();
    between_values(file.get_ref(), &positions, &mut rules);
    let problems = merged(
        &positions,
        syntax_problems(body, &syntax),
        (found.problems, found.missing),
        rules,
    );
    if !problems.is_empty() {
        return Err(PolicyErrors::new(path, body, problems));
    }
    from_file(&file, &positions)
        .map(|register: RegisterFile| register.item)
        .map_err(|error| PolicyErrors::new(path, body, vec![unread(&error)]))
}

/// Rules between values of items, and between items.
fn between_values(file: &DeTable<'_>, positions: &Positions<'_>, problems: &mut Vec<Problem>) {
    let Some(items) = file.get("item").and_then(|items| items.get_ref().as_array()) else {
        return;
    };
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for item in elements(file, &["item"]) {
        let Some((id, span)) = text(item, "id") else { continue };
        if let Some(line) = lines.get(id) {
            let problem =
                Problem::new(span, format!("the item `{}` is declared twice", shown(id))).rule(&rule::DUPLICATE_NAME);
            problems.push(
                problem
                    .label(format!("first declared on line {line}"))
                    .help("give each item its own id"),
            );
        } else {
            lines.insert(id, positions.line_index(span.start) + 1);
        }
    }
    for element in items.iter() {
        let Some(item) = element.get_ref().as_table() else {
            continue;
        };
        tracked(item, &lines, problems);
        dates(item, problems);
        by_kind(item, &element.span(), problems);
    }
}

/// `tracked-by` names another item of the file.
fn tracked(item: &DeTable<'_>, ids: &BTreeMap<&str, usize>, problems: &mut Vec<Problem>) {
    let Some((tracker, span)) = text(item, "tracked-by") else {
        return;
    };
    if text(item, "id").is_some_and(|(id, _)| id == tracker) {
        let problem = Problem::new(span, "an item cannot be tracked by itself").rule(&rule::TRACKED_BY_ITSELF);
        problems.push(problem.help("set it to the item that tracks this one, or remove the line"));
    } else if !ids.contains_key(tracker) {
        let mut problem =
            Problem::new(span, format!("unknown item `{}` in `tracked-by`", shown(tracker))).rule(&rule::UNKNOWN_ITEM);
        match similar(tracker, ids.keys().copied()) {
            Some(id) => problem = problem.did_you_mean(id),
            None => problem = problem.help("add that item, or remove the line"),
        }
        problems.push(problem);
    }
}

/// Nothing is closed, or deferred into the past, before it is found; and closed is what says when.
fn dates(item: &DeTable<'_>, problems: &mut Vec<Problem>) {
    let status = text(item, "status").map(|(status, _)| status);
    let (opened, closed) = (day(item, "opened"), day(item, "closed"));
    for (key, later) in [("closed", &closed), ("until", &day(item, "until"))] {
        if let (Some((opened, _)), Some((later, span))) = (&opened, later)
            && later < opened
        {
            let message = format!("`{key}` is {later}, before the item was opened on {opened}");
            let problem = Problem::new(span.clone(), message).rule(&rule::DAYS_OUT_OF_ORDER);
            problems.push(problem.help("correct one of the two dates"));
        }
    }
    if let (Some((_, span)), Some("open" | "deferred")) = (&closed, status) {
        let problem = Problem::new(span.clone(), "`closed` is set on an item that is not closed")
            .rule(&rule::CLOSING_OF_OPEN_ITEM);
        problems.push(problem.help("write `status = \"closed\"`, or remove the line"));
    }
    if let (Some((_, span)), Some("open" | "deferred")) = (text(item, "commit"), status) {
        let problem =
            Problem::new(span, "`commit` is set on an item that is not closed").rule(&rule::CLOSING_OF_OPEN_ITEM);
        problems.push(problem.help("write `status = \"closed\"`, or remove the line"));
    }
    if status == Some("closed")
        && item.get("closed").is_none()
        && let Some((_, span)) = text(item, "status")
    {
        let problem = Problem::new(span, "the item is closed but has no `closed` date").rule(&rule::CLOSED_WITHOUT_DAY);
        problems.push(problem.help("add `closed = <date>`; `cargo gate govern register close <id>` does this"));
    }
}

/// What only an issue, or only a risk, has.
fn by_kind(item: &DeTable<'_>, span: &Range<usize>, problems: &mut Vec<Problem>) {
    const OF_RISKS: [&str; 5] = ["impact", "probability", "mitigation", "fallback", "review"];
    let kind = text(item, "kind").map_or("issue", |(kind, _)| kind);
    let mut missing = |key: &str, example: &str| {
        if item.get(key).is_none() {
            let problem = Problem::new(
                span.clone(),
                format!("missing key `{key}` in an `[[item]]` of kind `{kind}`"),
            )
            .rule(&rule::MISSING_KEY);
            problems.push(problem.help(format!("add `{key} = {example}`")));
        }
    };
    match kind {
        "risk" => {
            missing("impact", "\"high\"");
            missing("probability", "\"low\"");
            missing("mitigation", "\"what reduces the risk\"");
            missing("review", "<date of the next review>");
            missing("owner", "\"platform-team\"");
            if let Some(severity) = item.get("severity") {
                let problem = Problem::new(severity.span(), "a risk has `impact` instead of `severity`")
                    .rule(&rule::SEVERITY_OF_A_RISK);
                problems.push(problem.help("write `impact`, or remove `kind = \"risk\"`"));
            }
        }
        "issue" => {
            missing("severity", "\"high\"");
            for key in OF_RISKS {
                if let Some(value) = item.get(key) {
                    let problem =
                        Problem::new(value.span(), format!("`{key}` is only for risks")).rule(&rule::KEY_OF_A_RISK);
                    problems.push(problem.help("add `kind = \"risk\"`, or remove the line"));
                }
            }
        }
        _ => {}
    }
}

fn day(table: &DeTable<'_>, key: &str) -> Option<(Date, Range<usize>)> {
    let value = table.get(key)?;
    let day = match value.get_ref() {
        DeValue::String(text) => format::date(text)?,
        DeValue::Datetime(datetime) => format::native_date(datetime)?,
        _ => return None,
    };
    Some((day, value.span()))
}

#[cfg(test)]
mod tests;
