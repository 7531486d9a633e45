//! What the supply chain must show.

use schemars::JsonSchema;
use serde::Deserialize;

/// What the supply chain must show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSupply {
    /// The RustSec advisory database: a directory, a git checkout, a `.tar.gz` or a `.zip`, absolute or relative to the
    /// workspace root. It is never fetched.
    #[schemars(
        length(min = 1, max = 4000),
        extend("x-format" = "text", "examples" = ["../advisory-db"])
    )]
    pub(in crate::policy) advisory_db: Option<String>,
    /// How old the newest advisory of the database may be, by stage.
    #[serde(default)]
    pub(in crate::policy) max_age: RawMaxAge,
}

/// How old the newest advisory of the database may be, by stage: a number of days, such as `30d`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::policy) struct RawMaxAge {
    /// At pilot; 90 days when absent.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1d", "x-max" = "3650d", "x-sane-min" = "3d", "x-sane-max" = "180d",
        "examples" = ["90d"]
    ))]
    pub(in crate::policy) pilot: Option<String>,
    /// At controlled; 30 days when absent.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1d", "x-max" = "3650d", "x-sane-min" = "3d", "x-sane-max" = "90d",
        "examples" = ["30d"]
    ))]
    pub(in crate::policy) controlled: Option<String>,
    /// At broad; 14 days when absent.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1d", "x-max" = "3650d", "x-sane-min" = "3d", "x-sane-max" = "90d",
        "examples" = ["14d"]
    ))]
    pub(in crate::policy) broad: Option<String>,
}
