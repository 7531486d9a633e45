//! Reading and naming the file of known findings.

use std::fs;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use gate_base::error::{Error, Result};
use gate_report::Location;

use super::catalogue::Catalogue;
use super::deserialize::from_file;
use super::edit::{quoted, with_table};
use super::known::Known;
use super::known_findings::{Count, KNOWN_FINDINGS, KnownEntry, KnownFile, KnownFindings, LONGEST_KNOWN_DAYS, WHY};
use super::model::Policy;
use super::position::Positions;
use super::problem::{PolicyErrors, Problem, shown};
use super::read::{read, usage};
use super::tables::table;
use super::validate::{merged, syntax_problems, unread};
use super::walk::walk;
use super::{rule, schema};

impl KnownFindings {
    /// Reads an earlier version of the file, whatever checks it names; `None` where it has no sense.
    pub fn earlier(text: &[u8]) -> Option<Self> {
        let body = std::str::from_utf8(text).ok()?;
        let body = body.strip_prefix('\u{feff}').unwrap_or(body);
        let positions = Positions::new(KNOWN_FINDINGS, body);
        let file = DeTable::parse(body).ok()?;
        typed(&file, &positions).ok()
    }
}

/// Reads the known findings if the policy has the section.
pub(super) fn attach(root: &Path, policy: &mut Policy, catalogue: &Catalogue) -> Result<()> {
    let Some(known) = &mut policy.known else {
        return Ok(());
    };
    let path = root.join(KNOWN_FINDINGS);
    // What git tracks of a link is its text, so nobody would see its contents change.
    if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(usage(&path, format!("`{KNOWN_FINDINGS}` is a symbolic link"))
            .with_help("replace the link with the file that it points to"));
    }
    let Some(text) = read(&path, KNOWN_FINDINGS)? else {
        let place = known.location.line.map(|line| format!(" in line {line}"));
        let message = format!(
            "there is no `{KNOWN_FINDINGS}`, which `[known]`{} of {} requires",
            place.unwrap_or_default(),
            known.location.path
        );
        return Err(Error::usage(message).with_help("restore the file, or remove `[known]`: the findings then block"));
    };
    known.findings = parse(KNOWN_FINDINGS, &text, catalogue)?;
    Ok(())
}

/// Validates the text of a file of known findings. `path` is what messages and locations call it.
///
/// # Errors
/// Every error of the file, in the order of the file.
pub fn parse(path: &str, text: &str, catalogue: &Catalogue) -> Result<KnownFindings, PolicyErrors> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let positions = Positions::new(path, body);
    let (file, syntax) = DeTable::parse_recoverable(body);
    let nothing = DeTable::default();
    let known = Known::new(catalogue, &nothing);
    let found = walk(schema::known(), &file, &known);
    let rules = not_recordable(file.get_ref(), catalogue);
    let problems = merged(
        &positions,
        syntax_problems(body, &syntax),
        (found.problems, found.missing),
        rules,
    );
    if !problems.is_empty() {
        return Err(PolicyErrors::new(path, body, problems));
    }
    let known = typed(&file, &positions).map_err(|error| PolicyErrors::new(path, body, vec![unread(&error)]))?;
    match dates(file.get_ref(), &known) {
        Some(problem) => Err(PolicyErrors::new(path, body, vec![problem])),
        None => Ok(known),
    }
}

fn typed(
    file: &toml::Spanned<DeTable<'_>>,
    positions: &Positions<'_>,
) -> Result<KnownFindings, serde::de::value::Error> {
    let known: KnownFile = from_file(file, positions)?;
    let place = |check: &str, path: &str, message: &str| {
        let table = table(file.get_ref(), &["finding", check, path])?;
        let (key, _) = table.get_key_value(message)?;
        Some(positions.location(&key.span()))
    };
    let mut entries = Vec::new();
    for (check, files) in known.finding {
        for (path, messages) in files {
            for (message, Count(count)) in messages {
                entries.push(KnownEntry {
                    location: place(&check, &path, &message).unwrap_or_else(|| Location::file(KNOWN_FINDINGS)),
                    check: check.clone(),
                    path: path.clone(),
                    message,
                    count,
                });
            }
        }
    }
    Ok(KnownFindings {
        recorded: known.recorded,
        until: known.until,
        entries,
    })
}

/// Checks whose findings no record may cover.
fn not_recordable(file: &DeTable<'_>, catalogue: &Catalogue) -> Vec<Problem> {
    let Some(DeValue::Table(checks)) = file.get("finding").map(toml::Spanned::get_ref) else {
        return Vec::new();
    };
    let refused = checks.iter().filter(|(check, _)| {
        let check: &str = check.get_ref();
        catalogue.blocks_at(check).is_some() && !catalogue.is_recordable(check)
    });
    refused
        .map(|(check, _)| {
            let message = format!("findings of `{}` cannot be known", shown(check.get_ref()));
            Problem::new(check.span(), message)
                .rule(&rule::CHECK_NOT_RECORDABLE)
                .help("remove the entry, and fix the finding or waive it in gate.toml")
        })
        .collect()
}

/// The record ends after it began, and soon enough.
fn dates(file: &DeTable<'_>, known: &KnownFindings) -> Option<Problem> {
    let KnownFindings { recorded, until, .. } = known;
    let days = recorded.until(*until).map_or(i32::MAX, |span| span.get_days());
    let message = if days < 0 {
        format!("`until` is {until}, before the findings were recorded on {recorded}")
    } else if days > LONGEST_KNOWN_DAYS {
        format!("`until` is {days} days after `recorded`; at most {LONGEST_KNOWN_DAYS} are allowed: {WHY}")
    } else {
        return None;
    };
    let span = file.get("until").map(toml::Spanned::span).unwrap_or_default();
    Some(Problem::new(span, message).rule(&rule::OUT_OF_RANGE).help(format!(
        "write a date within {LONGEST_KNOWN_DAYS} days after {recorded}"
    )))
}

/// The text of a policy with the section of known findings, every other byte as it is.
pub fn with_known_section(policy: &str, owner: &str) -> String {
    let section = format!(
        "# Findings that were there when the gate was adopted, in {KNOWN_FINDINGS}: they do not block until the date in \
         that file.\n[known]\nowner = {}\n",
        quoted(owner)
    );
    with_table(policy, &section)
}

#[cfg(test)]
mod tests;
