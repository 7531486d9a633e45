//! What the policy says about evidence, runs and warnings of the past.

use std::ops::Range;
use std::time::Duration;

use jiff::civil::Date;
use serde::Serialize;
use toml::Spanned;

use crate::base::stage::Stage;
use crate::report::Location;

use super::pattern;
use super::raw::{RawEvidence, RawHistory, RawWarnings};
use super::section::section;
use super::value::{Converted, day, duration};

/// A limit on the age of evidence.
#[derive(Debug, Clone, Serialize)]
pub struct EvidenceAge {
    /// Ids of checks, with `*` and `?`.
    pub check: String,
    /// Age up to which evidence is reused.
    pub max_age: Duration,
    /// First stage at which the limit holds and such evidence must exist.
    pub stage: Option<Stage>,
    /// Where it is declared.
    pub location: Location,
}

impl EvidenceAge {
    /// Whether the limit holds for this check at this stage.
    pub fn covers(&self, id: &str, stage: Stage) -> bool {
        self.stage.is_none_or(|from| from <= stage) && pattern::matches(&self.check, id)
    }
}

/// How many runs without a failure a stage asks for.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryPolicy {
    /// How many runs of the stage before must have ended READY.
    pub runs: u32,
    /// Age up to which a run counts.
    pub within: Duration,
    /// Where it is declared.
    pub location: Location,
}

/// Which warnings somebody must have looked at.
#[derive(Debug, Clone, Serialize)]
pub struct WarningPolicy {
    /// First stage at which an unreviewed warning blocks.
    pub review_before: Stage,
    /// Age up to which a review counts.
    pub max_age: Duration,
    /// Warnings that somebody looked at.
    pub reviewed: Vec<Reviewed>,
    /// Where it is declared.
    pub location: Location,
}

/// A warning that somebody looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Reviewed {
    /// Id of the check that warns.
    pub check: String,
    /// Glob over the path of the warning's first location.
    pub path: Option<String>,
    /// Package the warning is about.
    pub package: Option<String>,
    /// Text that the warning's message contains.
    pub contains: Option<String>,
    /// Who looked at it.
    pub by: String,
    /// On which day.
    pub on: Date,
    /// What came of it.
    pub note: String,
    /// Where it is declared.
    pub location: Location,
}

pub(super) fn evidence(
    raw: Spanned<RawEvidence>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<Vec<EvidenceAge>> {
    let limits = raw.into_inner().age.into_iter();
    limits
        .map(|limit| {
            let span = limit.span();
            let limit = limit.into_inner();
            Ok(EvidenceAge {
                check: limit.check,
                max_age: duration(&limit.max_age, &span)?,
                stage: limit.stage,
                location: at(span),
            })
        })
        .collect()
}

pub(super) fn history(raw: Spanned<RawHistory>, at: &impl Fn(Range<usize>) -> Location) -> Converted<HistoryPolicy> {
    let span = raw.span();
    let raw = raw.into_inner();
    Ok(HistoryPolicy {
        runs: raw.runs,
        within: duration(&raw.within, &span)?,
        location: at(span),
    })
}

pub(super) fn warnings(raw: Spanned<RawWarnings>, at: &impl Fn(Range<usize>) -> Location) -> Converted<WarningPolicy> {
    let span = raw.span();
    let raw = raw.into_inner();
    let reviewed = raw.reviewed.into_iter().map(|reviewed| {
        let span = reviewed.span();
        let reviewed = reviewed.into_inner();
        Ok(Reviewed {
            check: reviewed.check,
            path: reviewed.path,
            package: reviewed.package,
            contains: reviewed.contains,
            by: reviewed.by,
            on: day(&reviewed.on, &span)?,
            note: reviewed.note,
            location: at(span),
        })
    });
    Ok(WarningPolicy {
        review_before: raw.review_before,
        max_age: duration(&raw.max_age, &span)?,
        reviewed: reviewed.collect::<Converted<_>>()?,
        location: at(span),
    })
}

section!(EvidenceAge, "evidence", evidence_ages: Vec<EvidenceAge>);
section!(HistoryPolicy, "history", history: Option<HistoryPolicy>);
section!(WarningPolicy, "warnings", warnings: Option<WarningPolicy>);
