//! `decision.sig`: the signature of a person over the decision of a run.
//!
//! It is made when the run is over, so no hash of the run covers it; it covers the run instead: the text that is signed
//! holds the digest of `decision.json` and the chain hash, and with that every byte of the run and all runs before it.
//! The form is that of `ssh-keygen -Y sign`, with a key that does not lie beside what it vouches for.

use std::path::Path;
use std::{fs, io};

use serde::Serialize;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_policy::authority::{PrivateKey, fingerprint, named, signer};

use crate::record::{DECISION, DecisionRecord, HASHES, Hashes, SIGNATURE};
use gate_base::atomic;

/// First line of the text that is signed; its number grows when the text changes its form.
const HEADER: &str = "cargo-gate decision 1";

/// A signature is a few hundred bytes; nothing longer is read.
const MOST: u64 = 64 << 10;

/// Whether a decision is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Signature {
    /// Nobody signed it.
    Absent,
    /// Somebody did.
    Valid {
        /// Fingerprint of the key, as `ssh-keygen -l` prints it.
        key: String,
        /// What the declared authorities call the key; absent where none are declared.
        #[serde(skip_serializing_if = "Option::is_none")]
        authority: Option<String>,
    },
    /// There is a signature that proves nothing.
    Invalid {
        /// Why, continuing "the signature ".
        reason: String,
    },
}

impl Signature {
    /// The word, and by whom or why.
    pub fn words(&self) -> String {
        match self {
            Signature::Absent => "absent".to_owned(),
            Signature::Valid {
                authority: Some(name),
                key,
            } => format!("valid, by {name} ({key})"),
            Signature::Valid { authority: None, key } => {
                format!("valid, by {key}; no authorities are declared")
            }
            Signature::Invalid { reason } => format!("invalid: it {reason}"),
        }
    }

    /// Whether somebody with a say signed: with no authorities declared, nobody has.
    pub fn counts(&self) -> bool {
        matches!(self, Signature::Valid { authority: Some(_), .. })
    }
}

/// The text of a run that is signed.
///
/// # Errors
/// The decision or the hashes of the run cannot be read.
pub fn text(directory: &Path) -> Result<String> {
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read(&path).map_err(|error| Error::io("read", &path, &error))
    };
    let unreadable = |name: &str, error: serde_json::Error| {
        Error::tool(format!("cannot parse `{name}` of the run: {error}")).with_help("`cargo gate verify`")
    };
    let decision = read(DECISION)?;
    let record: DecisionRecord = serde_json::from_slice(&decision).map_err(|error| unreadable(DECISION, error))?;
    let hashes: Hashes = serde_json::from_slice(&read(HASHES)?).map_err(|error| unreadable(HASHES, error))?;
    Ok(format!(
        "{HEADER}\nrun = {}\nstage = {}\ndecision = {}\ndecision-sha256 = {}\nchain = {}\n",
        serde_json::Value::from(record.run_id.as_str()),
        record.stage,
        record.decision.name(),
        sha256_hex(&decision),
        hashes.chain,
    ))
}

/// Whether the decision of this run directory is signed, by one of these keys if there are any.
///
/// # Errors
/// I/O errors other than absence.
pub fn read(directory: &Path, authorities: &[String]) -> Result<Signature> {
    let path = directory.join(SIGNATURE);
    let invalid = |reason: String| Ok(Signature::Invalid { reason });
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Signature::Absent),
        Err(error) => return Err(Error::io("read", &path, &error)),
        Ok(found) if !found.is_file() || found.len() > MOST => {
            return invalid("is not in the format of `ssh-keygen -Y sign`".to_owned());
        }
        Ok(_) => {}
    }
    let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    let Ok(signature) = String::from_utf8(bytes) else {
        return invalid("is not in the format of `ssh-keygen -Y sign`".to_owned());
    };
    let Ok(text) = text(directory) else {
        return invalid("is over a decision that cannot be read".to_owned());
    };
    Ok(judge(&text, &signature, authorities))
}

/// Whether a signature is over this text, and by one of these keys if there are any.
pub(crate) fn judge(text: &str, signature: &str, authorities: &[String]) -> Signature {
    let key = match signer(text, signature) {
        Ok(key) => key,
        Err(reason) => return Signature::Invalid { reason },
    };
    let authority = named(&key, authorities);
    let key = fingerprint(&key);
    if authority.is_none() && !authorities.is_empty() {
        let reason = format!("was made with the key {key}, which is not a declared authority");
        return Signature::Invalid { reason };
    }
    Signature::Valid { key, authority }
}

/// Signs the decision of a run with a key, and returns the fingerprint of the key.
///
/// # Errors
/// As [`attach`].
pub fn sign(directory: &Path, key: &PrivateKey) -> Result<String> {
    attach(directory, &key.sign(&text(directory)?))
}

/// Puts a signature that was made elsewhere beside the decision, and returns the fingerprint of its key.
///
/// # Errors
/// It is not over this decision (usage), or it cannot be written.
pub fn attach(directory: &Path, signature: &str) -> Result<String> {
    let key = signer(&text(directory)?, signature).map_err(|reason| {
        Error::usage(format!("the signature {reason}")).with_help(
            "create one with `cargo gate evidence sign <run> --text | ssh-keygen -Y sign -n cargo-gate -f \
                 <key>`",
        )
    })?;
    atomic::write(&directory.join(SIGNATURE), signature.as_bytes())?;
    Ok(fingerprint(&key))
}
