//! `cargo gate advisories status`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_checks::supply::advisories::{UPDATE, days, limit};
use gate_policy::SupplyPolicy;
use gate_report::Reason;
use gate_surveys::supply::{Advisories, Commit, Considered, Opened, places, snapshot};

/// What a run would judge by now.
#[derive(Serialize)]
struct Status {
    used: Option<Used>,
    /// Why there is nothing to judge by.
    problem: Option<Reason>,
    considered: Vec<Considered>,
}

#[derive(Serialize)]
struct Used {
    place: String,
    origin: &'static str,
    why: String,
    commit: Option<Commit>,
    /// Up to which day it holds what was reported.
    date: Option<Date>,
    age_days: i64,
    advisories: usize,
    /// Day of the newest advisory.
    newest: Option<Date>,
    /// Files that could not be read.
    skipped: usize,
    limits: Vec<Limit>,
}

#[derive(Serialize)]
struct Limit {
    stage: Stage,
    days: i64,
    exceeded: bool,
    /// Whether the stage is blocked when it is exceeded, and not just warned.
    blocks: bool,
}

pub(super) fn run(format: DataFormat, conversation: &Conversation<'_>) -> Result<i32> {
    let status = match conversation.workspace() {
        Ok(workspace) => {
            let policy = conversation.policy(&workspace)?;
            let advisories = workspace.advisories(policy.advisory_db());
            let opened = advisories.open(&workspace.gate_dir());
            Status::new(opened, policy.supply.as_ref())
        }
        // The database is the same outside of any workspace.
        Err(_) => {
            let cwd = std::env::current_dir().map_err(|error| Error::io("read the current directory", ".", &error))?;
            let scratch = tempfile::tempdir().map_err(|error| Error::io("write to", std::env::temp_dir(), &error))?;
            let places = places(None, &conversation.environment, &cwd, &cwd);
            let advisories = Advisories::look(places, Some(snapshot::BUILT_IN), scratch.path());
            Status::new(advisories.open(scratch.path()), None)
        }
    };
    let text = match format {
        DataFormat::Human => status.text(),
        DataFormat::Json => crate::cli::json(&status)?,
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

impl Status {
    fn new(opened: std::result::Result<&Opened, &Reason>, policy: Option<&SupplyPolicy>) -> Self {
        match opened {
            Ok(opened) => Self {
                used: Some(Used::new(opened, policy)),
                problem: None,
                considered: opened.considered.clone(),
            },
            Err(reason) => Self {
                used: None,
                problem: Some(reason.clone()),
                considered: Vec::new(),
            },
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<11}{value}\n"));
        if let Some(problem) = &self.problem {
            line("problem", &problem.message);
            if let Some(help) = &problem.help {
                line("help", help);
            }
        }
        let mut update = self.problem.is_some();
        if let Some(used) = &self.used {
            let date = used.date.map_or_else(String::new, |date| format!(", of {date}"));
            let commit = used.commit.as_ref().map(|commit| format!(", commit {:.12}", commit.id));
            line("used", &format!("{}{date}{}", used.place, commit.unwrap_or_default()));
            line("why", &used.why);
            let newest = used
                .newest
                .map_or_else(String::new, |day| format!(", the newest of {day}"));
            line("advisories", &format!("{}{newest}", used.advisories));
            line("age", &format!("{} days", used.age_days));
            for Limit {
                stage,
                days,
                exceeded,
                blocks,
            } in &used.limits
            {
                let state = match (exceeded, blocks) {
                    (false, _) => "",
                    (true, false) => ": too old, a warning",
                    (true, true) => ": too old, blocks",
                };
                line(stage.name(), &format!("at most {days} days{state}"));
                update |= exceeded;
            }
        }
        let used = self.used.as_ref().map(|used| used.place.as_str());
        for other in self
            .considered
            .iter()
            .filter(|other| Some(other.place.as_str()) != used)
        {
            let state = match (&other.problem, other.advisories, other.newest) {
                (Some(problem), ..) => problem.clone(),
                (None, Some(count), Some(newest)) => format!("{count} advisories, the newest of {newest}"),
                _ => "empty".to_owned(),
            };
            line("not used", &format!("{}: {state}", other.place));
        }
        if update {
            line("update", UPDATE);
        }
        text
    }
}

impl Used {
    fn new(opened: &Opened, policy: Option<&SupplyPolicy>) -> Self {
        let database = &opened.database;
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let date = database.date();
        let age = date.map_or(0, |date| days(date, today));
        let of_stage = |stage: Stage| {
            let declared = policy.and_then(|policy| policy.max_age.at(stage));
            let days = limit(stage, declared);
            Limit {
                stage,
                days,
                exceeded: age > days,
                blocks: declared.is_some() || stage != Stage::Pilot,
            }
        };
        Self {
            place: opened.place.shown.clone(),
            origin: opened.place.origin.name(),
            why: opened.why.clone(),
            commit: database.commit.clone(),
            date,
            age_days: age,
            advisories: database.advisories.len(),
            newest: database.newest,
            skipped: database.skipped.len(),
            limits: [Stage::Pilot, Stage::Controlled, Stage::Broad].map(of_stage).into(),
        }
    }
}
