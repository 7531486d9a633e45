//! `cargo gate govern known record|shrink`, and what `cargo gate init` records.

use std::collections::BTreeMap;
use std::time::Instant;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::cli::Conversation;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_base::{exit, paths};
use gate_engine::evaluate::{Request, Surroundings};
use gate_engine::plan::SuiteMode;
use gate_evidence::event::Silent;
use gate_evidence::lock;
use gate_policy::{
    Existing, KNOWN_FINDINGS, KnownEntry, KnownFindings, LONGEST_KNOWN_DAYS, with_known_section, write_atomically,
};
use gate_report::render::{anchor, text};
use gate_report::{Finding, Location, MaskedReport};
use gate_surveys::Surveys;
use gate_world::code_owners::CodeOwners;

/// Days after which known findings block again, where nobody says otherwise.
const USUAL_DAYS: i32 = 90;

#[derive(Debug, Subcommand)]
pub(crate) enum KnownCommand {
    /// Record what is there now, so that only new findings block
    Record(KnownArgs),
    /// Remove from the list what is fixed
    Shrink,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct KnownArgs {
    /// Owner of the known findings: a team or a person [default: CODEOWNERS, or else git's user.name]
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Last day on which known findings do not block, YYYY-MM-DD [default: 90 days from now]
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<Date>,
}

pub(super) fn run(command: &KnownCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        KnownCommand::Record(arguments) => record(arguments, conversation),
        KnownCommand::Shrink => shrink(conversation),
    }
}

fn record(arguments: &KnownArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let Some(source) = &opened.policy.source else {
        return Err(Error::usage("there is no gate.toml").with_help("create it with `cargo gate init`"));
    };
    if opened.policy.known.is_some() {
        return Err(Error::usage(format!("`{KNOWN_FINDINGS}` exists, and only shrinks")).with_help(
            "permit a new finding with `cargo gate govern waiver add`; remove what is fixed with `cargo gate govern known \
             shrink`",
        ));
    }
    let known = there(opened.surroundings(), arguments, conversation)?;
    if known.entries.is_empty() {
        conversation
            .printer
            .status("Known", "nothing to record: no finding blocks a stage");
        return Ok(exit::READY);
    }
    let owner = owner(&opened.workspace, arguments).ok_or_else(nobody)?;
    let policy = with_known_section(&source.text, &owner);
    let root = opened.workspace.root();
    write_atomically(&root.join(KNOWN_FINDINGS), &known.to_text(), Existing::Replace)?;
    let path = conversation.global.policy.clone();
    write_atomically(
        &path.unwrap_or_else(|| root.join(gate_policy::FILE_NAME)),
        &policy,
        Existing::Replace,
    )?;
    conversation.printer.status("Recorded", &summary(&known));
    Ok(exit::READY)
}

fn shrink(conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let Some(policy) = &opened.policy.known else {
        return Err(Error::usage("gate.toml has no `[known]`: there is nothing to shrink"));
    };
    let report = judged(opened.surroundings(), conversation)?;
    let found = counted(&report, |finding| finding.waived.is_none());
    let judged = |id: &str| {
        report
            .checks
            .iter()
            .any(|check| check.id == id && check.reason.is_none())
    };
    let before = &policy.findings;
    let mut after = before.clone();
    for entry in after.entries.iter_mut().filter(|entry| judged(&entry.check)) {
        let key = (entry.check.clone(), entry.path.clone(), entry.message.clone());
        entry.count = entry.count.min(found.get(&key).copied().unwrap_or(0));
    }
    after.entries.retain(|entry| entry.count > 0);
    let gone = before.total() - after.total();
    if gone == 0 {
        conversation
            .printer
            .status("Known", "nothing to remove: every known finding is still there");
        return Ok(exit::READY);
    }
    write_atomically(
        &opened.workspace.root().join(KNOWN_FINDINGS),
        &after.to_text(),
        Existing::Replace,
    )?;
    let left = match after.total() {
        0 => "none are left: delete the file and the `[known]` section".to_owned(),
        left => format!("{left} left until {}", after.until),
    };
    let gone = text::count(gone, "known finding");
    conversation
        .printer
        .status("Removed", &format!("{gone} from {KNOWN_FINDINGS}; {left}"));
    Ok(exit::READY)
}

