//! The commands that migrate a history. Each first finishes what an earlier one left open.

use std::path::PathBuf;

use serde::Serialize;

use super::arguments::{HistoryArgs, RecoverArgs, StatusArgs};
use super::text::{self, Standing};
use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::machine_key;
use crate::cli::reports::display_below;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_evidence::lock::{self, Lock};
use gate_govern::migration::protocol::{
    self, Direction, DryRun, Migration, OpenMigration, Outcome, Refused, open_migrations,
};
use gate_policy::{MigrationPolicy, Policy};
use gate_surveys::Surveys;

/// What every command needs: the workspace, its policy and the lock on its gate directory.
struct Opened {
    workspace: Surveys,
    policy: Policy,
    gate_dir: PathBuf,
    _lock: Lock,
}

impl Opened {
    /// Opens the workspace, and finishes what was interrupted.
    fn new(conversation: &Conversation<'_>) -> Result<Self> {
        let workspace = conversation.workspace()?;
        let gate_dir = lock::prepare(workspace.target_dir())?;
        let lock = locked(&gate_dir, conversation)?;
        finish(&gate_dir, conversation)?;
        Ok(Self {
            policy: conversation.policy(&workspace)?,
            workspace,
            gate_dir,
            _lock: lock,
        })
    }

    fn migration<'a>(&'a self, policy: &'a MigrationPolicy, conversation: &'a Conversation<'_>) -> Migration<'a> {
        Migration {
            policy,
            root: self.workspace.root(),
            gate_dir: &self.gate_dir,
            cancel: conversation.cancel,
        }
    }

    fn named(&self, name: &str) -> Result<&MigrationPolicy> {
        let migrations = &self.policy.migrations;
        if let Some(found) = migrations.iter().find(|migration| migration.name == name) {
            return Ok(found);
        }
        let error = Error::usage(format!("no migration `{name}` is declared"));
        let names: Vec<&str> = migrations.iter().map(|migration| migration.name.as_str()).collect();
        Err(match names.as_slice() {
            [] => error.with_help("add a `[[migration]]` to gate.toml; see the guide on migration"),
            names => error.with_help(format!("declared: {}", names.join(", "))),
        })
    }
}

fn locked(gate_dir: &std::path::Path, conversation: &Conversation<'_>) -> Result<Lock> {
    Lock::acquire(gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })
}

/// Finishes what was interrupted.
fn finish(gate_dir: &std::path::Path, conversation: &Conversation<'_>) -> Result<()> {
    for (name, made) in protocol::recover(gate_dir)? {
        conversation
            .printer
            .status("Recovered", &format!("migration {name}: {}", text::outcome(&made)));
    }
    Ok(())
}

pub(super) fn recover(arguments: &RecoverArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let _lock = locked(&arguments.directory, conversation)?;
    finish(&arguments.directory, conversation)?;
    Ok(exit::READY)
}

pub(super) fn dry_run(arguments: &HistoryArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = Opened::new(conversation)?;
    let run = opened
        .migration(opened.named(&arguments.name)?, conversation)
        .dry_run()?;
    show(arguments.message_format, conversation, &run, || text::dry_run(&run))?;
    Ok(code(run.ok, conversation))
}

pub(super) fn cutover(arguments: &HistoryArgs, conversation: &Conversation<'_>) -> Result<i32> {
    carry_out(arguments, Direction::Forward, conversation)
}

pub(super) fn rollback(arguments: &HistoryArgs, conversation: &Conversation<'_>) -> Result<i32> {
    carry_out(arguments, Direction::Back, conversation)
}

