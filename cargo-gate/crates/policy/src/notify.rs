//! `[[notify]]`: who is told about a run.

use std::time::Duration;

use crate::JsonSchema;
use serde::Deserialize;

use gate_report::{Decision, Location};

use super::problem::Problem;
use super::rule;
use super::rules::Rules;
use super::tables::tables;
use super::value::{Command, FilePath, Period, optional_command, period};

/// A notification about a run.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "Notify")]
#[schemars(with = "Notify")]
pub struct NotifyPolicy {
    /// How.
    pub sink: Sink,
    /// Decisions that are told.
    pub on: Vec<Decision>,
    /// Time limit of a command.
    pub timeout: Duration,
    /// Where it is declared.
    pub location: Location,
}

/// How somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// A command, as argument vector, that reads the notice from its standard input.
    Command(Vec<String>),
    /// A file below `<target>/gate/notify` that gets a line more.
    File(String),
}

/// A notification about a run, by a command or by a line in a file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Notify {
    /// Program and arguments, as an array or as one string that is split on whitespace. It runs without a shell and
    /// reads the notice from standard input.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["./ci/alert"]]))]
    command: Option<Vec<String>>,
    /// File below `target/gate/notify` to which a line is appended.
    #[schemars(with = "Option<FilePath>", extend(
        "x-help" = "name a file below `target/gate/notify`, such as `alerts.jsonl`", "examples" = ["alerts.jsonl"]
    ))]
    file: Option<String>,
    /// Decisions to notify about. Default: only `not_ready`.
    #[serde(default = "not_ready")]
    #[schemars(length(min = 1), extend("examples" = [["not_ready"]]))]
    on: Vec<Told>,
    /// Time limit of the command: a number with `s`, `m` or `h`.
    #[serde(default = "half_a_minute", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1s", "x-max" = "1h", "x-sane-min" = "1s", "x-sane-max" = "5m", "examples" = ["30s"]
    ))]
    timeout: Duration,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

/// A decision, as policies write it.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// The stage may be entered.
    Ready,
    /// The stage may be entered for less than the whole workspace.
    ReadyWithBoundedScope,
    /// The stage may not be entered.
    NotReady,
}

fn not_ready() -> Vec<Told> {
    vec![Told::NotReady]
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

impl TryFrom<Notify> for NotifyPolicy {
    type Error = &'static str;

    fn try_from(notify: Notify) -> Result<Self, Self::Error> {
        let sink = match (notify.command, notify.file) {
            (Some(command), None) => Sink::Command(command),
            (None, Some(file)) => Sink::File(file),
            _ => return Err("a notification has a `command` or a `file`"),
        };
        let decision = |told| match told {
            Told::Ready => Decision::Ready,
            Told::ReadyWithBoundedScope => Decision::ReadyWithBoundedScope,
            Told::NotReady => Decision::NotReady,
        };
        Ok(Self {
            sink,
            on: notify.on.into_iter().map(decision).collect(),
            timeout: notify.timeout,
            location: notify.location,
        })
    }
}

/// A notification goes one way.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (notify, span) in tables(rules.file, &["notify"]) {
        let message = match (notify.contains_key("command"), notify.contains_key("file")) {
            (false, false) => "the notification has neither a command nor a file",
            (true, true) => "the notification has both a command and a file",
            _ => continue,
        };
        let help = "write either `command = [\"…\"]` or `file = \"alerts.jsonl\"` in each `[[notify]]`";
        let problem = Problem::new(span, message).rule(&rule::NOTIFICATION_WITHOUT_SINK);
        problems.push(problem.help(help));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, validate};
    use super::*;

    #[test]
    fn what_is_not_said_is_the_usual() {
        let text =
            "version = 1\nstage.pilot.scope = \"one service\"\n\n[[notify]]\ncommand = \"ci/alert --channel ops\"\n";
        let notify = validate("gate.toml", text, &Catalogue::default())
            .expect("a valid policy")
            .notify;
        assert_eq!(
            notify[0].sink,
            Sink::Command(["ci/alert", "--channel", "ops"].map(str::to_owned).to_vec())
        );
        assert_eq!(notify[0].on, [Decision::NotReady]);
        assert_eq!(notify[0].timeout, Duration::from_secs(30));
        assert_eq!(notify[0].location.line, Some(4));
    }
}
