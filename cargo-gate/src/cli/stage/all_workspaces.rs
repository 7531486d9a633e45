//! `--all-workspaces`: every workspace of the repository, one after the other, and what is the case for all of them.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_base::{atomic, exit, paths};
use gate_report::render::human::{Options, Shown};
use gate_report::render::text::count;
use gate_report::{Decision, MaskedReport};
use gate_surveys::Surveys;
use gate_text::secrets::Masked;
use gate_world::workspaces;

use super::super::Conversation;
use super::super::arguments::Format;
use super::super::json::Failed;
use super::super::reports;
use super::arguments::StageArgs;
use super::combined::{All, Part, Said};
use super::judge::{Output, in_one};

/// From the best to the worst: an answer that cannot be had is worse than one that is no, and what nobody tried is worst.
const WORSE: [i32; 6] = [
    exit::READY,
    exit::SHARD,
    exit::NOT_READY,
    exit::TOOLCHAIN_MISSING,
    exit::TOOL_FAILED,
    exit::USAGE,
];

pub(super) fn run(stage: Stage, arguments: &StageArgs, now: Timestamp, conversation: &Conversation<'_>) -> Result<i32> {
    let top = top(&conversation.directory()?);
    conversation.printer.know_workspace(&top, &top.join("target"));
    let (roots, left_out) = roots(&top, &arguments.except)?;
    let shown_before = RefCell::default();
    let mut parts = Vec::new();
    for root in &roots {
        let directory = paths::relative(&top, root);
        let shown = if directory.is_empty() { "." } else { &directory };
        conversation.printer.status("Workspace", shown);
        let here = Conversation {
            directory: Some(root.clone()),
            environment: conversation.environment.clone(),
            ..*conversation
        };
        let collected = Collected {
            said: RefCell::default(),
            shown: &shown_before,
            directory: &directory,
        };
        let said = match in_one(stage, arguments, &collected, now, &here) {
            Ok(code) => collected.said(code),
            Err(error) if error.exit_code() == exit::INTERRUPTED => return Err(error),
            Err(error) => {
                conversation.printer.error(&error);
                Said::Failed(Failed::of(&error))
            }
        };
        parts.push(Part { directory, said });
    }
    let all = All {
        stage,
        decision: decision(&parts, !left_out.is_empty()),
        exit_code: worst(&parts),
        parts,
        left_out,
    };
    print(&all, arguments, conversation)?;
    Ok(all.exit_code)
}

/// The top of the repository; the directory itself where there is none.
fn top(directory: &Path) -> PathBuf {
    let directory = if cfg!(unix) {
        // As workspaces spell their roots.
        std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned())
    } else {
        directory.to_owned()
    };
    let mut above = directory.ancestors();
    let top = above.find(|above| above.join(".git").exists()).map(Path::to_owned);
    top.unwrap_or(directory)
}

/// The workspaces to judge, and those that the command line leaves out.
fn roots(top: &Path, except: &[String]) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let found = workspaces::below(top);
    let mut used = vec![false; except.len()];
    let mut left_out = Vec::new();
    let mut roots = Vec::new();
    for root in found {
        let directories = except.iter().map(|except| paths::normalize(&top.join(except)));
        let mut hit = false;
        for (at, except) in directories.enumerate() {
            if root.starts_with(&except) {
                (hit, used[at]) = (true, true);
            }
        }
        if hit {
            left_out.push(paths::relative(top, &root));
        } else {
            roots.push(root);
        }
    }
    if let Some((unused, _)) = except.iter().zip(&used).find(|(_, used)| !**used) {
        return Err(
            Error::usage(format!("there is no workspace in `{unused}` to leave out"))
                .with_help("pass a directory relative to the top of the repository, or drop `--except`"),
        );
    }
    if roots.is_empty() {
        return Err(Error::usage(format!("there is no workspace in `{}`", top.display()))
            .with_help("run it in a repository with a `Cargo.toml`, or leave out less"));
    }
    Ok((roots, left_out))
}

