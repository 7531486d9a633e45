//! Kinds of secrets.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kind of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An address of a person.
    Email,
    /// A telephone number.
    Phone,
    /// A key of a service.
    ApiKey,
    /// Tokens after `Bearer`, and JSON web tokens.
    BearerToken,
    /// A token of a service.
    Token,
    /// A password.
    Password,
    /// A shared secret: of an OAuth client, of a web hook.
    Secret,
    /// A private key.
    PrivateKey,
    /// The public half of an AWS key, which names the account.
    AwsAccessKey,
    /// The secret half of an AWS key.
    AwsSecretKey,
    /// A token of GitHub.
    GithubToken,
    /// A token or web hook of Slack.
    SlackToken,
    /// Characters without any order.
    HighEntropy,
}

/// How bad it is when it becomes public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may be nothing.
    Low,
    /// Somebody could mind.
    Medium,
    /// Somebody else can use it.
    High,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Kind::Email,
        Kind::Phone,
        Kind::ApiKey,
        Kind::BearerToken,
        Kind::Token,
        Kind::Password,
        Kind::Secret,
        Kind::PrivateKey,
        Kind::AwsAccessKey,
        Kind::AwsSecretKey,
        Kind::GithubToken,
        Kind::SlackToken,
        Kind::HighEntropy,
    ];

    /// Its name in policies and audits.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::ApiKey => "api_key",
            Kind::BearerToken => "bearer_token",
            Kind::Token => "token",
            Kind::Password => "password",
            Kind::Secret => "secret",
            Kind::PrivateKey => "private_key",
            Kind::AwsAccessKey => "aws_access_key",
            Kind::AwsSecretKey => "aws_secret_key",
            Kind::GithubToken => "github_token",
            Kind::SlackToken => "slack_token",
            Kind::HighEntropy => "high_entropy",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Kind::Email | Kind::Phone => Severity::Medium,
            Kind::HighEntropy => Severity::Low,
            _ => Severity::High,
        }
    }
}