fn carry_out(arguments: &HistoryArgs, direction: Direction, conversation: &Conversation<'_>) -> Result<i32> {
    if !machine_key::is_kept(&conversation.environment) {
        return Err(Error::usage(
            "this machine has no key that another process can read, so nothing could finish the migration after a kill",
        )
        .with_help("set `CARGO_GATE_EVIDENCE_KEY`, or make the home directory writable"));
    }
    let opened = Opened::new(conversation)?;
    let migration = opened.migration(opened.named(&arguments.name)?, conversation);
    let done = migration.carry_out(direction, || finisher(&opened.gate_dir))?;
    match done {
        Ok(made) => {
            show(arguments.message_format, conversation, &made, || text::made(&made))?;
            let whole = made.outcome == Some(Outcome::Completed) && made.resumed_at.is_some();
            let clean = made.problems.is_empty();
            if !whole || !clean {
                let below = display_below(&opened.gate_dir, &opened.workspace);
                let record = format!("{below}/migrations/{}/cutover.json", arguments.name);
                conversation.printer.warning(&text::not_done(&made), Some(&record));
            }
            Ok(code(whole, conversation))
        }
        Err(refused) => {
            let Refused { dry_run, problems } = *refused;
            let shown = NotBegun {
                begun: false,
                problems: problems.iter().map(|problem| problem.reason.as_str()).collect(),
                dry_run: &dry_run,
            };
            show(arguments.message_format, conversation, &shown, || {
                text::dry_run(&dry_run)
            })?;
            for problem in &problems {
                let message = format!("not begun, and the history is unchanged: {}", problem.reason);
                conversation.printer.warning(&message, None);
            }
            Ok(code(false, conversation))
        }
    }
}

/// What finishes the migration if this process is killed.
#[cfg(unix)]
fn finisher(gate_dir: &std::path::Path) -> Option<gate_base::process::watch::Finisher> {
    let words = ["gate", "release", "migrate", "recover"].map(std::ffi::OsString::from);
    let directory = std::path::absolute(gate_dir).ok()?;
    let arguments: Vec<_> = words.into_iter().chain([directory.into_os_string()]).collect();
    gate_base::process::watch::Finisher::begin(&arguments)
}

/// Nothing does that here: the next command does.
#[cfg(not(unix))]
fn finisher(_: &std::path::Path) {}

/// What a command shows that did not begin: the model of its JSON.
#[derive(Debug, Serialize)]
struct NotBegun<'a> {
    begun: bool,
    problems: Vec<&'a str>,
    dry_run: &'a DryRun,
}

/// All of them: the model of its JSON.
#[derive(Debug, Serialize)]
struct View<'a> {
    migrations: Vec<Standing<'a>>,
    /// Open migrations that are not declared any more.
    undeclared: Vec<OpenMigration>,
}

pub(super) fn status(arguments: &StatusArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = Opened::new(conversation)?;
    let wanted: Vec<&MigrationPolicy> = match &arguments.name {
        Some(name) => vec![opened.named(name)?],
        None => opened.policy.migrations.iter().collect(),
    };
    let mut open = open_migrations(&opened.gate_dir);
    let mut migrations = Vec::new();
    for policy in wanted {
        let (dry_run, cutover) = opened.migration(policy, conversation).last()?;
        let at = open.iter().position(|open| open.name == policy.name);
        migrations.push(Standing {
            name: &policy.name,
            from: policy.from,
            to: policy.to,
            open: at.map(|at| open.swap_remove(at).state),
            dry_run,
            cutover,
        });
    }
    if arguments.name.is_some() {
        open.clear();
    }
    let view = View {
        migrations,
        undeclared: open,
    };
    show(arguments.message_format, conversation, &view, || {
        text::standings(&view.migrations, &view.undeclared)
    })?;
    let closed = view.undeclared.is_empty() && view.migrations.iter().all(|one| one.open.is_none());
    Ok(code(closed, conversation))
}

fn code(ready: bool, conversation: &Conversation<'_>) -> i32 {
    match ready {
        true => exit::READY,
        false if conversation.cancel.requested() => exit::INTERRUPTED,
        false => exit::NOT_READY,
    }
}

fn show(
    format: DataFormat,
    conversation: &Conversation<'_>,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<()> {
    conversation.printer.data(&match format {
        DataFormat::Json => crate::cli::json(value)?,
        DataFormat::Human => text(),
    })
}
