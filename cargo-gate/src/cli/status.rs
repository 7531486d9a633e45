//! `cargo gate status`: every check at every stage from the evidence at hand, running nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::Result;
use gate_base::exit;
use gate_base::stage::Stage;
use gate_engine::evaluate::Request;
use gate_engine::plan::{Action, SuiteMode};
use gate_engine::verdict;
use gate_evidence::history::HistoryEntry;
use gate_evidence::terms::Terms;
use gate_report::render::status::{EvidenceState, PackageStatus, StatusRow, StatusTable, render};

use super::Conversation;
use super::open::Opened;

pub(super) fn run(arguments: &FormatArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let table = table(&conversation.open()?);
    let text = match arguments.message_format {
        DataFormat::Human => render(&table, &conversation.printer.options()),
        DataFormat::Json => super::json(&table)?,
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

/// The table; suites of later stages are part of it, so the plan is that of the last stage.
fn table(opened: &Opened) -> StatusTable {
    let request = Request {
        stage: Stage::Broad,
        strict: false,
        keep_going: false,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: false,
        suites: SuiteMode::WithoutEvidence,
        now: Timestamp::now(),
        began: std::time::Instant::now(),
        run_id: String::new(),
    };
    let today = opened
        .history
        .not_before_last_run(request.now)
        .to_zoned(TimeZone::UTC)
        .date();
    opened.surroundings().plan(&request, |plan, last| {
        let rows = plan.items.iter().map(|item| {
            let id = item.unit.id();
            let (evidence, outcomes) = match &item.action {
                Action::Reuse(evidence) => {
                    let result = verdict::under_policy(&id, &evidence.result, &opened.policy, today);
                    let outcome = |stage| verdict::outcome_at(&result, stage, opened.policy.is_strict(stage));
                    let outcomes = Stage::ALL.map(|stage| (stage, outcome(stage)));
                    (EvidenceState::Fresh, BTreeMap::from(outcomes))
                }
                Action::Run(_) if item.fingerprint.volatile_part().is_some() => {
                    (EvidenceState::EachTime, BTreeMap::new())
                }
                Action::Run(_) if last.knows(&id) => (EvidenceState::Stale, BTreeMap::new()),
                Action::Run(_) | Action::Elsewhere(_) => (EvidenceState::Absent, BTreeMap::new()),
            };
            StatusRow { id, evidence, outcomes }
        });
        let skipped = plan.not_applicable.iter().map(|skipped| StatusRow {
            id: skipped.id.clone(),
            evidence: EvidenceState::NotApplicable,
            outcomes: BTreeMap::new(),
        });
        let afterwards = plan.afterwards.iter().map(|check| StatusRow {
            id: check.id.to_owned(),
            evidence: EvidenceState::EachTime,
            outcomes: BTreeMap::new(),
        });
        StatusTable {
            rows: rows.chain(afterwards).chain(skipped).collect(),
            next: next_stage(opened),
            packages: packages(opened),
        }
    })
}

/// What the last run of each stage over these contents said of each package that it claimed.
fn packages(opened: &Opened) -> Vec<PackageStatus> {
    let members = &opened.workspace.cargo().members;
    if members.len() < 2 {
        return Vec::new();
    }
    let content = opened.workspace.files().content_digest().to_hex();
    let of = |name: &String| {
        let terms = Terms::of(&opened.workspace, &opened.policy, std::slice::from_ref(name));
        let last = |stage: Stage| {
            let mut runs = opened.history.entries.iter().rev();
            let counts = |entry: &&HistoryEntry| {
                entry.stage == stage && entry.content == content && entry.difference(&terms).is_none()
            };
            runs.find(counts).map(|entry| (stage, entry.decision))
        };
        PackageStatus {
            package: name.clone(),
            stages: Stage::ALL.into_iter().filter_map(last).collect(),
        }
    };
    let packages: Vec<PackageStatus> = members.iter().map(|member| of(&member.name)).collect();
    if packages.iter().all(|package| package.stages.is_empty()) {
        return Vec::new();
    }
    packages
}

/// The first stage whose last run over these contents did not end in readiness.
fn next_stage(opened: &Opened) -> Option<Stage> {
    let content = opened.workspace.files().content_digest().to_hex();
    let terms = Terms::of(&opened.workspace, &opened.policy, &[]);
    Stage::ALL.into_iter().find(|stage| {
        let mut runs = opened.history.entries.iter().rev();
        let last =
            runs.find(|entry| entry.stage == *stage && entry.content == content && entry.difference(&terms).is_none());
        !last.is_some_and(|entry| entry.decision.is_ready())
    })
}
