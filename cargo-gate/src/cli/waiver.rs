//! `cargo gate waiver add|list|text|attach`.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::base::error::{Error, Result};
use crate::base::exit;
use crate::base::stage::Stage;
use crate::policy::{
    self, Authority, Catalogue, NewWaiver, Waiver, append_waiver, attach_signature, numbered, waiver_text,
};
use crate::suites;

use super::Conversation;
use crate::command_line::{DataFormat, FormatArgs, WaiverAddArgs, WaiverAttachArgs, WaiverCommand, WaiverTextArgs};

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
    let root = || Ok(conversation.workspace()?.root().join(policy::FILE_NAME));
    conversation.global.policy.clone().map_or_else(root, Ok)
}

fn catalogue() -> Catalogue {
    crate::checks::catalogue().with(suites::DEFAULT_ID, Stage::Pilot)
}

fn text(arguments: &WaiverTextArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let policy = conversation.policy(&conversation.workspace()?)?;
    let waiver = numbered(&policy, arguments.number)?;
    conversation.printer.data(&waiver_text(waiver))?;
    Ok(exit::READY)
}

fn attach(arguments: &WaiverAttachArgs, conversation: &Conversation<'_>) -> Result<i32> {
    // A signature is a few hundred bytes; whatever is longer is none.
    const MOST: u64 = 64 << 10;
    let mut signature = String::new();
    let read = match &arguments.signature {
        Some(path) => File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut signature)),
        None => std::io::stdin().lock().take(MOST).read_to_string(&mut signature),
    };
    read.map_err(|error| {
        Error::usage(format!("cannot read the signature: {error}")).with_help("give a file with `--signature <path>`")
    })?;
    let key = attach_signature(&policy_path(conversation)?, arguments.number, &signature, &catalogue())?;
    let message = format!("waiver {} with the key of {key}", arguments.number);
    conversation.printer.status("Signed", &message);
    Ok(exit::READY)
}

fn add(arguments: &WaiverAddArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if arguments.expires < today {
        let message = format!("a waiver until {} would be expired from the start", arguments.expires);
        return Err(Error::usage(message).with_help("give --expires a day that is not past"));
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
        DataFormat::Json => super::json(&listed)?,
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
        Authority::Unsigned => ", not signed: it does not count".to_owned(),
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
