//! Who is told about a run: model and conversion of `[[notify]]`.

use std::time::Duration;

use toml::Spanned;

use crate::report::{Decision, Location};

use super::problem::Problem;
use super::raw::{RawDecision, RawNotify};
use super::value::{self, Converted};

/// Somebody who is told about a run.
#[derive(Debug, Clone)]
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

pub(super) fn convert(raw: Spanned<RawNotify>, location: Location) -> Converted<NotifyPolicy> {
    let span = raw.span();
    let raw = raw.into_inner();
    let sink = match (raw.command, raw.file) {
        (Some(command), None) => Sink::Command(value::command(&command, &span)?),
        (None, Some(file)) => Sink::File(file),
        _ => {
            return Err(Problem::new(span, "a notification has a `command` or a `file`")
                .rule(&super::rule::NOTIFICATION_WITHOUT_SINK));
        }
    };
    let decision = |raw: RawDecision| match raw {
        RawDecision::Ready => Decision::Ready,
        RawDecision::ReadyWithBoundedScope => Decision::ReadyWithBoundedScope,
        RawDecision::NotReady => Decision::NotReady,
    };
    Ok(NotifyPolicy {
        sink,
        on: raw.on.into_iter().map(decision).collect(),
        timeout: value::duration(&raw.timeout, &span)?,
        location,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, validate};
    use super::*;

    fn validated(text: &str) -> Result<Vec<NotifyPolicy>, String> {
        let text = format!("version = 1\nstage.pilot.scope = \"one service\"\n\n{text}");
        validate("gate.toml", &text, &Catalogue::default())
            .map(|policy| policy.notify)
            .map_err(|errors| errors.render(false))
    }

    #[test]
    fn what_is_not_said_is_the_usual() {
        let notify = validated("[[notify]]\ncommand = \"ci/alert --channel ops\"\n").expect("a valid policy");
        assert_eq!(
            notify[0].sink,
            Sink::Command(["ci/alert", "--channel", "ops"].map(str::to_owned).to_vec())
        );
        assert_eq!(notify[0].on, [Decision::NotReady]);
        assert_eq!(notify[0].timeout, Duration::from_secs(30));
        assert_eq!(notify[0].location.line, Some(4));
    }

    #[test]
    fn nobody_and_two_at_once_are_errors() {
        let errors = validated(
            "[[notify]]\non = [\"ready\"]\n\n[[notify]]\ncommand = [\"a\"]\nfile = \"b\"\n\n\
             [[notify]]\nfile = \"../b\"\non = []\n\n[[notify]]\nfile = \"b\"\non = [\"never\"]\n",
        );
        insta::assert_snapshot!(errors.expect_err("nothing is right"), @r#"
        error[policy::notification-without-sink]: the notification names neither a command nor a file, so nobody is told
         --> gate.toml:4:1
          |
        4 | [[notify]]
          | ^^^^^^^^^^
          |
          = help: write one of `command = ["…"]` and `file = "alerts.jsonl"` in each `[[notify]]`

        error[policy::notification-without-sink]: the notification names a command and a file
         --> gate.toml:7:1
          |
        7 | [[notify]]
          | ^^^^^^^^^^
          |
          = help: write one of `command = ["…"]` and `file = "alerts.jsonl"` in each `[[notify]]`

        error[policy::malformed-path]: `file` leaves the workspace: `../b`
          --> gate.toml:12:8
           |
        12 | file = "../b"
           |        ^^^^^^
           |
           = help: name a file below `target/gate/notify`, such as `alerts.jsonl`

        error[policy::empty-list]: `on` is empty
          --> gate.toml:13:6
           |
        13 | on = []
           |      ^^
           |
           = help: write at least one element

        error[policy::unknown-value]: an element of `on` has no value `never`
          --> gate.toml:17:7
           |
        17 | on = ["never"]
           |       ^^^^^^^
           |
           = help: write `"ready"`, `"ready_with_bounded_scope"` or `"not_ready"`

        gate.toml: 5 errors
        "#);
    }
}
