//! `cargo gate waiver add|list`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::exit;
use crate::policy::{self, Catalogue, NewWaiver, Waiver, append_waiver};
use crate::stage::Stage;
use crate::suites;

use super::Conversation;
use super::args::{DataFormat, FormatArgs, WaiverAddArgs, WaiverCommand};

pub(super) fn run(command: &WaiverCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        WaiverCommand::Add(arguments) => add(arguments, conversation),
        WaiverCommand::List(arguments) => list(arguments, conversation),
    }
}

fn add(arguments: &WaiverAddArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if arguments.expires < today {
        let message = format!("a waiver until {} would be expired from the start", arguments.expires);
        return Err(Error::usage(message).with_help("give --expires a day that is not past"));
    }
    let workspace = conversation.workspace()?;
    let path = conversation
        .global
        .policy
        .clone()
        .unwrap_or_else(|| workspace.root().join(policy::FILE_NAME));
    let waiver = NewWaiver {
        check: arguments.check.clone(),
        path: arguments.path.clone(),
        package: arguments.package.clone(),
        contains: arguments.contains.clone(),
        owner: arguments.owner.clone(),
        reason: arguments.reason.clone(),
        expires: arguments.expires,
    };
    append_waiver(
        &path,
        &waiver,
        &Catalogue::builtin().with(suites::DEFAULT_ID, Stage::Pilot),
    )?;
    conversation.printer.status(
        "Added",
        &format!("waiver for {} until {}", waiver.check, waiver.expires),
    );
    Ok(exit::READY)
}

#[derive(Serialize)]
struct Listed<'a> {
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
        .map(|waiver| Listed {
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
    format!(
        "{}{target}\n    {state}, owner {}\n    {}\n    {}:{}\n",
        waiver.check,
        waiver.owner,
        waiver.reason,
        waiver.location.path,
        waiver.location.line.unwrap_or(1)
    )
}
