//! `cargo gate govern register add|defer|close|list`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_policy::{
    self, Closing, Deferral, ItemKind, ItemStatus, Level, NewItem, NewRisk, Register, RegisterItem, Severity, Weight,
    append_item, close_item, defer_item,
};
use gate_surveys::Surveys;

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Add an open item; the first one creates the file
    Add(RegisterAddArgs),
    /// Defer an item to a date
    Defer(RegisterDeferArgs),
    /// Close an item
    Close(RegisterCloseArgs),
    /// List items that are not closed, most severe first
    List(RegisterListArgs),
    /// Print the last run that was not READY as an item for the register
    Draft(super::draft::DraftArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RegisterAddArgs {
    /// Title, one line
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: String,
    /// Severity of an issue
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub(crate) severity: Option<Severity>,
    /// Whether the item is an issue (something is wrong) or a risk (something may go wrong)
    #[arg(long, value_name = "KIND", value_enum, default_value_t = ItemKind::Issue)]
    pub(crate) kind: ItemKind,
    /// Id [default: the next number with the prefix of the last item]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Owner: a team or a person
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Date on which it was found, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) opened: Option<jiff::civil::Date>,
    /// Id of the item that tracks it
    #[arg(long, value_name = "ID")]
    pub(crate) tracked_by: Option<String>,
    /// Condition for closing it; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub(crate) acceptance: Vec<String>,
    /// Impact of a risk
    #[arg(long, value_name = "LEVEL", value_enum, help_heading = "Risks")]
    pub(crate) impact: Option<Level>,
    /// Probability of a risk
    #[arg(long, value_name = "LEVEL", value_enum, help_heading = "Risks")]
    pub(crate) probability: Option<Level>,
    /// How a risk is mitigated
    #[arg(long, value_name = "TEXT", help_heading = "Risks")]
    pub(crate) mitigation: Option<String>,
    /// What to do if a risk occurs
    #[arg(long, value_name = "TEXT", help_heading = "Risks")]
    pub(crate) fallback: Option<String>,
    /// Date of the next review of a risk, YYYY-MM-DD
    #[arg(long, value_name = "DATE", help_heading = "Risks")]
    pub(crate) review: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterDeferArgs {
    /// Id of the item
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Last day of the deferral, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) until: jiff::civil::Date,
    /// Why it is deferred
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// How it will be closed
    #[arg(long, value_name = "TEXT")]
    pub(crate) closure: String,
    /// Owner: a team or a person [default: the current owner]
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterCloseArgs {
    /// Id of the item
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Commit that closed it: a hash, a branch or a tag [default: the checked-out commit]
    #[arg(long, value_name = "REVISION")]
    pub(crate) commit: Option<String>,
    /// How it was closed: a release, or why no change was needed
    #[arg(long, value_name = "TEXT")]
    pub(crate) resolution: Option<String>,
    /// Date on which it was closed, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterListArgs {
    /// Also show closed items
    #[arg(long)]
    pub(crate) all: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(command: &RegisterCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        RegisterCommand::Add(arguments) => add(arguments, conversation),
        RegisterCommand::Defer(arguments) => defer(arguments, conversation),
        RegisterCommand::Close(arguments) => close(arguments, conversation),
        RegisterCommand::List(arguments) => list(arguments, conversation),
        RegisterCommand::Draft(arguments) => super::draft::run(arguments, conversation),
    }
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Where the register is, and what messages call it. The register itself may be broken or not there yet.
fn place(workspace: &Surveys, conversation: &Conversation<'_>) -> Result<(PathBuf, String)> {
    let catalogue = gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot);
    let policy =
        gate_policy::load_without_register(workspace.root(), conversation.global.policy.as_deref(), &catalogue)?;
    let register = policy.register.ok_or_else(no_register)?;
    Ok((workspace.root().join(&register.path), register.path))
}

fn no_register() -> Error {
    Error::usage("the policy has no register")
        .with_help("add `[register]` with `path = \"register.toml\"` to gate.toml")
}

fn add(arguments: &RegisterAddArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (path, shown) = place(&conversation.workspace()?, conversation)?;
    let weight = match (arguments.kind, arguments.severity) {
        (ItemKind::Issue, Some(severity)) => Weight::Issue(severity),
        (ItemKind::Issue, None) => {
            return Err(Error::usage("an issue needs a severity").with_help(
                "pass `--severity` with critical, high, medium or \
                     low",
            ));
        }
        (ItemKind::Risk, _) => Weight::Risk(risk(arguments)?),
    };
    let item = NewItem {
        id: arguments.id.clone(),
        title: arguments.title.clone(),
        weight,
        owner: arguments.owner.clone(),
        opened: arguments.opened.unwrap_or_else(today),
        tracked_by: arguments.tracked_by.clone(),
        acceptance: arguments.acceptance.clone(),
    };
    let id = append_item(&path, &shown, &item)?;
    conversation.printer.status("Added", &format!("{id} to {shown}"));
    Ok(exit::READY)
}

fn risk(arguments: &RegisterAddArgs) -> Result<NewRisk> {
    let (Some(impact), Some(probability), Some(mitigation), Some(review), Some(_)) = (
        arguments.impact,
        arguments.probability,
        arguments.mitigation.clone(),
        arguments.review,
        arguments.owner.as_ref(),
    ) else {
        return Err(
            Error::usage("a risk needs an impact, a probability, a mitigation, an owner and a review date")
                .with_help("pass `--impact`, `--probability`, `--mitigation`, `--owner` and `--review`"),
        );
    };
    Ok(NewRisk {
        impact,
        probability,
        mitigation,
        fallback: arguments.fallback.clone(),
        review,
    })
}

fn defer(arguments: &RegisterDeferArgs, conversation: &Conversation<'_>) -> Result<i32> {
    if arguments.until < today() {
        let message = format!("the deferral date {} is in the past", arguments.until);
        return Err(Error::usage(message).with_help("pass today or a future date to `--until`"));
    }
    let (path, shown) = place(&conversation.workspace()?, conversation)?;
    let deferral = Deferral {
        until: arguments.until,
        reason: arguments.reason.clone(),
        closure: arguments.closure.clone(),
        owner: arguments.owner.clone(),
    };
    defer_item(&path, &shown, &arguments.id, &deferral)?;
    let message = format!("{} until {}", arguments.id, arguments.until);
    conversation.printer.status("Deferred", &message);
    Ok(exit::READY)
}

fn close(arguments: &RegisterCloseArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let (path, shown) = place(&workspace, conversation)?;
    let commit = match (&arguments.commit, workspace.git()) {
        (Some(revision), Some(git)) => Some(git.resolve(revision).map_err(|problem| {
            Error::usage(problem).with_help("pass the commit that closed it, as shown by `git log`")
        })?),
        (Some(_), None) => {
            return Err(
                Error::usage("the workspace is not in a git repository, so the commit cannot be looked up")
                    .with_help("omit `--commit`, and describe what closed it with `--resolution`"),
            );
        }
        (None, git) => git.and_then(|git| git.head.clone()),
    };
    let closing = Closing {
        on: arguments.on.unwrap_or_else(today),
        commit,
        resolution: arguments.resolution.clone(),
    };
    close_item(&path, &shown, &arguments.id, &closing)?;
    conversation.printer.status("Closed", &arguments.id);
    Ok(exit::READY)
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    item: &'a RegisterItem,
    expired: bool,
}

fn list(arguments: &RegisterListArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let policy = conversation.policy(&conversation.workspace()?)?;
    let Register { items, .. } = policy.register.as_ref().ok_or_else(no_register)?;
    let today = today();
    let mut listed: Vec<Listed<'_>> = items
        .iter()
        .filter(|item| arguments.all || item.status != ItemStatus::Closed)
        .map(|item| Listed {
            item,
            expired: item.status == ItemStatus::Deferred && item.until.is_some_and(|until| until < today),
        })
        .collect();
    // The worst first; the order of the file among equals.
    listed.sort_by_key(|listed| std::cmp::Reverse(listed.item.severity));
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&crate::cli::named("items", &listed))?,
        DataFormat::Human => listed.iter().map(line).collect(),
    };
    conversation.printer.data(&text)?;
    if listed.is_empty() {
        conversation.printer.status("Register", "no open items");
    }
    Ok(exit::READY)
}

fn line(listed: &Listed<'_>) -> String {
    let item = listed.item;
    let state = match (item.status, item.until, item.closed) {
        (ItemStatus::Deferred, Some(until), _) if listed.expired => format!("deferral expired on {until}"),
        (ItemStatus::Deferred, Some(until), _) => format!("deferred until {until}"),
        (ItemStatus::Closed, _, Some(closed)) => format!("closed on {closed}"),
        (status, ..) => format!("{} since {}", status.name(), item.opened),
    };
    let kind = if item.kind == ItemKind::Risk { " risk" } else { "" };
    format!(
        "{}  {}{kind}: {}\n    {state}, owner {}\n    {}:{}\n",
        item.id,
        item.severity.name(),
        item.title,
        item.owner.as_deref().unwrap_or("none"),
        item.location.path,
        item.location.line.unwrap_or(1)
    )
}
