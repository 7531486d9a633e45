//! A statement about results that another tool wrote: who wrote them, when, and of which content.
//!
//! It is a JSON file next to the results. Its signature has the form of `ssh-keygen -Y sign` and covers [`Attested::text`]: every
//! field, and with the digests every byte of the files.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_policy::authority::{PrivateKey, signer};

/// First line of the text that is signed; its number grows when the text changes its form.
const HEADER: &str = "cargo-gate results 1";

/// Version of the file's form.
const VERSION: u32 = 1;

/// Largest file of results that is read, in bytes.
pub const MAX_RESULTS: u64 = 256 << 20;

/// Who wrote results, when, and of which content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// Version of this form.
    pub schema_version: u32,
    /// What wrote the results, in words: `pytest 8.4 in job 1234`.
    pub producer: String,
    /// When the statement was made, RFC 3339 in UTC.
    pub made: Timestamp,
    /// Digest of the content that was tested, as `subject.content` in reports.
    pub content: String,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// The files with results.
    pub files: Vec<AttestedFile>,
    /// Signature over [`Attested::text`], in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// A file with results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestedFile {
    /// Path in the workspace.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Attested {
    /// A statement about these files of a workspace, without a signature.
    ///
    /// # Errors
    /// A file cannot be read, or is larger than [`MAX_RESULTS`] (usage).
    pub fn about(
        root: &Path,
        paths: &[String],
        producer: &str,
        made: Timestamp,
        (content, commit): (String, Option<String>),
    ) -> Result<Self> {
        let files = paths.iter().map(|path| {
            let bytes = read(&root.join(path)).map_err(|problem| {
                Error::usage(format!("`{path}` {problem}"))
                    .with_help("pass the files that the tool wrote, relative to the workspace root")
            })?;
            Ok(AttestedFile {
                path: path.clone(),
                sha256: sha256_hex(&bytes),
                size: bytes.len() as u64,
            })
        });
        Ok(Self {
            schema_version: VERSION,
            producer: producer.to_owned(),
            made,
            content,
            commit,
            files: files.collect::<Result<_>>()?,
            signature: None,
        })
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// Why it is not one, continuing "the statement ".
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let statement: Self = serde_json::from_str(text).map_err(|error| format!("cannot be read: {error}"))?;
        if statement.schema_version != VERSION {
            let version = statement.schema_version;
            return Err(format!(
                "has version {version}; this cargo-gate reads version {VERSION}"
            ));
        }
        Ok(statement)
    }

    /// The file, with a line break at its end.
    pub fn to_json(&self) -> String {
        // Strings and numbers are always JSON.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        text + "\n"
    }

    /// The text that is signed: a header line, then one line for each field, texts as JSON strings.
    pub fn text(&self) -> String {
        let string = |text: &str| serde_json::Value::from(text);
        let mut text = format!(
            "{HEADER}\nproducer = {}\nmade = {}\ncontent = {}\n",
            string(&self.producer),
            self.made,
            string(&self.content)
        );
        if let Some(commit) = &self.commit {
            text += &format!("commit = {}\n", string(commit));
        }
        for file in &self.files {
            text += &format!("file = {} {} {}\n", string(&file.path), string(&file.sha256), file.size);
        }
        text
    }

    /// The same, signed with a key.
    #[must_use]
    pub fn signed(self, key: &PrivateKey) -> Self {
        let signature = key.sign(&self.text());
        Self {
            signature: Some(signature),
            ..self
        }
    }

    /// The public key that signed it.
    ///
    /// # Errors
    /// Why nobody did, continuing "the statement ".
    pub fn signer(&self) -> std::result::Result<[u8; 32], String> {
        let signature = self.signature.as_deref().ok_or("is not signed")?;
        signer(&self.text(), signature).map_err(|reason| format!("has a signature that {reason}"))
    }
}

/// The bytes of a file with results.
///
/// # Errors
/// Why it cannot be read, continuing "the file ".
pub fn read(path: &Path) -> std::result::Result<Vec<u8>, String> {
    let found = std::fs::symlink_metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !found.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if found.len() > MAX_RESULTS {
        return Err(format!("is larger than {} MiB", MAX_RESULTS >> 20));
    }
    std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement without a signature.
    fn statement() -> Attested {
        Attested {
            schema_version: VERSION,
            producer: "pytest 8.4".to_owned(),
            made: "2026-06-15T12:00:00Z".parse().expect("a time"),
            content: "c0".to_owned(),
            commit: Some("abc".to_owned()),
            files: vec![AttestedFile {
                path: "target/a.xml".to_owned(),
                sha256: "00".to_owned(),
                size: 3,
            }],
            signature: None,
        }
    }

    #[test]
    fn the_text_holds_every_field() {
        insta::assert_snapshot!(statement().text(), @r#"
        cargo-gate results 1
        producer = "pytest 8.4"
        made = 2026-06-15T12:00:00Z
        content = "c0"
        commit = "abc"
        file = "target/a.xml" "00" 3
        "#);
        assert_eq!(Attested::parse(&statement().to_json()), Ok(statement()));
    }

    #[test]
    fn what_is_no_statement_says_why() {
        let newer = statement()
            .to_json()
            .replace("\"schema_version\": 1", "\"schema_version\": 2");
        let more = statement()
            .to_json()
            .replace("\"producer\"", "\"more\": 1, \"producer\"");
        for (text, why) in [
            ("", "cannot be read"),
            (newer.as_str(), "has version 2"),
            (more.as_str(), "unknown field"),
        ] {
            let problem = Attested::parse(text).expect_err("refused");
            assert!(problem.contains(why), "{problem}");
        }
        assert_eq!(statement().signer(), Err("is not signed".to_owned()));
    }
}
