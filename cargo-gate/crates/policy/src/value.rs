//! Values of one form that several sections hold: how each is described in the schema, and how it is read. They were
//! validated before; what still fails is reported rather than trusted.

use std::borrow::Cow;
use std::time::Duration;

use crate::JsonSchema;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use gate_base::stage::Stage;

/// Declares types that only the schema knows.
macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        #[cfg(feature = "schema")]
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

schemas! {
    /// A path from the directory of the file that holds it.
    BasePath = text("base", 1000);
    /// Id of a check.
    CheckId = text("check", 200);
    /// Ids of checks, with `*`.
    CheckPattern = text("check-pattern", 200);
    /// A commit by its hash.
    Commit = text("commit", 64);
    /// Name of an environment variable.
    EnvName = text("env-name", 200);
    /// A glob over paths.
    Glob = text("glob", 1000);
    /// Id of an item of the register.
    ItemId = text("item-id", 64);
    /// Path of an item of Rust.
    ItemPath = text("item", 500);
    /// A path.
    FilePath = text("path", 1000);
    /// An operating system or a target triple.
    Platform = text("platform", 100);
    /// A JSON pointer.
    Pointer = text("pointer", 1000);
    /// The address of a store.
    Remote = text("remote", 2000);
    /// A glob over names that are no paths of the workspace.
    NameGlob = text("name-glob", 1000);
    /// What a suite needs of the machine.
    Requirement = text("requirement", 200);
    /// A tag, a branch or a commit.
    Revision = text("revision", 200);
    /// A version of Rust.
    RustVersion = text("rust-version", 20);
    /// A SHA-256 digest.
    Sha256 = text("sha256", 64);
    /// An Ed25519 key.
    SshKey = text("ssh-key", 1000);
    /// Name of a suite, or of what is named alike.
    SuiteName = text("suite-name", 64);
    /// Paths of items of Rust, with `*`.
    SurfacePattern = text("surface", 500);
    /// A version.
    SemVersion = text("version", 100);
    /// A day: a TOML date, or the same as a string.
    Day = json_schema!({ "type": "string", "format": "date" });
    /// A duration: a number with `s`, `m`, `h` or `d`.
    Period = json_schema!({ "type": "string", "x-format": "duration" });
    /// A time before now: a number with `s`, `m`, `h` or `d`.
    LookBack = json_schema!({
        "type": "string",
        "x-format": "duration",
        "x-min": "1m",
        "x-max": "400d",
        "x-sane-min": "5m",
        "x-sane-max": "100d",
        "x-why": "a short time has few events, and a long one hides a bad month"
    });
    /// How long a command may take.
    TimeLimit = json_schema!({
        "type": "string",
        "x-format": "duration",
        "x-min": "1s",
        "x-max": "24h",
        "x-sane-min": "10s",
        "x-sane-max": "2h",
        "examples": ["30m"]
    });
}

/// A text of at most so many characters.
pub(super) struct Text<const LONGEST: u32 = 200>;

#[cfg(feature = "schema")]
impl<const LONGEST: u32> JsonSchema for Text<LONGEST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{LONGEST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text("text", LONGEST)
    }
}

#[cfg(feature = "schema")]
fn text(format: &str, longest: u32) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": longest, "x-format": format })
}

/// Program and arguments, as an array or as one string that is split on whitespace.
pub(super) struct Command;

#[cfg(feature = "schema")]
impl JsonSchema for Command {
    fn schema_name() -> Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let word = json!({ "type": "string", "maxLength": 4000 });
        json_schema!({
            "description": "Program and arguments.",
            "anyOf": [
                {
                    "description": "Program and arguments, one element each.",
                    "type": "array",
                    "items": word,
                    "minItems": 1,
                    "maxItems": 1000,
                    "x-format": "command"
                },
                {
                    "description": "Program and arguments, split on whitespace.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 4000,
                    "x-format": "command"
                }
            ]
        })
    }
}

/// One value, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// A list that may be written as one value.
pub(super) fn one_or_many<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    })
}

/// An argument vector.
pub(super) fn command<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    match OneOrMany::<String>::deserialize(from)? {
        OneOrMany::One(line) => {
            super::format::command_line(&line).map_err(|error| serde::de::Error::custom(error.message))
        }
        OneOrMany::Many(words) => Ok(words),
    }
}

/// An argument vector that may be absent.
pub(super) fn optional_command<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    command(from).map(Some)
}

/// Several durations as they are written.
pub(super) mod periods {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::format;

    pub(crate) fn serialize<S: Serializer>(periods: &[Duration], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(periods.iter().map(|period| format::duration_text(*period)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Duration>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let periods = texts.iter().map(|text| format::duration(text));
        let periods: Option<Vec<_>> = periods.collect();
        periods.ok_or_else(|| serde::de::Error::custom("a duration is not understood"))
    }
}

/// Durations as they are written.
pub(super) mod period {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::format;

    pub(crate) fn serialize<S: Serializer>(period: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format::duration_text(*period))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        format::duration(&text).ok_or_else(|| serde::de::Error::custom("a duration is not understood"))
    }
}

/// Durations that may be absent.
pub(super) mod optional_period {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    use super::period;

    pub(crate) fn serialize<S: Serializer>(period: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match period {
            Some(period) => period::serialize(period, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        period::deserialize(from).map(Some)
    }
}

/// The default of what is on unless it is turned off.
pub(super) fn yes() -> bool {
    true
}

/// The default of what every stage asks for.
pub(super) fn pilot() -> Stage {
    Stage::Pilot
}

/// The default time limit of a suite.
pub(super) fn half_an_hour() -> Duration {
    Duration::from_secs(1800)
}
