//! The published JSON Schemas, and the list of all checks for programs.

use cargo_gate::cli::contract;
use cargo_gate::cli::explain::Topic;
use cargo_gate::{policy, report};
use gate_runtime::{decision_log, stats};

use super::{Pages, SCHEMAS};
use crate::Result;

pub(super) fn files(topics: &[Topic<'_>]) -> Result<Pages> {
    let files = [
        ("checks.json", contract::text(topics, None)?),
        ("decision-log.schema.json", decision_log::SCHEMA.to_owned()),
        ("gate.schema.json", policy::schema_text()),
        ("register.schema.json", policy::register_schema_text()),
        ("report.schema.json", report::schema()),
        ("run-stats.schema.json", stats::SCHEMA.to_owned()),
    ];
    Ok(files
        .into_iter()
        .map(|(name, text)| (format!("{SCHEMAS}/{name}"), text))
        .collect())
}
