//! `--fix`: applies the edits of findings, judges the stage again, and says which findings are gone.

use std::path::PathBuf;

use jiff::Timestamp;

use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_base::{exit, paths};
use gate_engine::evaluate::Evaluation;
use gate_engine::fix::{self, Applied, Outcome};
use gate_evidence::event::Tee;
use gate_evidence::lock;
use gate_policy::{Existing, write_atomically};
use gate_surveys::Surveys;

use super::super::Conversation;
use super::super::open::Opened;
use super::super::reports::print_report;
use super::arguments::StageArgs;
use super::judge::request;
use super::selection::selection;

/// A fix may uncover a finding that has another one. So often the stage is judged at most.
const ROUNDS: usize = 8;

pub(super) fn run(
    stage: Stage,
    arguments: &StageArgs,
    workspace: Surveys,
    now: Timestamp,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    if !arguments.dry_run {
        permitted(&workspace, arguments)?;
    }
    lock::prepare(workspace.target_dir())?;
    // What suites showed is not asked again: none of them is behind a fix.
    let arguments = StageArgs {
        no_suites: true,
        ..arguments.clone()
    };
    let mut workspace = Some(workspace);
    let mut done: Vec<Outcome> = Vec::new();
    for round in 1.. {
        let opened = conversation.opened(match workspace.take() {
            Some(workspace) => workspace,
            None => conversation.workspace()?,
        })?;
        let chosen = selection(&arguments, &opened, conversation)?;
        let began = (now, conversation.began);
        let request = request(stage, &arguments, chosen, &opened, began, String::new());
        let evaluation = opened
            .surroundings()
            .evaluate(&request, &Tee(&[]), conversation.cancel)?;
        let place = |path: &str| place(&opened, path);
        let applied = fix::applied(&evaluation.report, &done, &|path| std::fs::read(place(path)).ok());
        if arguments.dry_run {
            return previewed(&applied, conversation);
        }
        if applied.files.is_empty() || round == ROUNDS {
            done.extend(applied.fixes);
            return concluded(&done, &evaluation, &opened, &arguments, conversation);
        }
        for (path, changed) in &applied.files {
            write_atomically(&place(path), &changed.after, Existing::Replace)?;
        }
        done.extend(applied.fixes.into_iter().filter(|fix| fix.left.is_none()));
    }
    Ok(exit::READY)
}

/// As cargo's own `fix`: what cannot be undone is asked for.
fn permitted(workspace: &Surveys, arguments: &StageArgs) -> Result<()> {
    let Some(git) = workspace.git() else {
        if arguments.allow_no_vcs {
            return Ok(());
        }
        let message = "the workspace is in no git repository, so what `--fix` changes could not be undone";
        return Err(Error::usage(message).with_help("commit it to a repository, or pass `--allow-no-vcs`"));
    };
    if arguments.allow_dirty || git.dirty.is_empty() {
        return Ok(());
    }
    let paths: Vec<String> = git.dirty.iter().take(3).map(|one| format!("`{}`", one.path)).collect();
    let more = match git.dirty.len() - paths.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "{}{more} differ from the commit, so what `--fix` changes could not be told from it",
        paths.join(", ")
    );
    Err(Error::usage(message).with_help("commit or stash them, or pass `--allow-dirty`"))
}

/// A file of a finding on the disk.
fn place(opened: &Opened, path: &str) -> PathBuf {
    let native = opened.workspace.files().get(path).map(|file| file.native.clone());
    let native = native.unwrap_or_else(|| PathBuf::from(path));
    paths::normalize(&opened.workspace.root().join(native))
}

fn previewed(applied: &Applied, conversation: &Conversation<'_>) -> Result<i32> {
    let diffs: String = applied
        .files
        .iter()
        .map(|(path, changed)| fix::unified(path, changed))
        .collect();
    conversation.printer.data(&diffs)?;
    for fix in &applied.fixes {
        match fix.left {
            None => conversation.printer.status("Would fix", &said(fix)),
            Some(why) => left(fix, why, conversation),
        }
    }
    if applied.fixes.is_empty() {
        conversation.printer.status("Nothing", NOTHING);
    }
    Ok(if applied.files.is_empty() {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

const NOTHING: &str = "to fix: no finding has an edit that a machine can apply";

/// Says what became of each fix, and prints the report of the stage as it is now.
fn concluded(
    done: &[Outcome],
    evaluation: &Evaluation,
    opened: &Opened,
    arguments: &StageArgs,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    let report = &evaluation.report;
    print_report(report, &opened.workspace, arguments, conversation)?;
    let stays = |fix: &Outcome| {
        let mut open = report.checks.iter().flat_map(|check| {
            let findings = check.findings.iter().filter(|finding| finding.is_open());
            findings.map(|finding| (&check.id, &finding.message))
        });
        open.any(|(check, message)| fix.is_about(check, message))
    };
    for fix in done {
        match fix.left {
            Some(why) => left(fix, why, conversation),
            None if stays(fix) => conversation.printer.status("Still there", &said(fix)),
            None => conversation.printer.status("Fixed", &said(fix)),
        }
    }
    if done.is_empty() {
        conversation.printer.status("Nothing", NOTHING);
    }
    Ok(report.exit_code)
}

fn said(fix: &Outcome) -> String {
    format!("{}: {} ({})", fix.check, fix.title, fix.paths.join(", "))
}

fn left(fix: &Outcome, why: &str, conversation: &Conversation<'_>) {
    conversation
        .printer
        .warning(&format!("not fixed: {}: {why}", said(fix)), None);
}
