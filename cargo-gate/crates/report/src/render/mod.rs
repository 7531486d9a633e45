//! Renderers: one file per format, each a pure function of the report.

pub mod badge;
pub mod cargo_json;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod status;
pub mod summary;

mod claim;
mod diagnostic;
mod identity;
mod measured;
mod ranking;
#[cfg(any(test, feature = "testing"))]
pub mod samples;
pub mod text;
mod waivers;
mod xml;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{CheckReport, Decision, Finding, OTHER_SHARD, Outcome, Report, UnblockStep};
use gate_text::secrets;
use gate_world::Workspace;

/// Where a renderer gets the lines of code it shows beside a finding.
pub trait SourceProvider {
    /// Text of a file by its [`Location::path`](super::Location::path); `None` when it cannot be read or is not UTF-8.
    fn source(&self, path: &str) -> Option<Cow<'_, str>>;
}

/// Shows no source at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSources;

impl SourceProvider for NoSources {
    fn source(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
}

impl SourceProvider for Workspace {
    fn source(&self, path: &str) -> Option<Cow<'_, str>> {
        let text = String::from_utf8(self.read(path).ok()?).ok()?;
        // Whatever a finding is about, the lines beside it may hold a secret.
        Some(Cow::Owned(secrets::blank(&text).into_owned()))
    }
}

/// Sources that are read and searched once, however many findings a file has.
struct Remembered<'a> {
    sources: &'a dyn SourceProvider,
    texts: RefCell<BTreeMap<String, Option<String>>>,
}

impl<'a> Remembered<'a> {
    fn new(sources: &'a dyn SourceProvider) -> Self {
        Self {
            sources,
            texts: RefCell::default(),
        }
    }
}

impl SourceProvider for Remembered<'_> {
    fn source(&self, path: &str) -> Option<Cow<'_, str>> {
        let mut texts = self.texts.borrow_mut();
        let text = match texts.get(path) {
            Some(text) => text,
            None => texts
                .entry(path.to_owned())
                .or_insert_with(|| self.sources.source(path).map(Cow::into_owned)),
        };
        text.clone().map(Cow::Owned)
    }
}

/// Where a finding is shown by what cannot show it nowhere: its first place, else the line of the policy that asks for
/// it, else the top of the root manifest, which every workspace has.
pub fn anchor(finding: Option<&Finding>) -> Cow<'_, super::Location> {
    let known = finding.and_then(|finding| finding.locations.first().or(finding.policy.as_ref()));
    match known {
        Some(location) => Cow::Borrowed(location),
        None => Cow::Owned(super::Location::line("Cargo.toml", 1)),
    }
}

/// A message with what the tool printed about it and what to do, on lines of their own.
pub fn explained(message: &str, detail: Option<&str>, help: Option<&str>) -> String {
    let detail = detail.map(|detail| format!("\n{detail}")).unwrap_or_default();
    let help = help.map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!("{message}{detail}{help}")
}

/// How a finding counts at the stage of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It blocks this stage.
    Blocks,
    /// It blocks a later stage, or none.
    Warns,
    /// A waiver, a record of known findings or an exclusion covers it.
    Covered,
}

impl CheckReport {
    /// Whether it was not judged because other shards are needed for that.
    pub fn is_elsewhere(&self) -> bool {
        self.reason.as_ref().is_some_and(|reason| reason.code == OTHER_SHARD)
    }
}

impl Report {
    /// Whether a finding blocks the stage of this report.
    pub fn blocks(&self, finding: &Finding) -> bool {
        self.weight(finding) == Weight::Blocks
    }

    /// How a finding counts at the stage of this report.
    pub fn weight(&self, finding: &Finding) -> Weight {
        if !finding.is_open() {
            Weight::Covered
        } else if finding.blocks(self.stage, self.strict) {
            Weight::Blocks
        } else {
            Weight::Warns
        }
    }

    /// The list under "what would unblock it": each action once, with the checks it would satisfy, in the order of
    /// the report.
    pub fn unblock_actions(&self) -> Vec<(&str, Vec<&str>)> {
        let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
        for UnblockStep { check, action } in &self.unblock {
            match out.iter_mut().find(|(known, _)| known == action) {
                Some((_, checks)) if checks.contains(&check.as_str()) => {}
                Some((_, checks)) => checks.push(check),
                None => out.push((action, vec![check])),
            }
        }
        out
    }

