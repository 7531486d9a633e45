//! Who is told about a run.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawCommand;

/// Somebody who is told about a run: by a command, or by a line in a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawNotify {
    /// Program and arguments, as an array, or as one string that is split on white space. No shell is involved. It
    /// reads the notice from its standard input.
    #[schemars(with = "Option<RawCommand>", extend("examples" = [["./ci/alert"]]))]
    pub(in crate::policy) command: Option<RawCommand>,
    /// File below `target/gate/notify` to which a line is appended.
    #[schemars(length(min = 1, max = 200), extend(
        "x-format" = "path", "x-help" = "name a file below `target/gate/notify`, such as `alerts.jsonl`",
        "examples" = ["alerts.jsonl"]
    ))]
    pub(in crate::policy) file: Option<String>,
    /// Decisions that are told.
    #[serde(default = "not_ready")]
    #[schemars(length(min = 1), extend("examples" = [["not_ready"]]))]
    pub(in crate::policy) on: Vec<RawDecision>,
    /// Time limit of the command: a number with `s`, `m` or `h`.
    #[serde(default = "half_a_minute")]
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1s", "x-max" = "1h", "x-sane-min" = "1s", "x-sane-max" = "5m",
        "examples" = ["30s"]
    ))]
    pub(in crate::policy) timeout: String,
}

/// A decision, as policies write it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::policy) enum RawDecision {
    /// The stage may be entered.
    Ready,
    /// The stage may be entered for less than the whole workspace.
    ReadyWithBoundedScope,
    /// The stage may not be entered.
    NotReady,
}

fn not_ready() -> Vec<RawDecision> {
    vec![RawDecision::NotReady]
}

fn half_a_minute() -> String {
    "30s".into()
}
