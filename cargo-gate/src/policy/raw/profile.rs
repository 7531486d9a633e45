//! Requirements on Cargo profiles: each key takes a value, or an array of values of which one must hold.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toml::Spanned;

/// A value of a profile key, as it is written in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum ProfileValue {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Integer(i64),
    /// A word.
    Text(String),
}

/// Authority level of a crate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Safe code only; no raw authority outside allowed modules.
    Portable,
    /// Portable semantics, and lints clean.
    Idiomatic,
    /// Raw authority is the crate's purpose.
    Native,
}

/// Requirements on one Cargo profile. Each key takes the value that must hold after inheritance, package overrides,
/// configuration files and `CARGO_PROFILE_*`, or an array of allowed values.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawProfile {
    /// Whether integer overflow panics.
    #[schemars(schema_with = "boolean")]
    pub(in crate::policy) overflow_checks: Option<Spanned<RawAllowed>>,
    /// What a panic does: `"unwind"`, `"abort"` or `"immediate-abort"`.
    #[schemars(schema_with = "panic")]
    pub(in crate::policy) panic: Option<Spanned<RawAllowed>>,
    /// Link-time optimisation: `true`, `false`, `"fat"`, `"thin"` or `"off"`.
    #[schemars(schema_with = "lto")]
    pub(in crate::policy) lto: Option<Spanned<RawAllowed>>,
    /// Debug information: `0` to `2`, a boolean, or cargo's words for them.
    #[schemars(schema_with = "debug")]
    pub(in crate::policy) debug: Option<Spanned<RawAllowed>>,
    /// What is stripped from binaries: `"none"`, `"debuginfo"`, `"symbols"` or a boolean.
    #[schemars(schema_with = "strip")]
    pub(in crate::policy) strip: Option<Spanned<RawAllowed>>,
    /// Number of code generation units.
    #[schemars(schema_with = "codegen_units")]
    pub(in crate::policy) codegen_units: Option<Spanned<RawAllowed>>,
    /// Whether compilation is incremental.
    #[schemars(schema_with = "boolean")]
    pub(in crate::policy) incremental: Option<Spanned<RawAllowed>>,
    /// Optimisation level: `0` to `3`, `"s"` or `"z"`.
    #[schemars(schema_with = "opt_level")]
    pub(in crate::policy) opt_level: Option<Spanned<RawAllowed>>,
    /// Whether `debug_assert!` is compiled in.
    #[schemars(schema_with = "boolean")]
    pub(in crate::policy) debug_assertions: Option<Spanned<RawAllowed>>,
}

/// One allowed value, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::policy) enum RawAllowed {
    /// One value.
    One(ProfileValue),
    /// Several, of which one must hold.
    Many(Vec<ProfileValue>),
}

impl RawProfile {
    /// The keys that are there, with their names.
    pub(in crate::policy) fn into_requirements(self) -> impl Iterator<Item = (&'static str, Spanned<RawAllowed>)> {
        [
            ("overflow-checks", self.overflow_checks),
            ("panic", self.panic),
            ("lto", self.lto),
            ("debug", self.debug),
            ("strip", self.strip),
            ("codegen-units", self.codegen_units),
            ("incremental", self.incremental),
            ("opt-level", self.opt_level),
            ("debug-assertions", self.debug_assertions),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
    }
}

/// A schema that takes one of `kinds`, or a non-empty array of them.
fn one_or_many(kinds: &[Value]) -> Schema {
    let mut any_of = kinds.to_vec();
    let item = if let [kind] = kinds {
        kind.clone()
    } else {
        json!({ "anyOf": kinds })
    };
    any_of.push(json!({ "type": "array", "minItems": 1, "items": item }));
    json_schema!({ "anyOf": any_of })
}

fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn integer(min: u32, max: u32) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn truth() -> Value {
    json!({ "type": "boolean" })
}

fn boolean(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&[truth()])
}

fn panic(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&[words(&["unwind", "abort", "immediate-abort"])])
}

fn lto(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&[truth(), words(&["off", "thin", "fat"])])
}

fn debug(_: &mut SchemaGenerator) -> Schema {
    let levels = ["none", "line-directives-only", "line-tables-only", "limited", "full"];
    one_or_many(&[truth(), integer(0, 2), words(&levels)])
}

fn strip(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&[truth(), words(&["none", "debuginfo", "symbols"])])
}

fn codegen_units(_: &mut SchemaGenerator) -> Schema {
    let mut units = integer(1, 65_535);
    units["x-sane-min"] = json!(1);
    units["x-sane-max"] = json!(256);
    one_or_many(&[units])
}

fn opt_level(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&[integer(0, 3), words(&["s", "z"])])
}
