//! `cargo gate govern weekly`: what happened in each calendar week, from the history and the register.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::Result;
use gate_base::exit;
use gate_base::stage::Stage;
use gate_evidence::history::{History, HistoryEntry};
use gate_policy::{ItemKind, ItemStatus, RegisterItem};

#[derive(Debug, Args)]
pub(crate) struct WeeklyArgs {
    /// Count only runs of this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<Stage>,
    #[command(flatten)]
    format: FormatArgs,
}

/// One week: the model of its JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Week {
    /// The week in the notation of ISO 8601, `2026-W05`.
    week: String,
    /// Runs that started in it.
    runs: u32,
    /// Those that were ready, with a bounded scope or without.
    ready: u32,
    /// Issues of the register that were opened in it.
    opened: u32,
    /// Issues that were closed in it.
    closed: u32,
    /// Issues that were not closed at its end.
    remaining: u32,
}

#[derive(Debug, Serialize)]
struct View {
    /// Whether a register was counted.
    register: bool,
    /// Weeks in which something happened, oldest first.
    weeks: Vec<Week>,
}

pub(super) fn run(arguments: &WeeklyArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let history = History::load(&workspace.gate_dir());
    let policy = conversation.policy(&workspace)?;
    let items = policy.register.as_ref().map(|register| register.items.as_slice());
    let entries = history
        .entries
        .iter()
        .filter(|entry| arguments.stage.is_none_or(|stage| stage == entry.stage));
    let view = View {
        register: items.is_some(),
        weeks: weeks(entries, items.unwrap_or_default()),
    };
    let text = match arguments.format.message_format {
        DataFormat::Json => crate::cli::json(&view)?,
        DataFormat::Human => human(&view),
    };
    conversation.printer.data(&text)?;
    if let Some(damage) = &history.damage {
        conversation.printer.warning(
            &format!("the history is damaged: {damage}"),
            Some("`cargo gate verify` shows what is wrong"),
        );
        return Ok(exit::NOT_READY);
    }
    Ok(exit::READY)
}

fn name(date: Date) -> String {
    let week = date.iso_week_date();
    format!("{:04}-W{:02}", week.year(), week.week())
}

fn weeks<'e>(entries: impl Iterator<Item = &'e HistoryEntry>, items: &[RegisterItem]) -> Vec<Week> {
    let mut found: BTreeMap<String, Week> = BTreeMap::new();
    let mut at = |date: Date, count: &dyn Fn(&mut Week)| {
        let name = name(date);
        let week = found.entry(name.clone()).or_insert_with(|| Week {
            week: name,
            ..Week::default()
        });
        count(week);
    };
    for entry in entries {
        // A time that is none is damage, which is reported as such.
        let Ok(started) = entry.started.parse::<Timestamp>() else {
            continue;
        };
        let ready = u32::from(entry.decision.is_ready());
        at(started.to_zoned(TimeZone::UTC).date(), &|week| {
            week.runs += 1;
            week.ready += ready;
        });
    }
    let issues = || items.iter().filter(|item| item.kind == ItemKind::Issue);
    for item in issues() {
        at(item.opened, &|week| week.opened += 1);
        if let (ItemStatus::Closed, Some(closed)) = (item.status, item.closed) {
            at(closed, &|week| week.closed += 1);
        }
    }
    let mut remaining = 0;
    let mut weeks: Vec<Week> = found.into_values().collect();
    for week in &mut weeks {
        remaining = (remaining + week.opened).saturating_sub(week.closed);
        week.remaining = remaining;
    }
    weeks
}

fn human(view: &View) -> String {
    let mut text = String::new();
    for week in &view.weeks {
        let Week {
            week,
            runs,
            ready,
            opened,
            closed,
            remaining,
        } = week;
        let _ = write!(text, "{week}  {runs:>4} runs  {ready:>4} ready");
        if view.register {
            let _ = write!(
                text,
                "  {opened:>4} opened  {closed:>4} closed  {remaining:>4} remaining"
            );
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_policy::register::parse;
    use gate_report::Decision;

    #[test]
    fn weeks_are_those_of_iso_8601() {
        let entry = |started: &str, decision| HistoryEntry {
            run_id: started.to_owned(),
            started: started.to_owned(),
            stage: Stage::Pilot,
            decision,
            content: String::new(),
            commit: None,
            dirty: false,
            terms: None,
            chain: String::new(),
        };
        let entries = [
            // The last days of 2025 belong to the first week of 2026.
            entry("2025-12-29T00:00:00Z", Decision::NotReady),
            entry("2026-01-04T23:59:59Z", Decision::Ready),
            entry("2026-01-05T00:00:00Z", Decision::Ready),
            entry("nonsense", Decision::Ready),
        ];
        let register = "version = 1\n\
            [[item]]\nid = \"A\"\ntitle = \"a\"\nseverity = \"low\"\nstatus = \"open\"\nopened = 2025-12-31\n\
            [[item]]\nid = \"B\"\ntitle = \"b\"\nseverity = \"low\"\nstatus = \"closed\"\nopened = 2026-01-02\nclosed = 2026-01-20\n";
        let items = parse("register.toml", register).expect("a register");
        let mut view = View {
            register: true,
            weeks: weeks(entries.iter(), &items),
        };
        insta::assert_snapshot!(human(&view), @"
        2026-W01     2 runs     1 ready     2 opened     0 closed     2 remaining
        2026-W02     1 runs     1 ready     0 opened     0 closed     2 remaining
        2026-W04     0 runs     0 ready     0 opened     1 closed     1 remaining
        ");
        view.register = false;
        insta::assert_snapshot!(human(&view), @"
        2026-W01     2 runs     1 ready
        2026-W02     1 runs     1 ready
        2026-W04     0 runs     0 ready
        ");
    }
}
