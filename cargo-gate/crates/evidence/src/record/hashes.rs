//! `hashes.json` and the chain.
//!
//! The chain hash of a run is the SHA-256 of this text: for every file of the run directory but `hashes.json` and `decision.sig` a line
//! `name=hash`, sorted by the bytes of the name, and then the line `previous=<run id> <chain hash>` of the run before,
//! or `previous=none`. Each line ends with a line feed. A person recomputes it in a run directory with
//!
//! ```sh
//! { find . -type f ! -path ./hashes.json ! -path ./decision.sig | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum | awk '{print $2"="$1}'
//!   echo "previous=none"   # or: previous=<run_id> <chain>, as `previous` in hashes.json says
//! } | sha256sum
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;

use super::format::SCHEMA_VERSION;

/// Contents of `hashes.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// Version of this file.
    pub schema_version: u32,
    /// SHA-256 of every other file of the run directory by path, `/`-separated.
    pub files: BTreeMap<String, String>,
    /// The run before; absent for the first run of a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Link>,
    /// Chain hash over `files` and `previous`.
    pub chain: String,
}

/// A run and its chain hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Id of the run.
    pub run_id: String,
    /// Its chain hash.
    pub chain: String,
}

impl Hashes {
    /// Hashes over these files, chained to the previous run.
    pub fn new(files: BTreeMap<String, String>, previous: Option<Link>) -> Self {
        let mut this = Self {
            schema_version: SCHEMA_VERSION,
            files,
            previous,
            chain: String::new(),
        };
        this.chain = this.expected_chain();
        this
    }

    /// The chain hash that belongs to `files` and `previous`.
    pub fn expected_chain(&self) -> String {
        let mut text = String::new();
        for (name, hash) in &self.files {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}={hash}");
        }
        let _ = match &self.previous {
            Some(link) => writeln!(text, "previous={} {}", link.run_id, link.chain),
            None => writeln!(text, "previous=none"),
        };
        sha256_hex(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_the_documented_text() {
        let files = BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a/x".to_owned(), "1".to_owned())]);
        assert_eq!(
            Hashes::new(files.clone(), None).chain,
            sha256_hex(b"a/x=1\nb=2\nprevious=none\n")
        );
        let link = Link {
            run_id: "r".into(),
            chain: "c".into(),
        };
        assert_eq!(
            Hashes::new(files, Some(link)).chain,
            sha256_hex(b"a/x=1\nb=2\nprevious=r c\n")
        );
    }
}
