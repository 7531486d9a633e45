//! `cargo gate status`: every check at every stage, from the evidence that is there.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::human::{Detail, Options};
use super::text;
use crate::Outcome;
use gate_base::stage::Stage;

/// What is known about every check, without running anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusTable {
    /// One row per check, in the order of the catalogue.
    pub rows: Vec<StatusRow>,
    /// The first stage that these contents have not been found ready for; absent once they were for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Stage>,
}

/// What is known about one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusRow {
    /// Id of the check.
    pub id: String,
    /// Whether there is evidence that would be reused now.
    pub evidence: EvidenceState,
    /// Outcome by stage; a stage is absent where fresh evidence is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<Stage, Outcome>,
}

/// Whether there is evidence for a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceState {
    /// Its fingerprint matches now.
    Fresh,
    /// There is evidence, but what it was made of has changed.
    Stale,
    /// There is none.
    Absent,
    /// It is looked at anew each time, because it reads what has no digest: the clock, the run history.
    EachTime,
    /// The check does not apply here.
    NotApplicable,
}

impl EvidenceState {
    fn words(self) -> &'static str {
        match self {
            EvidenceState::Fresh => "fresh",
            EvidenceState::Stale => "stale",
            EvidenceState::Absent => "absent",
            EvidenceState::EachTime => "each time",
            EvidenceState::NotApplicable => "not applicable",
        }
    }
}

const HEAD: Style = Style::new().bold();

/// The table for people, and below it how much of it is fresh. What does not apply is counted, and listed on request.
pub fn render(table: &StatusTable, options: &Options) -> String {
    let Options { styled, detail, .. } = *options;
    let shown = |row: &&StatusRow| detail == Detail::Verbose || row.evidence != EvidenceState::NotApplicable;
    let rows: Vec<&StatusRow> = table.rows.iter().filter(shown).collect();
    let style = |style: Style, text: &str| {
        if styled {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    };
    let mut cells = vec![vec!["check".to_owned(), "evidence".to_owned()]];
    cells[0].extend(Stage::ALL.iter().map(|stage| stage.name().to_owned()));
    for row in &rows {
        let mut line = vec![text::line(&row.id).into_owned(), row.evidence.words().to_owned()];
        line.extend(Stage::ALL.iter().map(|stage| {
            let outcome = row.outcomes.get(stage).map(|outcome| outcome.words());
            outcome.unwrap_or("-").to_owned()
        }));
        cells.push(line);
    }
    let widths: Vec<usize> = (0..cells[0].len())
        .map(|column| cells.iter().map(|row| text::width(&row[column])).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (index, row) in cells.iter().enumerate() {
        let last = row.len() - 1;
        for (column, cell) in row.iter().enumerate() {
            let padded = if column == last {
                cell.clone()
            } else {
                text::pad(cell, widths[column])
            };
            let shown = match index {
                0 => style(HEAD, &padded),
                _ => style(style_of(rows[index - 1], column), &padded),
            };
            out.push_str(&shown);
            out.push_str(if column == last { "\n" } else { "  " });
        }
    }
    out.push_str(&summary(table, detail));
    out
}

fn style_of(row: &StatusRow, column: usize) -> Style {
    if column == 0 {
        return Style::new();
    }
    let Some(outcome) = column
        .checked_sub(2)
        .and_then(|stage| row.outcomes.get(Stage::ALL.get(stage)?))
    else {
        return if row.evidence == EvidenceState::Fresh {
            Style::new()
        } else {
            Style::new().dimmed()
        };
    };
    match outcome {
        Outcome::Pass => AnsiColor::Green.on_default(),
        Outcome::Warn => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default(),
    }
}

fn summary(table: &StatusTable, detail: Detail) -> String {
    let number = |state| table.rows.iter().filter(|row| row.evidence == state).count();
    let states = [
        EvidenceState::Fresh,
        EvidenceState::Stale,
        EvidenceState::Absent,
        EvidenceState::EachTime,
        EvidenceState::NotApplicable,
    ];
    let parts: Vec<String> = states
        .into_iter()
        .filter(|state| number(*state) > 0)
        .map(|state| {
            let hint = match (state, detail) {
                (EvidenceState::NotApplicable, Detail::Quiet | Detail::Normal) => " (-v lists them)",
                _ => "",
            };
            format!("{} {}{hint}", number(state), state.words())
        })
        .collect();
    if parts.is_empty() {
        return "\nno checks\n".to_owned();
    }
    let next = table
        .next
        .map(|stage| format!("; next: cargo gate {stage}"))
        .unwrap_or_default();
    format!("\n{}{next}\n", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> StatusTable {
        let row = |id: &str, evidence, outcomes: &[(Stage, Outcome)]| StatusRow {
            id: id.into(),
            evidence,
            outcomes: outcomes.iter().copied().collect(),
        };
        StatusTable {
            rows: vec![
                row(
                    "toolchain.pinned",
                    EvidenceState::Fresh,
                    &[
                        (Stage::Pilot, Outcome::Warn),
                        (Stage::Controlled, Outcome::Fail),
                        (Stage::Broad, Outcome::Fail),
                    ],
                ),
                row("profile.release", EvidenceState::NotApplicable, &[]),
                row("boundary.raw", EvidenceState::Stale, &[]),
                row("suite.test.default", EvidenceState::Absent, &[]),
            ],
            next: Some(Stage::Pilot),
        }
    }

    #[test]
    fn status_for_people() {
        let options = Options::default();
        insta::assert_snapshot!(render(&table(), &options), @r"
        check               evidence  pilot  controlled  broad
        toolchain.pinned    fresh     warn   fail        fail
        boundary.raw        stale     -      -           -
        suite.test.default  absent    -      -           -

        1 fresh, 1 stale, 1 absent, 1 not applicable (-v lists them); next: cargo gate pilot
        ");
        let verbose = Options {
            detail: Detail::Verbose,
            ..options
        };
        assert!(render(&table(), &verbose).contains("profile.release     not applicable  -"));
        let styled = Options {
            styled: true,
            ..options
        };
        assert_eq!(
            anstream::adapter::strip_str(&render(&table(), &styled)).to_string(),
            render(&table(), &options)
        );
        insta::assert_snapshot!(render(&StatusTable::default(), &options), @r"
        check  evidence  pilot  controlled  broad

        no checks
        ");
    }

    #[test]
    fn status_for_programs() {
        let text = serde_json::to_string_pretty(&table()).expect("JSON");
        assert_eq!(
            serde_json::from_str::<StatusTable>(&text).expect("the table is JSON"),
            table()
        );
        assert!(text.contains("\"controlled\": \"fail\""));
        assert!(text.contains("\"evidence\": \"not_applicable\""));
    }
}
