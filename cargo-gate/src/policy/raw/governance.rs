//! Waivers and exclusions, and the date type they share.

use std::borrow::Cow;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Permission for a named finding.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawWaiver {
    /// Id of the check whose finding is permitted; `cargo gate status` lists them.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "check", "examples" = ["boundary.raw"]))]
    pub(in crate::policy) check: String,
    /// Glob over the path of the finding's first location.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "glob", "examples" = ["src/ffi/**"]))]
    pub(in crate::policy) path: Option<String>,
    /// Package the finding is about.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text"))]
    pub(in crate::policy) package: Option<String>,
    /// Text that the finding's message contains.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text"))]
    pub(in crate::policy) contains: Option<String>,
    /// Who answers for it: a team or a person.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["platform-team"]))]
    pub(in crate::policy) owner: String,
    /// Why the finding is acceptable until then.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["tracked in issue 12"]))]
    pub(in crate::policy) reason: String,
    /// Last day on which the waiver holds, in UTC.
    #[schemars(extend("examples" = ["2030-01-31"]))]
    pub(in crate::policy) expires: RawDate,
    /// Signature over the text of the waiver, written by `cargo gate govern waiver attach`. Needed where `[waivers]` has `keys`.
    #[schemars(length(min = 1, max = 4000))]
    pub(in crate::policy) signature: Option<String>,
}

/// A surface left out of the claim. Names at least one package or path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawExclusion {
    /// What is left out, in words.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["the admin console"]))]
    pub(in crate::policy) surface: String,
    /// Packages whose findings fall under it.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" }
    ))]
    pub(in crate::policy) packages: Vec<String>,
    /// Globs over paths whose findings fall under it, relative to the workspace root.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" }
    ))]
    pub(in crate::policy) paths: Vec<String>,
    /// Why it is left out.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["not deployed yet"]))]
    pub(in crate::policy) reason: String,
    /// Risk of leaving it out.
    #[schemars(extend("examples" = ["low"]))]
    pub(in crate::policy) risk: RawRisk,
}

/// Risk label.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::policy) enum RawRisk {
    /// Nobody would notice.
    Low,
    /// Some users would notice.
    Medium,
    /// The service depends on it.
    High,
}

impl RawRisk {
    /// The label as it is written.
    pub(in crate::policy) fn name(self) -> &'static str {
        match self {
            RawRisk::Low => "low",
            RawRisk::Medium => "medium",
            RawRisk::High => "high",
        }
    }
}

/// A calendar day: a TOML date, or the same as a string.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::policy) enum RawDate {
    /// `2030-01-31`
    Native(toml::value::Datetime),
    /// `"2030-01-31"`
    Text(String),
}

impl RawDate {
    /// The day, if it is one.
    pub(in crate::policy) fn day(&self) -> Option<Date> {
        match self {
            RawDate::Native(datetime) => crate::policy::format::native_date(datetime),
            RawDate::Text(text) => crate::policy::format::date(text),
        }
    }
}

impl JsonSchema for RawDate {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}
