//! `[profile.<name>]` and `[tiers]`: what Cargo profiles must hold, and the tiers of crates.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::JsonSchema;
use jiff::civil::Date;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

pub use gate_base::profile::ProfileValue;
use gate_report::Location;

use super::problem::Problem;
use super::rules::Rules;
use super::tables::{elements, text};
use super::value::{Day, Text, one_or_many};

/// Authority level of a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Safe code only; no raw authority outside allowed modules.
    Portable,
    /// Portable, and free of lint warnings.
    Idiomatic,
    /// Raw authority is the purpose of the crate.
    Native,
}

/// Requirements on one Cargo profile: for each key the values that are allowed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfilePolicy {
    /// Allowed values by key (`overflow-checks`, `panic`, `lto`, `debug`, `strip`, `codegen-units`, `incremental`,
    /// `opt-level`, `debug-assertions`), as written in the file.
    pub requirements: BTreeMap<String, ProfileRequirement>,
}

/// Allowed values of one profile key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProfileRequirement {
    /// Values of which one must hold.
    #[serde(deserialize_with = "one_or_many")]
    pub allowed: Vec<ProfileValue>,
    /// Where it is declared.
    pub location: Location,
}

/// Tiers of the crates: `portable`, `idiomatic`, `native`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TierPolicy {
    /// Tier of every crate without an exception.
    #[serde(default = "portable")]
    pub default: Tier,
    /// Crates that leave the default tier. Each needs an owner, a reason and an expiry date.
    #[serde(default, rename = "exception")]
    pub exceptions: Vec<TierException>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A crate that leaves the default tier.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TierException {
    /// Name of the package.
    #[schemars(with = "Text", extend("examples" = ["my-crate"]))]
    pub package: String,
    /// Its tier.
    #[schemars(extend("examples" = ["native"]))]
    pub tier: Tier,
    /// Owner: a team or a person.
    #[serde(default, deserialize_with = "filled")]
    #[schemars(length(max = 200))]
    pub owner: Option<String>,
    /// Why the crate needs this tier.
    #[serde(default, deserialize_with = "filled")]
    #[schemars(length(max = 1000))]
    pub reason: Option<String>,
    /// Last day on which the exception is valid, in UTC.
    #[schemars(with = "Option<Day>")]
    pub expires: Option<Date>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn portable() -> Tier {
    Tier::Portable
}

impl Tier {
    /// Name as it is written in the policy.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Portable => "portable",
            Tier::Idiomatic => "idiomatic",
            Tier::Native => "native",
        }
    }
}

/// A text, or nothing where it is blank, which `profile.tier` reports.
fn filled<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(from)?).filter(|text| !text.trim().is_empty()))
}

/// One exception for each package.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let exceptions = elements(rules.file, &["tiers", "exception"]).into_iter();
    let packages = exceptions.filter_map(|exception| text(exception, "package"));
    rules.duplicates(
        packages,
        "the exception for",
        "keep one exception per package",
        &mut problems,
    );
    problems
}

#[cfg(feature = "schema")]
impl JsonSchema for ProfilePolicy {
    fn schema_name() -> Cow<'static, str> {
        "ProfilePolicy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let truth = json!({ "type": "boolean" });
        let words = |words: &[&str]| json!({ "type": "string", "enum": words });
        let integer = |min: u32, max: u32| json!({ "type": "integer", "minimum": min, "maximum": max });
        let mut units = integer(1, 65_535);
        units["x-sane-min"] = json!(1);
        units["x-sane-max"] = json!(256);
        let levels = words(&["none", "line-directives-only", "line-tables-only", "limited", "full"]);
        json_schema!({
            "description": "Requirements on one Cargo profile. Each key takes the value that must hold after inheritance, \
                package overrides, configuration files and `CARGO_PROFILE_*`, or an array of allowed values.",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "overflow-checks": key("Whether integer overflow panics.", &[&truth]),
                "panic": key(
                    "What a panic does: `\"unwind\"`, `\"abort\"` or `\"immediate-abort\"`.",
                    &[&words(&["unwind", "abort", "immediate-abort"])]
                ),
                "lto": key(
                    "Link-time optimization: `true`, `false`, `\"fat\"`, `\"thin\"` or `\"off\"`.",
                    &[&truth, &words(&["off", "thin", "fat"])]
                ),
                "debug": key(
                    "Debug information: `0` to `2`, a boolean, or one of cargo's names for them.",
                    &[&truth, &integer(0, 2), &levels]
                ),
                "strip": key(
                    "What is stripped from binaries: `\"none\"`, `\"debuginfo\"`, `\"symbols\"` or a boolean.",
                    &[&truth, &words(&["none", "debuginfo", "symbols"])]
                ),
                "codegen-units": key("Number of code generation units.", &[&units]),
                "incremental": key("Whether compilation is incremental.", &[&truth]),
                "opt-level": key(
                    "Optimization level: `0` to `3`, `\"s\"` or `\"z\"`.",
                    &[&integer(0, 3), &words(&["s", "z"])]
                ),
                "debug-assertions": key("Whether `debug_assert!` is compiled in.", &[&truth])
            }
        })
    }
}

#[cfg(feature = "schema")]
/// A key that takes one of `kinds`, or a non-empty array of them.
fn key(description: &str, kinds: &[&Value]) -> Value {
    let item = match kinds {
        [kind] => (*kind).clone(),
        kinds => json!({ "anyOf": kinds }),
    };
    let mut any_of: Vec<Value> = kinds.iter().map(|kind| (*kind).clone()).collect();
    any_of.push(json!({ "type": "array", "minItems": 1, "items": item }));
    json!({ "description": description, "anyOf": any_of })
}
