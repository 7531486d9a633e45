//! What the kinds of suites say in the same words: the command, what it reads and needs, how long it may take.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::stage::Stage;

/// Program and arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::policy) enum RawCommand {
    /// Program and arguments, one element each.
    Words(
        #[schemars(length(min = 1, max = 1000), inner(length(max = 4000)), extend("x-format" = "command"))] Vec<String>,
    ),
    /// Program and arguments, split on white space.
    Line(#[schemars(length(min = 1, max = 4000), extend("x-format" = "command"))] String),
}

/// Globs over the paths that a suite reads.
pub(super) fn globs(_: &mut SchemaGenerator) -> Schema {
    texts(1000, "glob")
}

/// Names of the environment variables that a suite reads.
pub(super) fn variables(_: &mut SchemaGenerator) -> Schema {
    texts(200, "env-name")
}

/// What a suite needs of the machine.
pub(super) fn requirements(_: &mut SchemaGenerator) -> Schema {
    texts(200, "requirement")
}

fn texts(longest: u32, format: &str) -> Schema {
    let item: Value = json!({ "type": "string", "minLength": 1, "maxLength": longest, "x-format": format });
    json_schema!({ "type": "array", "items": item })
}

/// How long a command may take.
pub(super) fn time_limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "x-format": "duration",
        "x-min": "1s",
        "x-max": "24h",
        "x-sane-min": "10s",
        "x-sane-max": "2h",
        "examples": ["30m"]
    })
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn pilot() -> Stage {
    Stage::Pilot
}

pub(super) fn half_an_hour() -> String {
    "30m".into()
}
