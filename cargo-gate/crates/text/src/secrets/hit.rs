//! What is found in a text.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::unread::Unread;

/// One secret that was found, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The kind of secret.
    pub kind: Kind,
    /// What it is, in words: `a GitHub token`.
    pub what: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length on its first line, in characters.
    pub length: u32,
    /// SHA-256 of the secret, hexadecimal. Of a private key it is that of its characters without white space.
    pub digest: String,
    /// How it may be shown: what is known to everybody, and stars.
    pub masked: String,
    /// Whether a check sum inside the token fits: then nobody made it up.
    pub certain: bool,
    /// Whether it is known by the name that it is assigned to, or by its form alone: it may be somebody's invention.
    pub guessed: bool,
    /// Whether it stands in test code of a Rust source, or in its documentation.
    pub in_test: bool,
    /// Whether it is an assignment without quotes, which means one in files of settings only.
    pub bare: bool,
    /// Which bytes of the text that was scanned are the secret. Not kept.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// A path of somebody's home directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomePath {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The home directory as it is written: `/home/ada`.
    pub text: String,
    /// Which bytes of the text that was scanned it is. Not kept.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// Everything in one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextScan {
    /// Secrets in the order of the text; they do not overlap.
    pub hits: Vec<Hit>,
    /// Home directories in the order of the text.
    pub homes: Vec<HomePath>,
    /// What of an archive was not searched: the first place for each reason.
    pub unread: Vec<Unread>,
}
