//! The published JSON Schemas.

use cargo_gate::{policy, report};

use super::{Pages, SCHEMAS};

pub(super) fn files() -> Pages {
    let files = [
        ("gate.schema.json", policy::schema_text()),
        ("register.schema.json", policy::register_schema_text()),
        ("report.schema.json", report::schema()),
    ];
    files
        .into_iter()
        .map(|(name, text)| (format!("{SCHEMAS}/{name}"), text))
        .collect()
}
