//! Whose signatures count, how many different keys must sign, and which did.

use serde::Serialize;

use super::{Envelope, blocks, fingerprint, named};

/// Keys whose signatures count, together with how many of them must sign: nobody who asks can forget the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvers {
    keys: Vec<String>,
    approvals: u32,
}

impl Default for Approvers {
    /// Nobody's signature counts.
    fn default() -> Self {
        Self::new(Vec::new(), 1)
    }
}

impl Approvers {
    /// Public keys in the form of OpenSSH, and how many different ones must sign: at least one.
    pub fn new(keys: Vec<String>, approvals: u32) -> Self {
        Self {
            keys,
            approvals: approvals.max(1),
        }
    }

    /// The public keys, in the form of OpenSSH.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// How many different keys must sign.
    pub fn required(&self) -> u32 {
        self.approvals
    }

    /// Which keys signed `text`. Each signature may hold several blocks; a key counts once, and one that is not declared
    /// does not count. `subject` is what the text is, for messages.
    ///
    /// # Errors
    /// Why they prove nothing, continuing "the signature ": a single block that is malformed or does not match the text is
    /// enough, whoever made it.
    pub fn judge<'s>(
        &self,
        subject: &str,
        text: &str,
        signatures: impl IntoIterator<Item = &'s str>,
    ) -> Result<Approvals, String> {
        let mut all = Vec::new();
        for signature in signatures {
            all.extend(blocks(signature)?);
        }
        let mut keys: Vec<[u8; 32]> = Vec::new();
        for (at, block) in all.iter().enumerate() {
            let key = Envelope::for_us(block).and_then(|envelope| {
                let covers = envelope.covers(text);
                let mismatch = || format!("does not match the {subject}");
                covers.then_some(envelope.key).ok_or_else(mismatch)
            });
            let key = key.map_err(|reason| match all.len() {
                1 => reason,
                blocks => format!("has {blocks} blocks, of which number {} {reason}", at + 1),
            })?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let approvals = keys.iter().map(|key| Approval {
            key: fingerprint(key),
            authority: named(key, &self.keys),
        });
        let counts = |approval: &Approval| approval.authority.is_some() || self.keys.is_empty();
        let (by, foreign): (Vec<_>, Vec<_>) = approvals.partition(counts);
        Ok(Approvals {
            by,
            required: self.approvals,
            not_counted: foreign.into_iter().map(|approval| approval.key).collect(),
        })
    }
}

/// Of several declared keys, any one is enough where the policy does not say otherwise.
pub(crate) fn one_approval() -> u32 {
    1
}

/// A key that signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Its fingerprint, as `ssh-keygen -l` prints it.
    pub key: String,
    /// What the declaration calls it; absent where no keys are declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

impl Approval {
    /// What the declaration calls the key, or else its fingerprint.
    pub fn name(&self) -> &str {
        self.authority.as_ref().unwrap_or(&self.key)
    }
}

/// Who signed a text, each key once, in the order of the signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// Declared keys that signed; any keys where none are declared.
    #[serde(rename = "approvals")]
    pub by: Vec<Approval>,
    /// How many different declared keys must sign.
    pub required: u32,
    /// Fingerprints of keys that signed and are not declared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_counted: Vec<String>,
}

impl Approvals {
    /// Whether as many different declared keys signed as must.
    pub fn are_enough(&self) -> bool {
        let declared = self.by.iter().filter(|approval| approval.authority.is_some());
        declared.count() >= usize::try_from(self.required).unwrap_or(usize::MAX)
    }

    /// How many of how many there are: `1 of 2 approvals`.
    pub fn progress(&self) -> String {
        let noun = if self.required == 1 { "approval" } else { "approvals" };
        format!("{} of {} {noun}", self.by.len(), self.required)
    }

    /// Who signed, by name.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.by.iter().map(Approval::name).collect();
        names.join(", ")
    }

    /// Which keys do not count, to follow what does; empty where all count.
    pub fn exceptions(&self) -> String {
        let one = |key: &String| format!("; the key {key} is not declared and does not count");
        self.not_counted.iter().map(one).collect()
    }
}
