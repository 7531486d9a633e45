//! Signatures of models: what OpenSSF's model-signing writes next to them (<https://github.com/sigstore/model-transparency>), a bundle of
//! Sigstore with an in-toto statement that lists the SHA-256 of every file. What it lists counts as a record of hashes, so that every
//! file is compared, and one that it does not list is found.

mod bundle;
#[cfg_attr(feature = "model-signing", path = "key.rs")]
#[cfg_attr(not(feature = "model-signing"), path = "without.rs")]
mod key;
mod statement;

use crate::directory::{Directory, Entry};
use bundle::Bundle;

/// A signature among the files of a directory.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Where it is.
    pub(crate) path: String,
    /// What it lists: each path below the directory of the signature's subject, with its SHA-256. Or why it proves nothing, as the end of a
    /// sentence.
    pub(crate) files: Result<Vec<(String, String)>, String>,
}

/// Whether a file is a signature, by its name.
pub(crate) fn is_signature(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".sig", ".sigstore", ".sigstore.json"]
        .into_iter()
        .any(|end| lower.ends_with(end))
}

/// Every signature of a directory, verified with public keys in PEM.
pub(crate) fn of(directory: &Directory, keys: &[String]) -> Vec<Signature> {
    let signatures = directory.entries.iter().filter(|entry| is_signature(&entry.path));
    signatures
        .map(|entry| Signature {
            path: entry.path.clone(),
            files: verified(directory, entry, keys),
        })
        .collect()
}

fn verified(directory: &Directory, entry: &Entry, keys: &[String]) -> Result<Vec<(String, String)>, String> {
    let bytes = directory.document(&entry.path)?.unwrap_or_default();
    let value = crate::json::parse(&bytes).map_err(|_| "it is not a bundle of Sigstore".to_owned())?;
    let bundle = Bundle::of(&value)?;
    if entry.path.contains('/') {
        return Err("it is not at the top of the directory, and may be of anything".into());
    }
    if keys.is_empty() {
        return Err("no key verifies it: pass the public key of the signer with `--model-key`".into());
    }
    let mut refused = String::new();
    for key in keys {
        match key::verify(key, &bundle.message(), &bundle.signature) {
            Ok(true) => return statement::files(&bundle.payload, &entry.path),
            Ok(false) => refused = "none of the keys made it".into(),
            Err(why) => refused = why,
        }
    }
    Err(refused)
}
