//! `cargo gate govern waiver add|list|text|attach`.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_policy::{
    self, Authority, Catalogue, NewWaiver, Waiver, append_waiver, attach_signature, numbered, waiver_text,
};

#[derive(Debug, Subcommand)]
pub(crate) enum WaiverCommand {
    /// Append a waiver to gate.toml
    Add(WaiverAddArgs),
    /// List the waivers in gate.toml and whether each is still valid
    List(FormatArgs),
    /// Print the text of a waiver for signing
    Text(WaiverTextArgs),
    /// Add a signature made by `ssh-keygen -Y sign -n cargo-gate` to a waiver
    Attach(WaiverAttachArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WaiverTextArgs {
    /// Number of the waiver, as shown by `cargo gate govern waiver list`
    #[arg(value_name = "NUMBER")]
    pub(crate) number: usize,
}

#[derive(Debug, Args)]
pub(crate) struct WaiverAttachArgs {
    /// Number of the waiver, as shown by `cargo gate govern waiver list`
    #[arg(value_name = "NUMBER")]
    pub(crate) number: usize,
    /// File with the signature [default: standard input]
    #[arg(long, value_name = "PATH")]
    pub(crate) signature: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WaiverAddArgs {
    /// Id of the check whose findings are waived
    #[arg(long, value_name = "ID")]
    pub(crate) check: String,
    /// Glob over the path of the finding
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Option<String>,
    /// Package the finding is about
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Text that the message of the finding contains
    #[arg(long, value_name = "TEXT")]
    pub(crate) contains: Option<String>,
    /// Owner: a team or a person
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// Reason why the finding is acceptable
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Last day on which the waiver is valid, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: jiff::civil::Date,
}

pub(super) fn run(command: &WaiverCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        WaiverCommand::Add(arguments) => add(arguments, conversation),
        WaiverCommand::List(arguments) => list(arguments, conversation),
        WaiverCommand::Text(arguments) => text(arguments, conversation),
        WaiverCommand::Attach(arguments) => attach(arguments, conversation),
    }
}

/// Path of the policy that is edited.
fn policy_path(conversation: &Conversation<'_>) -> Result<PathBuf> {
    let root = || Ok(conversation.workspace()?.root().join(gate_policy::FILE_NAME));
    conversation.global.policy.clone().map_or_else(root, Ok)
}

fn catalogue() -> Catalogue {
    gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot)
}

fn text(arguments: &WaiverTextArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let policy = conversation.policy(&conversation.workspace()?)?;
    let waiver = numbered(&policy, arguments.number)?;
    conversation.printer.data(waiver_text(waiver))?;
    Ok(exit::READY)
}

fn attach(arguments: &WaiverAttachArgs, conversation: &Conversation<'_>) -> Result<i32> {
    // A signature is a few hundred bytes; whatever is longer is none.
    const MAX_BYTES: u64 = 64 << 10;
    let mut signature = String::new();
    let read = match &arguments.signature {
        Some(path) => File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut signature)),
        None => std::io::stdin().lock().take(MAX_BYTES).read_to_string(&mut signature),
    };
    read.map_err(|error| {
        Error::usage(format!("cannot read the signature: {error}")).with_help(
            "pass a readable file to \
             `--signature`",
        )
    })?;
    let attached = attach_signature(&policy_path(conversation)?, arguments.number, &signature, &catalogue())?;
    let (verb, number, by) = match attached.written {
        true => ("Signed", arguments.number, &attached.by),
        false => ("Unchanged", arguments.number, &attached.by),
    };
    let message = match (attached.written, attached.lacks) {
        (false, _) => format!(
            "waiver {number}, which the key of {by} signed before: {}",
            attached.progress
        ),
        (true, false) => format!("waiver {number} with the key of {by}"),
        (true, true) => format!(
            "waiver {number} with the key of {by}: {}, so it does not count yet",
            attached.progress
        ),
    };
    conversation.printer.status(verb, &message);
    Ok(exit::READY)
}

fn add(arguments: &WaiverAddArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if arguments.expires < today {
        let message = format!("the expiry date {} is in the past", arguments.expires);
        return Err(Error::usage(message).with_help("pass today or a future date to `--expires`"));
    }
    let path = policy_path(conversation)?;
    let waiver = NewWaiver {
        check: arguments.check.clone(),
        path: arguments.path.clone(),
        package: arguments.package.clone(),
        contains: arguments.contains.clone(),
        owner: arguments.owner.clone(),
        reason: arguments.reason.clone(),
        expires: arguments.expires,
    };
    append_waiver(&path, &waiver, &catalogue())?;
    conversation.printer.status(
        "Added",
        &format!("waiver for {} until {}", waiver.check, waiver.expires),
    );
    Ok(exit::READY)
}

#[derive(Serialize)]
struct Listed<'a> {
    /// Counted from 1 in the order of the file.
    number: usize,
    #[serde(flatten)]
    waiver: &'a Waiver,
    expired: bool,
}

fn list(arguments: &FormatArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let policy = conversation.policy(&conversation.workspace()?)?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let listed: Vec<Listed<'_>> = policy
        .waivers
        .iter()
        .enumerate()
        .map(|(at, waiver)| Listed {
            number: at + 1,
            waiver,
            expired: waiver.expires < today,
        })
        .collect();
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&crate::cli::named("waivers", &listed))?,
        DataFormat::Human => listed.iter().map(|listed| line(listed, today)).collect(),
    };
    conversation.printer.data(&text)?;
    if listed.is_empty() {
        conversation.printer.status("Waivers", "none");
    }
    Ok(exit::READY)
}

fn line(listed: &Listed<'_>, today: Date) -> String {
    let waiver = listed.waiver;
    let targets = [
        ("path", &waiver.path),
        ("package", &waiver.package),
        ("contains", &waiver.contains),
    ];
    let target: String = targets
        .iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| format!(" {key}={value}")))
        .collect();
    let state = if listed.expired {
        format!("expired on {}", waiver.expires)
    } else {
        let days = today.until(waiver.expires).map_or(0, |span| span.get_days());
        format!("until {} ({days} days left)", waiver.expires)
    };
    let authority = match &waiver.authority {
        Authority::NotAsked => String::new(),
        Authority::Signed(key) => format!(", signed by {key}"),
        Authority::TooFew(approvals) => format!(", does not count: {approvals}"),
        Authority::Unsigned => ", not signed: does not count".to_owned(),
        Authority::Refused(reason) => format!(", does not count: its signature {reason}"),
    };
    format!(
        "{}. {}{target}\n    {state}, owner {}{authority}\n    {}\n    {}:{}\n",
        listed.number,
        waiver.check,
        waiver.owner,
        waiver.reason,
        waiver.location.path,
        waiver.location.line.unwrap_or(1)
    )
}
