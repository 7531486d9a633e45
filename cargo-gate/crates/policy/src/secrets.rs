//! `[secrets]` and `[paths]`: secrets and paths of machines that must not be in the tree.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;
use gate_text::secrets::Kind;

use super::section::section;
use super::value::{Day, FilePath, Glob, Sha256, Text};

/// Secrets in tracked files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretsPolicy {
    /// Whether keys and tokens in tests, fixtures, examples and documentation block as well. They are advice otherwise.
    #[serde(default)]
    pub test_code: bool,
    /// Globs over files in which e-mail addresses and telephone numbers are looked for.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["data/**"]]))]
    pub personal: Vec<String>,
    /// Globs over files in which random characters are looked for.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["deploy/**"]]))]
    pub entropy: Vec<String>,
    /// Values that may stay. Each names one value in one file.
    #[serde(default)]
    pub allow: Vec<SecretAllow>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// One value that may stay in one file. An entry that is expired or that nothing needs is itself a failure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretAllow {
    /// Path of the file, relative to the workspace root. No glob.
    #[schemars(with = "FilePath", extend("examples" = ["deploy/demo.pem"]))]
    pub path: String,
    /// Kind of the secret, as the finding names it.
    #[serde(rename = "type")]
    #[schemars(extend("examples" = ["private_key"]))]
    pub kind: Kind,
    /// SHA-256 of the value, as the finding names it: 64 hexadecimal digits.
    #[schemars(with = "Sha256")]
    pub digest: String,
    /// Who answers for it: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// Why the value is no secret.
    #[schemars(with = "Text<1000>", extend("examples" = ["made for the demo server"]))]
    pub reason: String,
    /// Last day on which the entry holds, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2030-01-31"]))]
    pub expires: Date,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Paths of machines in tracked text and in logs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PathsPolicy {
    /// Beginnings of paths of build machines.
    #[serde(default)]
    #[schemars(
        with = "Vec<Text<1000>>",
        inner(length(min = 3, max = 1000)),
        extend("examples" = [["/srv/build"]])
    )]
    pub forbid: Vec<String>,
    /// Placeholder names of users, besides the usual ones such as `user` and `alice`.
    #[serde(default)]
    #[schemars(with = "Vec<Text<100>>", extend("examples" = [["grace"]]))]
    pub placeholders: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

section!(SecretsPolicy, "secrets", secrets: Option<SecretsPolicy>);
section!(PathsPolicy, "paths", paths: Option<PathsPolicy>);
