//! `cargo gate advisories update`.

use std::path::Path;

use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::arguments::FormatArgs;
use gate_base::error::{Error, Result};
use gate_base::{atomic, exit};
use gate_surveys::supply::{Commit, Database, fetched, shrunk, snapshot, updated};

/// The public database.
const URL: &str = "https://github.com/RustSec/advisory-db";

#[derive(Debug, clap::Args)]
pub(super) struct UpdateArgs {
    /// Repository to fetch from: a URL that git understands, or a directory
    #[arg(long, value_name = "URL", default_value = URL)]
    url: String,
    #[command(flatten)]
    format: FormatArgs,
}

/// What was fetched.
#[derive(Serialize)]
struct Updated<'a> {
    url: &'a str,
    /// Where it is kept, as reports write it.
    place: &'a str,
    commit: &'a Commit,
    advisories: usize,
    /// Files that could not be read.
    skipped: usize,
    /// Number of advisories before.
    before: Option<usize>,
}

pub(super) fn run(arguments: &UpdateArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let place = updated(&conversation.environment).ok_or_else(|| {
        Error::tool("there is no home directory to keep the advisory database in").with_help("set `HOME`")
    })?;
    let url = location(&arguments.url);
    conversation.printer.status("Fetching", &url);
    let scratch = tempfile::tempdir().map_err(|error| Error::io("write to", std::env::temp_dir(), &error))?;
    let offline = conversation.global.offline || conversation.global.frozen;
    let fetch = (url.as_str(), offline);
    let database = fetched(&conversation.environment, scratch.path(), fetch, conversation.cancel)?;
    let before = std::fs::read(&place.path).ok();
    let before = before.and_then(|bytes| snapshot::read(&bytes).ok());
    acceptable(&database, before.as_ref()).map_err(|why| {
        Error::tool(format!(
            "`{url}` {why}; the advisory database at `{}` stays as it was",
            place.shown
        ))
    })?;
    let failed = |why| Error::tool(format!("cannot keep the advisory database of `{url}`: {why}"));
    let bytes = snapshot::write(&database).map_err(failed)?;
    let commit = database
        .commit
        .as_ref()
        .ok_or_else(|| failed("its commit is unknown".into()))?;
    atomic::write(&place.path, &bytes)?;
    let report = Updated {
        url: &url,
        place: &place.shown,
        commit,
        advisories: database.advisories.len(),
        skipped: database.skipped.len(),
        before: before.as_ref().map(|before| before.advisories.len()),
    };
    let text = match arguments.format.message_format {
        DataFormat::Human => report.text(),
        DataFormat::Json => crate::cli::json(&report)?,
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

/// A directory counts from the one where the gate was called, and git is called in another.
fn location(url: &str) -> String {
    let directory = Path::new(url);
    match std::path::absolute(directory) {
        Ok(path) if directory.is_dir() => path.display().to_string(),
        _ => url.to_owned(),
    }
}

/// Why a database is not one to replace another with.
fn acceptable(database: &Database, before: Option<&Database>) -> std::result::Result<(), String> {
    if database.advisories.is_empty() {
        return Err("contains no advisories".into());
    }
    if database.is_damaged() {
        return Err(format!(
            "contains {} files that cannot be parsed",
            database.skipped.len()
        ));
    }
    let built_in = snapshot::header(snapshot::BUILT_IN).map_or(0, |(header, _)| header.advisories);
    let most = before.map_or(built_in, |before| before.advisories.len().max(built_in));
    if let Some((before, now)) = shrunk(most, database.advisories.len()) {
        return Err(format!("contains {now} advisories, and an older database {before}"));
    }
    let Some(before) = before else {
        return Ok(());
    };
    match (database.date(), before.date()) {
        (Some(now), Some(before)) if now < before => Err(format!("is of {now}, and there is one of {before}")),
        _ => Ok(()),
    }
}

impl Updated<'_> {
    fn text(&self) -> String {
        let Self { commit, advisories, .. } = self;
        let more = match self.before {
            Some(before) if before < *advisories => format!(", {} more than before", advisories - before),
            Some(before) if before == *advisories => ", as many as before".to_owned(),
            _ => String::new(),
        };
        format!(
            "advisory database of {}, commit {:.12}: {advisories} advisories{more}\nkept at {}\n",
            commit.date, commit.id, self.place
        )
    }
}
