//! `cargo gate status`: every check at every stage, from the evidence that is there.

use std::collections::BTreeMap;

use crate::JsonSchema;
use anstyle::{AnsiColor, Style};
use serde::{Deserialize, Serialize};

use super::human::{Detail, Options};
use super::text;
use crate::{Decision, Outcome};
use gate_base::stage::Stage;

/// What is known about every check, without running anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusTable {
    /// One row per check, in the order of the catalogue.
    pub rows: Vec<StatusRow>,
    /// The first stage that these contents have not been found ready for; absent once they were for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Stage>,
    /// Which stages each package may enter, by the last run of each stage over these contents that claimed it; empty where no
    /// run did, and in a workspace with one package.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackageStatus>,
}

/// What runs said of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageStatus {
    /// Name of the package.
    pub package: String,
    /// Decision by stage; a stage is absent where no run over these contents claimed the package.
    pub stages: BTreeMap<Stage, Decision>,
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
    let mut out = columns(&cells, |index, column, padded| match index {
        0 => style(HEAD, padded),
        _ => style(style_of(rows[index - 1], column), padded),
    });
    if !table.packages.is_empty() {
        out.push('\n');
        out.push_str(&packages(&table.packages, &style));
    }
    out.push_str(&summary(table, detail));
    out
}

/// Package by stage.
fn packages(packages: &[PackageStatus], style: &dyn Fn(Style, &str) -> String) -> String {
    let mut cells = vec![vec!["package".to_owned()]];
    cells[0].extend(Stage::ALL.iter().map(|stage| stage.name().to_owned()));
    for of in packages {
        let mut line = vec![text::line(&of.package).into_owned()];
        let decision = |stage: &Stage| of.stages.get(stage).map_or("-", |decision| decision.name());
        line.extend(Stage::ALL.iter().map(|stage| decision(stage).to_owned()));
        cells.push(line);
    }
    columns(&cells, |index, column, padded| {
        let decision = || {
            let stage = Stage::ALL.get(column.checked_sub(1)?)?;
            packages.get(index - 1)?.stages.get(stage)
        };
        let of_decision = |decision: &Decision| match decision {
            Decision::Ready => AnsiColor::Green.on_default(),
            Decision::ReadyWithBoundedScope => AnsiColor::Yellow.on_default(),
            Decision::NotReady => AnsiColor::Red.on_default(),
        };
        match index {
            0 => style(HEAD, padded),
            _ => style(decision().map_or(Style::new(), of_decision), padded),
        }
    })
}

/// Rows with every column as wide as its widest cell.
fn columns(cells: &[Vec<String>], shown: impl Fn(usize, usize, &str) -> String) -> String {
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
            out.push_str(&shown(index, column, &padded));
            out.push_str(if column == last { "\n" } else { "  " });
        }
    }
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
            packages: Vec::new(),
        }
    }

    #[test]
    fn packages_have_a_table_of_their_own() {
        let of = |package: &str, stages: &[(Stage, Decision)]| PackageStatus {
            package: package.into(),
            stages: stages.iter().copied().collect(),
        };
        let table = StatusTable {
            rows: Vec::new(),
            next: None,
            packages: vec![
                of(
                    "app",
                    &[
                        (Stage::Pilot, Decision::Ready),
                        (Stage::Controlled, Decision::ReadyWithBoundedScope),
                    ],
                ),
                of("core", &[(Stage::Pilot, Decision::NotReady)]),
                of("extra", &[]),
            ],
        };
        insta::assert_snapshot!(render(&table, &Options::default()), @"
        check  evidence  pilot  controlled  broad

        package  pilot      controlled                broad
        app      READY      READY_WITH_BOUNDED_SCOPE  -
        core     NOT_READY  -                         -
        extra    -          -                         -

        no checks
        ");
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
