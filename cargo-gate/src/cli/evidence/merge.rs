//! `cargo gate evidence merge`.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::sign::private_key;
use crate::cli::Conversation;
use crate::cli::arguments::{AuthorityArgs, DataFormat};
use crate::cli::run_named::RunNamed;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_base::{atomic, exit};
use gate_engine::evaluate::Request;
use gate_engine::plan::SuiteMode;
use gate_evidence::merge::{self, Cell, Expected, Merged, Part, United};
use gate_evidence::run_dir::DecisionRecord;
use gate_evidence::terms;
use gate_evidence::verify::Signers;
use gate_report::render::human::Detail;
use gate_report::render::text;
use gate_report::{Outcome, Report};

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Run directories or bundles, one for each machine
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// File to write the merged decision to
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Private Ed25519 key in OpenSSH format that signs the merged decision
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) key: Option<PathBuf>,
    /// Commit that the runs must have judged [default: the one checked out here]
    #[arg(long, value_name = "HASH")]
    pub(crate) commit: Option<String>,
    /// Platform that must have a run; may be repeated [default: at `broad`, `[ci] platforms`]
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub(crate) platforms: Vec<String>,
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(arguments: &MergeArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let signers = arguments.authority.signers(conversation)?;
    let parts = arguments.runs.iter().map(|name| part(name, &signers, conversation));
    let parts = parts.collect::<Result<Vec<Part>>>()?;
    let unite = |shards: &[&Part]| united(shards, conversation);
    let merged = merge::merge(&parts, &expected(arguments, &parts, conversation)?, &unite);
    if let Some(out) = &arguments.out {
        atomic::write(out, &merged.bytes()?)?;
        let message = format!("the merged decision to `{}`", out.display());
        conversation.printer.status("Wrote", &message);
        if let Some(path) = &arguments.key {
            let help = "`ssh-keygen -p -N \"\" -f <file>` removes the passphrase of a copy of the key";
            let key = merge::sign(out, &merged, &private_key(path, help)?)?;
            let message = format!("it with the key {key}, in `{}.sig`", out.display());
            conversation.printer.status("Signed", &message);
        }
    }
    let text = match arguments.message_format {
        DataFormat::Human => human(&merged, conversation.printer.detail()),
        DataFormat::Json => crate::cli::json_with_version(&merged)?,
    };
    conversation.printer.data(&text)?;
    Ok(if merged.decision.is_ready() {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

fn part(name: &str, signers: &Signers, conversation: &Conversation<'_>) -> Result<Part> {
    let path = Path::new(name);
    if path.is_file() {
        return Part::of_bundle(path, signers);
    }
    let run = RunNamed::find(name, conversation)?;
    Part::of_directory(name, &run.gate_dir, &run.directory, signers)
}

/// The verdict over all shards of a run, by the rules of the workspace here, which must be what they judged.
fn united(shards: &[&Part], conversation: &Conversation<'_>) -> std::result::Result<United, String> {
    let without = |why: &str| format!("shards are merged in the workspace that they judged, and {why}");
    let Some(subject) = shards.first().and_then(|part| part.manifest.subject.as_ref()) else {
        return Err(without("they name none"));
    };
    let opened = conversation
        .workspace()
        .and_then(|workspace| conversation.opened(workspace))
        .map_err(|error| without(&format!("this directory has no workspace: {}", error.message)))?;
    let here = opened.workspace.files().content_digest().to_hex();
    let git = opened.workspace.git();
    let is_commit = git.is_some_and(|git| git.dirty.is_empty() && git.head.is_some() && git.head == subject.commit);
    if here != subject.content && !is_commit {
        return Err(without("the files here are others"));
    }
    let reports: Vec<&Report> = shards.iter().map(|part| &part.report).collect();
    let first = &shards[0].report;
    let request = Request {
        stage: first.stage,
        strict: reports.iter().any(|report| report.strict),
        keep_going: true,
        jobs: 1,
        packages: subject.selected.clone(),
        since: None,
        fresh: false,
        suites: SuiteMode::None,
        now: Timestamp::now(),
        began: conversation.began,
        run_id: String::new(),
    };
    let verdict = opened.surroundings().united(&reports, &request);
    let report = Report {
        checks: verdict.checks,
        bounds: verdict.bounds.clone(),
        decision: verdict.decision,
        partition: None,
        ..first.clone()
    };
    Ok(United {
        checks: DecisionRecord::of(&report, "").checks,
        bounds: verdict.bounds,
    })
}

/// What the command line and the workspace here say that the claim is about.
fn expected(arguments: &MergeArgs, parts: &[Part], conversation: &Conversation<'_>) -> Result<Expected> {
    let mut expected = Expected {
        commit: arguments.commit.clone(),
        platforms: arguments.platforms.clone(),
        ..Expected::default()
    };
    let Ok(workspace) = conversation.workspace() else {
        if expected.platforms.is_empty() && parts.iter().any(|part| part.decision.stage >= Stage::Broad) {
            let error = Error::usage("the required platforms are unknown, because there is no workspace here");
            return Err(error.with_help("run the command in the workspace, or pass `--platform <name>` for each"));
        }
        return Ok(expected);
    };
    let policy = conversation.policy(&workspace)?;
    expected.policy = Some(terms::policy(&policy));
    expected.commit = expected
        .commit
        .or_else(|| workspace.git().and_then(|git| git.head.clone()));
    if expected.platforms.is_empty() {
        expected.platforms_at_broad = policy.ci.map(|ci| ci.platforms).unwrap_or_default();
    }
    Ok(expected)
}

/// A table of the checks that block somewhere, or of all; then the runs, what keeps them apart, and the decision.
pub(in crate::cli) fn human(merged: &Merged, detail: Detail) -> String {
    let mut out = String::new();
    let shown = |outcome: Outcome| detail == Detail::Verbose || !outcome.passes();
    for check in merged.checks.iter().filter(|check| shown(check.outcome)) {
        out.push_str(&format!("{}\n", text::line(&check.id)));
        for machine in merged.machines() {
            let said = check
                .cells
                .get(machine)
                .map_or_else(|| "does not apply".to_owned(), words);
            out.push_str(&format!("  {}: {}\n", text::line(machine), text::line(&said)));
        }
    }
    for run in &merged.runs {
        let signed = run
            .signed_by
            .as_ref()
            .map_or_else(|| "not signed".to_owned(), |name| format!("signed by {name}"));
        let decision = if run.is_shard() {
            "a shard".to_owned()
        } else {
            run.decision.name().replace('_', " ")
        };
        out.push_str(&format!(
            "{}: {decision} in run {}, {}\n",
            text::line(&run.machine),
            text::line(&run.run_id),
            text::line(&signed),
        ));
    }
    for bound in &merged.bounds {
        let (surface, reason) = (text::line(&bound.surface), text::line(&bound.reason));
        out.push_str(&format!(
            "not part of the claim: {surface} (risk {}): {reason}\n",
            text::line(&bound.risk)
        ));
    }
    for contradiction in &merged.contradictions {
        out.push_str(&format!("error: {}\n", text::line(&contradiction.message)));
    }
    let blocking = merged.checks.iter().filter(|check| !check.outcome.passes()).count();
    let commit = merged
        .commit
        .as_deref()
        .map_or_else(String::new, |commit| format!(" of commit {commit}"));
    out.push_str(&format!(
        "{} for {}: {}{}; {} of {} block\n",
        merged.decision.name().replace('_', " "),
        merged.stage,
        text::count(merged.runs.len() as u64, "run"),
        text::line(&commit),
        blocking,
        text::count(merged.checks.len() as u64, "check"),
    ));
    out
}

/// An outcome as words, with the code of its reason.
fn words(cell: &Cell) -> String {
    let name = cell.outcome.words();
    match &cell.reason {
        Some(reason) => format!("{name} ({}): {}", reason.code, reason.message),
        None => name.to_owned(),
    }
}
