//! `decision.sig`: the signatures of people over the decision of a run, one after the other.
//!
//! They are made when the run is over, so no hash of the run covers them; they cover the run instead: the text that is signed
//! holds the digest of `decision.json` and the chain hash, and with that every byte of the run and all runs before it.
//! The form is that of `ssh-keygen -Y sign`, with a key that does not lie beside what it vouches for.
//!
//! A block that does not match the text makes the whole file invalid, whoever made it: nobody but a forger writes one. A block by
//! a key that is not declared does not count, and takes nothing from those that do; where no other is there, the file is
//! invalid.

use std::path::Path;
use std::{fs, io};

use serde::Serialize;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_policy::authority::{Approvals, Approvers, PrivateKey, armored, blocks, fingerprint, signer};

use crate::record::{DECISION, DecisionRecord, HASHES, Hashes, SIGNATURE};
use gate_base::atomic;

/// First line of the text that is signed; its number grows when the text changes its form.
const HEADER: &str = "cargo-gate decision 1";

/// A signature is a few hundred bytes, and there are a few; nothing longer is read.
const MOST: u64 = 64 << 10;

/// Whether a decision is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Signature {
    /// Nobody signed it.
    Absent,
    /// As many different declared keys signed it as must; where none are declared, somebody did.
    Valid {
        /// Fingerprint of the first key, as `ssh-keygen -l` prints it.
        key: String,
        /// What the declared authorities call that key; absent where none are declared.
        #[serde(skip_serializing_if = "Option::is_none")]
        authority: Option<String>,
        /// Who signed, and how many must.
        #[serde(flatten)]
        approvals: Approvals,
    },
    /// Declared keys signed it, but fewer than must: it does not count.
    Partial {
        /// Who signed, and how many must.
        #[serde(flatten)]
        approvals: Approvals,
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
                approvals,
            } if approvals.required == 1 && approvals.by.len() == 1 => {
                format!("valid, by {name} ({key}){}", approvals.exceptions())
            }
            Signature::Valid {
                authority: Some(_),
                approvals,
                ..
            } => format!("valid, {}", shown(approvals)),
            Signature::Valid {
                authority: None,
                approvals,
                ..
            } => {
                let keys: Vec<&str> = approvals.by.iter().map(|approval| approval.key.as_str()).collect();
                format!("valid, by {}; no authorities are declared", keys.join(", "))
            }
            Signature::Partial { approvals } => format!("partial, {}", shown(approvals)),
            Signature::Invalid { reason } => format!("invalid: it {reason}"),
        }
    }

    /// Whether enough people with a say signed: with no authorities declared, nobody has one.
    pub fn counts(&self) -> bool {
        matches!(self, Signature::Valid { approvals, .. } if approvals.are_enough())
    }

    /// Who signed it, by name where the name is known; `None` where it is not valid.
    pub fn signed_by(&self) -> Option<String> {
        match self {
            Signature::Valid { approvals, .. } => Some(approvals.names()),
            Signature::Absent | Signature::Partial { .. } | Signature::Invalid { .. } => None,
        }
    }

    /// What it lacks to count, one sentence about a decision that must be signed: `but this one …`.
    pub(crate) fn lack(&self) -> String {
        match self {
            Signature::Partial { approvals } => {
                let (progress, names) = (approvals.progress(), approvals.names());
                format!("has only {progress}, by {names}{}", approvals.exceptions())
            }
            _ => "is not".to_owned(),
        }
    }
}

/// How many of how many approvals there are, and by whom.
fn shown(approvals: &Approvals) -> String {
    let by = approvals
        .by
        .iter()
        .map(|approval| format!("{} ({})", approval.name(), approval.key));
    let by: Vec<String> = by.collect();
    format!("{}: {}{}", approvals.progress(), by.join(", "), approvals.exceptions())
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

/// Whether the decision of this run directory is signed, by those who must if there are any.
///
/// # Errors
/// I/O errors other than absence.
pub fn read(directory: &Path, approvers: &Approvers) -> Result<Signature> {
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
    Ok(judge(&text, &signature, approvers))
}

/// Whether signatures are over this text, and by those who must sign if there are any.
pub(crate) fn judge(text: &str, signatures: &str, approvers: &Approvers) -> Signature {
    let approvals = match approvers.judge("text", text, [signatures]) {
        Ok(approvals) => approvals,
        Err(reason) => return Signature::Invalid { reason },
    };
    let Some(first) = approvals.by.first() else {
        let keys = approvals.not_counted.join(" and ");
        let reason = match approvals.not_counted.len() {
            1 => format!("was made with the key {keys}, which is not a declared authority"),
            _ => format!("was made with the keys {keys}, none of which is a declared authority"),
        };
        return Signature::Invalid { reason };
    };
    if !approvers.keys().is_empty() && !approvals.are_enough() {
        return Signature::Partial { approvals };
    }
    Signature::Valid {
        key: first.key.clone(),
        authority: first.authority.clone(),
        approvals,
    }
}

/// What came of adding a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Fingerprints of the keys that made it.
    pub keys: Vec<String>,
    /// Whether it was written; `false` where the same keys had signed before.
    pub written: bool,
}

/// Signs the decision of a run with a key. `replace` drops the signatures that are there.
///
/// # Errors
/// As [`attach`].
pub fn sign(directory: &Path, key: &PrivateKey, replace: bool) -> Result<Added> {
    attach(directory, &key.sign(&text(directory)?), replace)
}

/// Puts a signature that was made elsewhere beside the decision, after those that are there; `replace` drops these.
///
/// # Errors
/// It is not over this decision, or one that is there is not (usage), or it cannot be written.
pub fn attach(directory: &Path, signature: &str, replace: bool) -> Result<Added> {
    let text = text(directory)?;
    let path = directory.join(SIGNATURE);
    let before = match read(directory, &Approvers::default())? {
        _ if replace => String::new(),
        Signature::Absent => String::new(),
        Signature::Invalid { reason } => {
            return Err(
                Error::usage(format!("the run has a signature that proves nothing: it {reason}"))
                    .with_help("pass `--force` to replace it"),
            );
        }
        Signature::Valid { .. } | Signature::Partial { .. } => {
            fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?
        }
    };
    let (keys, after) = with(&text, &before, signature).map_err(|reason| {
        Error::usage(format!("the signature {reason}")).with_help(
            "create one with `cargo gate evidence sign <run> --text | ssh-keygen -Y sign -n cargo-gate -f \
                 <key>`",
        )
    })?;
    if let Some(after) = &after {
        atomic::write(&path, after.as_bytes())?;
    }
    Ok(Added {
        keys,
        written: after.is_some(),
    })
}

/// Signatures of a text followed by another, each key once. The fingerprints of the keys of the other, and the bytes of the
/// file; `None` where the same keys are there already.
///
/// # Errors
/// Why one of them proves nothing, continuing "the signature ".
pub(crate) fn with(
    text: &str,
    before: &str,
    signature: &str,
) -> std::result::Result<(Vec<String>, Option<String>), String> {
    let mut known = Vec::new();
    let mut after = String::new();
    if !before.is_empty() {
        for block in blocks(before)? {
            known.push(signer(text, block)?);
            after += &armored(block)?;
        }
    }
    let there = known.len();
    let mut keys = Vec::new();
    for block in blocks(signature)? {
        let key = signer(text, block)?;
        keys.push(fingerprint(&key));
        if !known.contains(&key) {
            known.push(key);
            after += &armored(block)?;
        }
    }
    Ok((keys, (known.len() > there).then_some(after)))
}
