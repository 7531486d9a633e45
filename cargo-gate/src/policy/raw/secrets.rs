//! Secrets and paths that must not be in the tree.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::secrets::Kind;

use super::RawDate;

/// Secrets in tracked files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSecrets {
    /// Whether keys and tokens in tests, fixtures, examples and documentation block as well. They are advice otherwise.
    #[serde(default)]
    pub(in crate::policy) test_code: bool,
    /// Globs over files in which e-mail addresses and telephone numbers are looked for.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["data/**"]]
    ))]
    pub(in crate::policy) personal: Vec<String>,
    /// Globs over files in which characters without any order are looked for.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["deploy/**"]]
    ))]
    pub(in crate::policy) entropy: Vec<String>,
    /// Values that may stay. Each names one value in one file.
    #[serde(default)]
    #[schemars(with = "Vec<RawSecretAllow>")]
    pub(in crate::policy) allow: Vec<Spanned<RawSecretAllow>>,
}

/// One value that may stay in one file. An entry that is expired or that nothing needs is itself a failure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSecretAllow {
    /// Path of the file, relative to the workspace root. No glob.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["deploy/demo.pem"]))]
    pub(in crate::policy) path: String,
    /// Kind of the secret, as the finding names it.
    #[serde(rename = "type")]
    #[schemars(extend("examples" = ["private_key"]))]
    pub(in crate::policy) kind: Kind,
    /// SHA-256 of the value, as the finding names it: 64 hexadecimal digits.
    #[schemars(length(min = 64, max = 64), extend("x-format" = "sha256"))]
    pub(in crate::policy) digest: String,
    /// Who answers for it: a team or a person.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["platform-team"]))]
    pub(in crate::policy) owner: String,
    /// Why the value is no secret.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["made for the demo server"]))]
    pub(in crate::policy) reason: String,
    /// Last day on which the entry holds, in UTC.
    #[schemars(extend("examples" = ["2030-01-31"]))]
    pub(in crate::policy) expires: RawDate,
}

/// Paths of machines in tracked text and in logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawPaths {
    /// Beginnings of paths of build machines.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 3, "maxLength": 1000, "x-format": "text" },
        "examples" = [["/srv/build"]]
    ))]
    pub(in crate::policy) forbid: Vec<String>,
    /// Names of users that stand for nobody, besides the usual ones such as `user` and `alice`.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 100, "x-format": "text" },
        "examples" = [["grace"]]
    ))]
    pub(in crate::policy) placeholders: Vec<String>,
}