    /// The checks that block the stage, as they stand behind a sentence; empty where none does.
    pub fn blocked_by(&self) -> String {
        let blocking = self.checks.iter().filter(|check| !check.outcome.passes());
        let ids: Vec<&str> = blocking.map(|check| check.id.as_str()).collect();
        match ids[..] {
            [] => String::new(),
            _ => format!(": `{}`", ids.join("`, `")),
        }
    }

    /// The first check that blocks the stage.
    pub fn first_blocking(&self) -> Option<&CheckReport> {
        self.checks.iter().find(|check| !check.outcome.passes())
    }

    /// The verdict in words: `NOT READY for controlled`.
    pub fn verdict(&self) -> String {
        let word = match self.decision {
            Decision::Ready => "READY",
            Decision::ReadyWithBoundedScope => "READY WITH BOUNDED SCOPE",
            Decision::NotReady => "NOT READY",
        };
        match self.partition {
            Some(partition) => format!("{word} for {} (shard {partition})", self.stage),
            None => format!("{word} for {}", self.stage),
        }
    }

    /// What remains of the known findings: `12 known findings of 3 checks remain until 2027-02-21 (known_findings.toml)`;
    /// `None` where nothing does.
    pub fn known_findings(&self) -> Option<String> {
        let of = |check: &CheckReport| check.findings.iter().filter_map(|finding| finding.known.clone()).next();
        let checks: Vec<_> = self.checks.iter().filter_map(of).collect();
        let record = checks.first()?;
        let remain = if self.counts.known == 1 { "remains" } else { "remain" };
        Some(format!(
            "{} of {} {remain} until {} ({})",
            text::count(self.counts.known, "known finding"),
            text::count(checks.len() as u64, "check"),
            record.until,
            record.file
        ))
    }

    /// The counts in words: `2 failed, 1 not run, 9 passed in 0.04s (7 reused)`.
    pub fn tally(&self) -> String {
        let counts = &self.counts;
        let mut parts = Vec::new();
        let mut part = |number: u32, words: String| {
            if number > 0 {
                parts.push(words);
            }
        };
        part(counts.fail, format!("{} failed", counts.fail));
        part(counts.error, text::count(counts.error, "error"));
        part(counts.inconclusive, format!("{} inconclusive", counts.inconclusive));
        part(counts.not_run, format!("{} not run", counts.not_run));
        if counts.warn > 0 {
            parts.push(text::count(counts.warn, "warning"));
        }
        if counts.known > 0 {
            parts.push(text::count(counts.known, "known finding"));
        }
        if counts.pass > 0 {
            parts.push(format!("{} passed", counts.pass));
        }
        if let Some(checklist) = &self.checklist {
            parts.push(format!("checklist {}/{}", checklist.met, checklist.total));
        }
        if parts.is_empty() {
            parts.push("nothing was checked".into());
        }
        let reused = if counts.reused > 0 {
            format!(" ({} reused)", counts.reused)
        } else {
            String::new()
        };
        format!("{} in {}{reused}", parts.join(", "), text::duration(self.duration_ms))
    }
}

impl Finding {
    /// Why it does not count, where a waiver, a record of known findings or an exclusion covers it.
    pub fn covered(&self) -> Option<String> {
        if let Some(waiver) = &self.waived {
            return Some(format!(
                "waived until {} by {}: {}",
                waiver.expires, waiver.owner, waiver.reason
            ));
        }
        if let Some(known) = &self.known {
            return Some(format!(
                "known until {}, owned by {} ({})",
                known.until, known.owner, known.file
            ));
        }
        Some(format!("outside the claim: {}", self.excluded.as_ref()?))
    }
}

impl Outcome {
    /// The outcome as one or two words for people.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
            Outcome::Inconclusive => "inconclusive",
            Outcome::NotRun => "not run",
            Outcome::Error => "error",
        }
    }
}

/// A place for people: `path`, `path:line` or `path:line:column`.
pub fn place(location: &super::Location) -> String {
    let mut out = text::line(&location.path).into_owned();
    for number in [location.line, location.line.and(location.column)]
        .into_iter()
        .flatten()
    {
        out.push(':');
        out.push_str(&number.to_string());
    }
    out
}
