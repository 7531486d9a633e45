//! Reading the register: open, deferred and closed items, in a file of its own beside `gate.toml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::error::{Error, Result};

use super::catalogue::Catalogue;
use super::item::{Level, RegisterItem, Severity};
use super::known::{Known, elements};
use super::model::Policy;
use super::position::Positions;
use super::problem::{PolicyErrors, Problem, shown};
use super::raw::{RawDate, RawItem, RawRegister};
use super::read::read;
use super::rules::text;
use super::suggest::similar;
use super::validate::{merged, syntax_problem};
use super::value::{self, version};
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
            "`cargo gate register add` writes its first item; an empty register is the line `version = 1`",
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
    let problems = merged(body, &positions, &syntax, (found.problems, found.missing), rules);
    if !problems.is_empty() {
        return Err(PolicyErrors::new(path, body, problems));
    }
    let failed = |problem| PolicyErrors::new(path, body, vec![problem]);
    let raw: RawRegister = toml::from_str(body).map_err(|error| failed(syntax_problem(body, &error)))?;
    version(raw.version).map_err(failed)?;
    raw.item
        .into_iter()
        .map(|item| convert(item, &positions).map_err(failed))
        .collect()
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
                    .help("give each item an id of its own"),
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
        let problem = Problem::new(span, "an item cannot deal with itself").rule(&rule::TRACKED_BY_ITSELF);
        problems.push(problem.help("name the item that deals with it, or remove the line"));
    } else if !ids.contains_key(tracker) {
        let mut problem = Problem::new(span, format!("`tracked-by` names an unknown item `{}`", shown(tracker)))
            .rule(&rule::UNKNOWN_ITEM);
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
            problems.push(problem.help("correct one of the two days"));
        }
    }
    if let (Some((_, span)), Some("open" | "deferred")) = (&closed, status) {
        let problem = Problem::new(span.clone(), "`closed` stands on an item that is not closed")
            .rule(&rule::CLOSING_OF_OPEN_ITEM);
        problems.push(problem.help("write `status = \"closed\"`, or remove the line"));
    }
    if let (Some((_, span)), Some("open" | "deferred")) = (text(item, "commit"), status) {
        let problem =
            Problem::new(span, "`commit` stands on an item that is not closed").rule(&rule::CLOSING_OF_OPEN_ITEM);
        problems.push(problem.help("write `status = \"closed\"`, or remove the line"));
    }
    if status == Some("closed")
        && item.get("closed").is_none()
        && let Some((_, span)) = text(item, "status")
    {
        let problem =
            Problem::new(span, "a closed item does not say when it was closed").rule(&rule::CLOSED_WITHOUT_DAY);
        problems.push(problem.help("add `closed = <day>`; `cargo gate register close <id>` does"));
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
                format!("`{key}` is missing in a `[[item]]` of kind {kind}"),
            )
            .rule(&rule::MISSING_KEY);
            problems.push(problem.help(format!("add `{key} = {example}`")));
        }
    };
    match kind {
        "risk" => {
            missing("impact", "\"high\"");
            missing("probability", "\"low\"");
            missing("mitigation", "\"what keeps it from coming true\"");
            missing("review", "<day by which it is looked at again>");
            missing("owner", "\"platform-team\"");
            if let Some(severity) = item.get("severity") {
                let problem = Problem::new(severity.span(), "a risk has an impact, not a severity")
                    .rule(&rule::SEVERITY_OF_A_RISK);
                problems.push(problem.help("write `impact`, or remove `kind = \"risk\"`"));
            }
        }
        "issue" => {
            missing("severity", "\"high\"");
            for key in OF_RISKS {
                if let Some(value) = item.get(key) {
                    let problem =
                        Problem::new(value.span(), format!("`{key}` belongs to a risk")).rule(&rule::KEY_OF_A_RISK);
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

fn convert(item: Spanned<RawItem>, positions: &Positions<'_>) -> Result<RegisterItem, Problem> {
    let span = item.span();
    let raw = item.into_inner();
    let day = |date: &RawDate| value::day(date, &span);
    let optional = |date: &Option<RawDate>| date.as_ref().map(day).transpose();
    let severity = raw.severity.or(raw.impact.map(|impact| match impact {
        Level::Low => Severity::Low,
        Level::Medium => Severity::Medium,
        Level::High => Severity::High,
    }));
    Ok(RegisterItem {
        severity: severity.ok_or_else(|| {
            Problem::new(span.clone(), "an item says nowhere how bad it is").rule(&rule::ITEM_WITHOUT_WEIGHT)
        })?,
        opened: day(&raw.opened)?,
        until: optional(&raw.until)?,
        closed: optional(&raw.closed)?,
        review: optional(&raw.review)?,
        id: raw.id,
        title: raw.title,
        kind: raw.kind,
        status: raw.status,
        owner: raw.owner,
        tracked_by: raw.tracked_by,
        acceptance: raw.acceptance,
        reason: raw.reason,
        closure: raw.closure,
        commit: raw.commit,
        resolution: raw.resolution,
        mitigation: raw.mitigation,
        fallback: raw.fallback,
        probability: raw.probability,
        location: positions.location(&span),
    })
}

#[cfg(test)]
mod tests;
