//! JSON as every command prints it.

use std::collections::BTreeMap;

use clap::ArgMatches;
use serde::Serialize;

use gate_base::error::{Error, Located, Result};
use gate_text::secrets::mask_text;

/// Version of the JSON that commands print; raised when a field is removed or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// Pretty-printed JSON with a final line feed: an object that begins with `schema_version`.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    #[derive(Serialize)]
    struct Versioned<'v, V> {
        schema_version: u32,
        #[serde(flatten)]
        value: &'v V,
    }
    json_with_version(&Versioned {
        schema_version: SCHEMA_VERSION,
        value,
    })
}

/// The same of a document that has a version of its own.
pub(super) fn json_with_version(value: &impl Serialize) -> Result<String> {
    let mut text =
        serde_json::to_string_pretty(value).map_err(|error| Error::tool(format!("cannot write JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}

/// A list under its name, as JSON has it.
pub(super) fn named<T>(name: &'static str, list: T) -> BTreeMap<&'static str, T> {
    BTreeMap::from([(name, list)])
}

/// What a command that was asked for JSON prints when it fails.
#[derive(Serialize)]
pub(super) struct Failed {
    exit_code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// Every error of a policy or a register, with its place.
    problems: Vec<Located>,
}

impl Failed {
    pub(super) fn of(error: &Error) -> Self {
        let mask = |text: &str| mask_text(text).into_owned();
        let problems = error.details.iter().flat_map(|details| &details.problems);
        Self {
            exit_code: error.exit_code(),
            message: mask(&error.message),
            help: error.help.as_deref().map(mask),
            problems: problems
                .map(|problem| Located {
                    message: mask(&problem.message),
                    help: problem.help.as_deref().map(mask),
                    ..problem.clone()
                })
                .collect(),
        }
    }
}

impl Failed {
    /// The exit code that belongs to it.
    pub(super) fn exit_code(&self) -> i32 {
        self.exit_code
    }

    /// What went wrong, masked.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// Whether the command was asked for JSON.
pub(super) fn asks_for_json(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((_, below)) => asks_for_json(below),
        None => {
            let format = matches.try_get_raw("message_format").ok().flatten();
            format.is_some_and(|mut values| values.any(|value| value == "json"))
        }
    }
}
