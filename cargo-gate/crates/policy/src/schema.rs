//! The JSON Schema of gate.toml, which is published for editors and holds the rules of [`super::walk`]. It is generated from
//! [`super::Policy`] (feature `schema`) and compiled in as text.

use std::sync::OnceLock;

use serde_json::Value;

#[cfg(feature = "schema")]
pub mod generate;

/// Where the schema of the latest release can be fetched; editors read it from the `#:schema` comment of a gate.toml.
pub const SCHEMA_URL: &str =
    "https://raw.githubusercontent.com/cargo-gate/cargo-gate/main/docs/schema/gate.schema.json";

/// The text of `docs/schema/gate.schema.json`: the JSON Schema of gate.toml (draft 7, the one that TOML editors understand).
pub fn schema_text() -> String {
    pretty(shared())
}

/// A schema as it is published.
fn pretty(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a JSON value serialises");
    text.push('\n');
    text
}

/// The schema, read once.
pub(super) fn shared() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("schema/gate.json")))
}

/// Reads the schema, which takes a part of a millisecond that a caller may have to spare.
pub fn prepare() {
    shared();
}

/// That of a register, read once.
pub(super) fn register() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("schema/register.json")))
}

/// That of a file of known findings, read once.
pub(super) fn known() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("schema/known_findings.json")))
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("a test holds it to what is generated")
}
