//! `[secrets]` and `[paths]`: secrets and paths of machines that must not be in the tree.

use crate::JsonSchema;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use gate_report::Location;
use gate_text::secrets::Kind;

use super::value::{Day, FilePath, Glob, Sha256, Text};

/// Secrets in tracked files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretsPolicy {
    /// Whether keys and tokens in tests, fixtures, examples and documentation also block. Otherwise they are advice.
    #[serde(default)]
    pub test_code: bool,
    /// Globs over files to search for e-mail addresses and telephone numbers.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["data/**"]]))]
    pub personal: Vec<String>,
    /// Globs over files to search for random strings.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["deploy/**"]]))]
    pub entropy: Vec<String>,
    /// Allowed values, each in one file.
    #[serde(default)]
    pub allow: Vec<SecretAllow>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// One allowed value in one file. An expired or unused entry is itself a finding.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretAllow {
    /// Path of the file, relative to the workspace root; not a glob.
    #[schemars(with = "FilePath", extend("examples" = ["deploy/demo.pem"]))]
    pub path: String,
    /// Kind of the secret, as shown in the finding.
    #[serde(rename = "type")]
    #[schemars(extend("examples" = ["private_key"]))]
    pub kind: Kind,
    /// SHA-256 of the value, as shown in the finding: 64 hexadecimal digits.
    #[schemars(with = "Sha256")]
    pub digest: String,
    /// Owner: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// Why the value is not a secret.
    #[schemars(with = "Text<1000>", extend("examples" = ["made for the demo server"]))]
    pub reason: String,
    /// Last day on which the entry is valid, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2030-01-31"]))]
    pub expires: Date,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Machine-specific paths in tracked files and logs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PathsPolicy {
    /// Path prefixes of build machines.
    #[serde(default)]
    #[schemars(
        with = "Vec<Text<1000>>",
        inner(length(min = 3, max = 1000)),
        extend("examples" = [["/srv/build"]])
    )]
    pub forbid: Vec<String>,
    /// Placeholder user names, in addition to common ones such as `user` and `alice`.
    #[serde(default)]
    #[schemars(with = "Vec<Text<100>>", extend("examples" = [["grace"]]))]
    pub placeholders: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
