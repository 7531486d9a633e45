//! `[toolchain]`: the compilers, said once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::RawDate;

/// The least release that may raise the minimum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FloorRelease {
    /// A minor one.
    #[default]
    Minor,
    /// A major one.
    Major,
}

/// The compilers of the workspace, said once: files that repeat them are compared byte for byte, and `cargo gate source docs`
/// writes them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawToolchain {
    /// The compiler that builds releases: the channel of `rust-toolchain.toml`.
    #[schemars(length(min = 1, max = 100), extend("x-format" = "text", "examples" = ["1.95.0"]))]
    pub(in crate::policy) release: String,
    /// The oldest supported Rust: the `rust-version` of every member that can be published.
    #[schemars(length(min = 1, max = 20), extend("x-format" = "rust-version", "examples" = ["1.85"]))]
    pub(in crate::policy) minimum: String,
    /// The version of cargo's resolver, as manifests declare it or as their edition implies it.
    #[schemars(extend("examples" = ["3"]))]
    pub(in crate::policy) resolver: Option<RawResolver>,
    /// Day on which somebody last looked at this section, in UTC.
    #[schemars(extend("examples" = ["2026-01-31"]))]
    pub(in crate::policy) reviewed: RawDate,
    /// Weeks after which somebody has to look again.
    #[serde(default = "twelve")]
    #[schemars(range(min = 1, max = 104), extend("x-sane-min" = 4, "x-sane-max" = 52))]
    pub(in crate::policy) review_cadence: u32,
    /// Days between the announcement of a higher `minimum` and the change itself.
    #[serde(default = "thirty")]
    #[schemars(range(min = 0, max = 730), extend("x-sane-min" = 7, "x-sane-max" = 365))]
    pub(in crate::policy) floor_notice: u32,
    /// Which release may raise `minimum`: a minor one or a major one. Before 1.0 the second number counts as the first.
    #[serde(default)]
    pub(in crate::policy) floor_raise_release: FloorRelease,
    /// Announcements of a higher `minimum`.
    #[serde(default)]
    #[schemars(with = "Vec<RawFloor>")]
    pub(in crate::policy) floor: Vec<Spanned<RawFloor>>,
}

/// The announcement of a higher `minimum`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawFloor {
    /// What `minimum` will be.
    #[schemars(length(min = 1, max = 20), extend("x-format" = "rust-version", "examples" = ["1.88"]))]
    pub(in crate::policy) minimum: String,
    /// Day on which it was announced, in UTC.
    #[schemars(extend("examples" = ["2026-01-31"]))]
    pub(in crate::policy) announced: RawDate,
}

/// A version of cargo's resolver.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(in crate::policy) enum RawResolver {
    /// The default of the editions 2015 and 2018.
    #[serde(rename = "1")]
    One,
    /// The default of the edition 2021.
    #[serde(rename = "2")]
    Two,
    /// The default of the edition 2024: it respects `rust-version`.
    #[serde(rename = "3")]
    Three,
}

impl RawResolver {
    /// The version as it is written.
    pub(in crate::policy) fn name(self) -> &'static str {
        match self {
            RawResolver::One => "1",
            RawResolver::Two => "2",
            RawResolver::Three => "3",
        }
    }
}

fn twelve() -> u32 {
    12
}

fn thirty() -> u32 {
    30
}
