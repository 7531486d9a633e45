//! `[known]` of gate.toml, and the file of known findings: what was there when the gate was adopted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::JsonSchema;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{Day, Text};

/// The file of known findings in the workspace root. Its name is fixed: under another name, every finding would look as if
/// it had never been counted.
pub const KNOWN_FINDINGS: &str = "known_findings.toml";

/// Days after which a known finding blocks again, at most. The schema and the message say the same.
pub const LONGEST_KNOWN_DAYS: i32 = 180;

pub(super) const WHY: &str = "what blocks nothing for longer is accepted, and takes a waiver with a reason";

/// Findings that were there when the gate was adopted. `known_findings.toml` lists them; they do not block until its date.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownPolicy {
    /// Owner: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// What the file says.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    pub findings: KnownFindings,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Findings that were there when the gate was adopted. Written by `cargo gate init`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "known_findings.toml")]
pub(super) struct KnownFile {
    /// Version of this file format. Always 1.
    #[serde(rename = "version")]
    #[schemars(
        range(min = 1, max = 1),
        extend("examples" = [1], "x-help" = "write `version = 1`; a later format needs a later cargo-gate")
    )]
    _version: u32,
    /// Day on which the findings were recorded, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2026-01-31"]))]
    pub(super) recorded: Date,
    /// Last day on which they do not block, in UTC.
    #[schemars(with = "Day", extend(
        "x-max" = "180 days after `recorded`", "x-why" = WHY, "examples" = ["2026-04-30"]
    ))]
    pub(super) until: Date,
    /// By check and file: each message, and how often it occurs in that file.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "x-format": "check" }))]
    pub(super) finding: BTreeMap<String, BTreeMap<String, BTreeMap<String, Count>>>,
}

/// How often a finding occurs in a file.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Count(#[schemars(range(min = 1, max = 100_000))] pub(super) u32);

/// The contents of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KnownFindings {
    /// Day on which the findings were recorded, in UTC.
    pub recorded: Date,
    /// Last day on which they do not block, in UTC.
    pub until: Date,
    /// Sorted by check, file and message.
    pub entries: Vec<KnownEntry>,
}

/// Findings of one check that say the same about one file. Lines and columns are no part of it, so that it stays true when
/// code moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KnownEntry {
    /// Id of the check.
    pub check: String,
    /// The file of the finding's first location, or else that of the policy line behind it.
    pub path: String,
    /// The finding's message.
    pub message: String,
    /// How many there are.
    pub count: u32,
    /// Where it is recorded.
    pub location: Location,
}

impl KnownEntry {
    /// What tells entries apart.
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.check, &self.path, &self.message)
    }
}

impl KnownFindings {
    /// Number of findings.
    pub fn total(&self) -> u64 {
        self.entries.iter().map(|entry| u64::from(entry.count)).sum()
    }

    /// The text of the file, with a line feed at the end.
    pub fn to_text(&self) -> String {
        let mut text = String::from(
            "# Findings that were there when the gate was adopted: they do not block until the date below, new ones do.\n\
             # A line is a message and how often it occurs in the file. `cargo gate govern known shrink` removes what is fixed.\n",
        );
        let _ = write!(
            text,
            "version = 1\nrecorded = {}\nuntil = {}\n",
            self.recorded, self.until
        );
        for of_file in self.entries.chunk_by(|a, b| (&a.check, &a.path) == (&b.check, &b.path)) {
            let _ = writeln!(text, "\n[finding.{}.{}]", key(&of_file[0].check), key(&of_file[0].path));
            for entry in of_file {
                let _ = writeln!(text, "{} = {}", key(&entry.message), entry.count);
            }
        }
        text
    }
}

/// A key of TOML on one line, always in quotation marks, so that entries stand below each other.
fn key(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            char if char.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