/// The worst decision; a workspace that could not be judged may not enter the stage, and one that was left out is no part of
/// the claim.
fn decision(parts: &[Part], bounded: bool) -> Decision {
    let decisions = parts.iter().map(|part| match &part.said {
        Said::Report { decision, .. } => *decision,
        Said::Plan { .. } | Said::Failed(_) => Decision::NotReady,
    });
    let mut decision = if bounded {
        Decision::ReadyWithBoundedScope
    } else {
        Decision::Ready
    };
    for other in decisions {
        decision = match (decision, other) {
            (Decision::NotReady, _) | (_, Decision::NotReady) => Decision::NotReady,
            (Decision::Ready, Decision::Ready) => Decision::Ready,
            _ => Decision::ReadyWithBoundedScope,
        };
    }
    decision
}

fn worst(parts: &[Part]) -> i32 {
    let rank = |code: &i32| WORSE.iter().position(|known| known == code).unwrap_or(WORSE.len());
    let codes = parts.iter().map(|part| match &part.said {
        Said::Report { exit_code, .. } => *exit_code,
        Said::Plan { .. } => exit::READY,
        Said::Failed(failed) => failed.exit_code(),
    });
    codes.max_by_key(rank).unwrap_or(exit::USAGE)
}

fn print(all: &All, arguments: &StageArgs, conversation: &Conversation<'_>) -> Result<()> {
    let printer = conversation.printer;
    let format = arguments.message_format;
    match format {
        // Each report was printed when it was there.
        Format::Human if !arguments.plan => printer.data(format!("\n{}", all.table()))?,
        _ if arguments.plan => printer.data(all.plans(format)?)?,
        _ => printer.data(all.text(format)?)?,
    }
    for file in &arguments.reports {
        let text = match file.format {
            Format::Human => format!("{}\n{}", all.text(Format::Human)?, all.table()),
            format => all.text(format)?,
        };
        let text = printer.redacted(Masked::from(text));
        atomic::write_unsynced(&file.path, text.as_bytes())?;
    }
    if !arguments.plan && format != Format::Human {
        let workspaces = count(all.parts.len() as u64, "workspace");
        let decision = format!("{} in {workspaces} (exit {})", all.decision.name(), all.exit_code);
        printer.status("Decision", &decision);
    }
    Ok(())
}

/// What was said of one workspace.
struct Collected<'a> {
    said: RefCell<Option<Said>>,
    /// What the reports before have shown.
    shown: &'a RefCell<Shown>,
    /// Directory of the workspace in the repository.
    directory: &'a str,
}

impl Collected<'_> {
    fn said(self, code: i32) -> Said {
        let said = self.said.into_inner();
        match said {
            Some(Said::Report { decision, texts, .. }) => Said::Report {
                decision,
                exit_code: code,
                texts,
            },
            Some(other) => other,
            None => Said::Failed(Failed::of(&Error::tool("the workspace has no report"))),
        }
    }
}

impl Output for Collected<'_> {
    fn report(
        &self,
        report: &MaskedReport,
        workspace: &Surveys,
        arguments: &StageArgs,
        conversation: &Conversation<'_>,
    ) -> Result<()> {
        let printer = conversation.printer;
        let report = &report.redacted(printer.redactor());
        let mut texts = Vec::new();
        if arguments.message_format == Format::Human {
            let mut shown = self.shown.borrow_mut();
            printer.data(report.human_after(&workspace.workspace, &printer.options(), &shown, self.directory))?;
            shown.add(report, self.directory);
        }
        let wanted = arguments.reports.iter().map(|file| file.format);
        for format in std::iter::once(arguments.message_format).chain(wanted) {
            let options = Options {
                detail: printer.detail(),
                ..Options::default()
            };
            let text = reports::text(report, workspace, format, &options);
            texts.push((format, text.as_str().to_owned()));
        }
        reports::recorded(report, printer);
        *self.said.borrow_mut() = Some(Said::Report {
            decision: report.decision,
            exit_code: report.exit_code,
            texts,
        });
        Ok(())
    }

    fn plan(&self, text: &str, _: &Surveys, _: &Conversation<'_>) -> Result<()> {
        *self.said.borrow_mut() = Some(Said::Plan { text: text.to_owned() });
        Ok(())
    }
}