/// What is there now and would block a stage, as it is recorded.
///
/// # Errors
/// Usage errors: the last day is in the past or too far away. Failures of the tool while judging.
pub(in crate::cli) fn there(
    surroundings: Surroundings<'_>,
    arguments: &KnownArgs,
    conversation: &Conversation<'_>,
) -> Result<KnownFindings> {
    let now = surroundings.history.not_before_last_run(Timestamp::now());
    let recorded = now.to_zoned(TimeZone::UTC).date();
    let after = |days| recorded.saturating_add(Span::new().days(days));
    let until = arguments.until.unwrap_or_else(|| after(USUAL_DAYS));
    if until < recorded || until > after(LONGEST_KNOWN_DAYS) {
        return Err(
            Error::usage(format!("findings cannot be known until {until}")).with_help(format!(
                "pass a date to `--until` from {recorded} to {}: what may stay longer takes a waiver with a reason",
                after(LONGEST_KNOWN_DAYS)
            )),
        );
    }
    let report = judged(surroundings, conversation)?;
    let entries = counted(&report, |finding| finding.is_open() && finding.blocks_at.is_some());
    let entries = entries.into_iter().map(|((check, path, message), count)| KnownEntry {
        check,
        path,
        message,
        count,
        location: Location::file(KNOWN_FINDINGS),
    });
    Ok(KnownFindings {
        recorded,
        until,
        entries: entries.collect(),
    })
}

/// `12 known findings of 2 checks in known_findings.toml until 2027-02-21: they do not block, new ones do`.
pub(in crate::cli) fn summary(known: &KnownFindings) -> String {
    let checks = known.entries.chunk_by(|a, b| a.check == b.check).count();
    format!(
        "{} of {} in {KNOWN_FINDINGS} until {}: they do not block, new ones do",
        text::count(known.total(), "known finding"),
        text::count(checks as u64, "check"),
        known.until
    )
}

/// Who answers for what is known: who is named, or the owner of the file, or who commits.
pub(in crate::cli) fn owner(workspace: &Surveys, arguments: &KnownArgs) -> Option<String> {
    let named = arguments.owner.clone();
    let of_file = || {
        let (_, bytes, below) = workspace.code_owners()?;
        let owners = CodeOwners::parse(&String::from_utf8_lossy(&bytes));
        let owners = owners.of(&paths::join(&below, KNOWN_FINDINGS)).join(", ");
        Some(owners).filter(|owners| !owners.is_empty())
    };
    named.or_else(of_file).or_else(|| workspace.git()?.user())
}

fn nobody() -> Error {
    Error::usage("known findings need an owner").with_help("pass a team or a person to `--owner`")
}

/// Every check from what is in the tree. Suites do not run, and nothing is left in the history.
fn judged(surroundings: Surroundings<'_>, conversation: &Conversation<'_>) -> Result<MaskedReport> {
    lock::prepare(surroundings.workspace.target_dir())?;
    let request = Request {
        stage: Stage::Broad,
        strict: false,
        keep_going: true,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: false,
        suites: SuiteMode::None,
        now: Timestamp::now(),
        began: Instant::now(),
        run_id: String::new(),
    };
    let evaluation = surroundings.evaluate(&request, &Silent, conversation.cancel)?;
    Ok(evaluation.report)
}

/// The findings of checks that allow it, by what an entry is told apart by.
fn counted(report: &MaskedReport, wanted: impl Fn(&Finding) -> bool) -> BTreeMap<(String, String, String), u32> {
    let mut counts = BTreeMap::new();
    let recordable = |id: &str| gate_checks::find(id).is_some_and(|check| check.recordable);
    for check in report.checks.iter().filter(|check| recordable(&check.id)) {
        for finding in check.findings.iter().filter(|finding| wanted(finding)) {
            let path = anchor(Some(finding)).path.clone();
            *counts
                .entry((check.id.clone(), path, finding.message.clone()))
                .or_default() += 1;
        }
    }
    counts
}
