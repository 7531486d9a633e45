//! Signatures of people: of a waiver the text that is signed, and whether a signature by one of the declared keys covers it.
//!
//! Signatures are those of `ssh-keygen -Y sign` with an Ed25519 key: an envelope (`SSHSIG`) of key, namespace, hash
//! algorithm and signature, in base64 between two marker lines. The marker lines may be left out.

mod approvers;
mod private_key;

use ed25519_compact::{PublicKey, Signature};
use serde::Serialize;
use sha2::{Digest as _, Sha256, Sha512};

pub(crate) use approvers::one_approval;
pub use approvers::{Approval, Approvals, Approvers};
pub use private_key::{PrivateKey, PrivateKeyProblem};

/// Namespace of the signatures; a signature for another purpose does not count.
pub const NAMESPACE: &str = "cargo-gate";

const MAGIC: &[u8; 6] = b"SSHSIG";
const ALGORITHM: &str = "ssh-ed25519";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MALFORMED: &str = "is not in the format of `ssh-keygen -Y sign`";

/// Whether a waiver may be relied on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// The policy names no keys.
    #[default]
    NotAsked,
    /// Signed with as many keys as the policy requires: their comments, or else the ends of their texts.
    Signed(String),
    /// Signed with fewer different keys than the policy requires: how many of how many, and by whom.
    TooFew(String),
    /// There is no signature.
    Unsigned,
    /// There is one that proves nothing, and why.
    Refused(String),
}

impl Authority {
    /// Whether the waiver counts.
    pub fn counts(&self) -> bool {
        matches!(self, Authority::NotAsked | Authority::Signed(_))
    }
}

/// The key that signed `text`, whoever it belongs to.
///
/// # Errors
/// Why the signature proves nothing, continuing "the signature ".
pub fn signer(text: &str, signature: &str) -> Result<[u8; 32], String> {
    let envelope = Envelope::for_us(signature)?;
    if envelope.covers(text) {
        Ok(envelope.key)
    } else {
        Err("does not match the text".into())
    }
}

/// The signatures of a text that holds one, or several between marker lines, one after the other.
///
/// # Errors
/// There is something else among them, continuing "the signature ".
pub fn blocks(signatures: &str) -> Result<Vec<&str>, String> {
    let mut rest = signatures.trim();
    if !rest.starts_with(BEGIN) {
        return Ok(vec![rest]);
    }
    let mut found = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(END).filter(|_| rest.starts_with(BEGIN)).ok_or(MALFORMED)?;
        let (block, after) = rest.split_at(end + END.len());
        found.push(block);
        rest = after.trim_start();
    }
    Ok(found)
}

/// A signature between marker lines, ending with a line feed, as `ssh-keygen` writes it.
///
/// # Errors
/// It is not a signature, continuing "the signature ".
pub fn armored(signature: &str) -> Result<String, String> {
    Ok(armor(&one_line(signature)?))
}

/// Base64 in lines of 70 characters between the marker lines.
fn armor(body: &str) -> String {
    let mut out = format!("{BEGIN}\n");
    for line in body.as_bytes().chunks(70) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + END + "\n"
}

/// The line of `id_ed25519.pub` whose key signed these very bytes; `None` when none did.
pub fn signer_of_bytes<'k>(bytes: &[u8], signature: &[u8], keys: &'k [String]) -> Option<&'k str> {
    let signature = Signature::from_slice(signature).ok()?;
    let made =
        |line: &&'k String| public_key(line).is_ok_and(|key| PublicKey::new(key).verify(bytes, &signature).is_ok());
    keys.iter().find(made).map(String::as_str)
}

/// What the declared line with this key calls it; `None` when no line has it.
pub fn named(key: &[u8; 32], keys: &[String]) -> Option<String> {
    keys.iter()
        .find(|line| public_key(line).is_ok_and(|public| public == *key))
        .map(|line| name(line))
}

/// The fingerprint of a key, as `ssh-keygen -l` prints it.
pub fn fingerprint(key: &[u8; 32]) -> String {
    let digest = Sha256::digest(key_blob(key));
    format!("SHA256:{}", data_encoding::BASE64_NOPAD.encode(&digest))
}

/// Fingerprints of declared keys.
pub fn fingerprints(keys: &[String]) -> Vec<String> {
    let keys = keys.iter().filter_map(|line| public_key(line).ok());
    keys.map(|key| fingerprint(&key)).collect()
}

/// A public key in the wire format of SSH.
fn key_blob(key: &[u8; 32]) -> Vec<u8> {
    let mut blob = Vec::new();
    push(&mut blob, ALGORITHM.as_bytes());
    push(&mut blob, key);
    blob
}

/// Appends a string in the wire format of SSH.
fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(part);
}

/// The key inside a line of `id_ed25519.pub`.
///
/// # Errors
/// Why it is not one, continuing "the value ".
pub(super) fn public_key(line: &str) -> Result<[u8; 32], String> {
    let mut words = line.split_whitespace();
    match words.next() {
        Some(ALGORITHM) => {}
        Some("ssh-rsa" | "ssh-dss" | "ecdsa-sha2-nistp256" | "sk-ssh-ed25519@openssh.com") => {
            return Err("is not an Ed25519 key".into());
        }
        _ => return Err("is not a public key in OpenSSH format".into()),
    }
    let blob = words
        .next()
        .and_then(base64)
        .ok_or("is not a public key in OpenSSH format")?;
    key_of_blob(&blob).ok_or_else(|| "is not an Ed25519 key".into())
}

/// Whether a line is a public key whose signatures can be checked here.
///
/// # Errors
/// Why it is not one, continuing "the value ".
pub fn check_public_key(line: &str) -> Result<(), String> {
    public_key(line).map(drop)
}

fn key_of_blob(blob: &[u8]) -> Option<[u8; 32]> {
    let mut rest = Wire(blob);
    (rest.string()? == ALGORITHM.as_bytes()).then_some(())?;
    let key = rest.string()?.try_into().ok()?;
    rest.0.is_empty().then_some(key)
}

/// What people call a key: its comment, or else the end of its text.
fn name(line: &str) -> String {
    let comment: Vec<&str> = line.split_whitespace().skip(2).collect();
    if !comment.is_empty() {
        return comment.join(" ");
    }
    let key = line.split_whitespace().nth(1).unwrap_or_default();
    let tail = key.char_indices().rev().nth(11).map_or(0, |(at, _)| at);
    format!("…{}", &key[tail..])
}

/// A signature taken apart.
struct Envelope {
    key: [u8; 32],
    namespace: Vec<u8>,
    reserved: Vec<u8>,
    hash: Vec<u8>,
    signature: [u8; 64],
}

impl Envelope {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let body = text
            .strip_prefix(BEGIN)
            .map_or(Some(text), |rest| rest.strip_suffix(END));
        let blob = body.and_then(base64).ok_or(MALFORMED)?;
        let mut rest = Wire(blob.strip_prefix(MAGIC).ok_or(MALFORMED)?);
        if rest.number().ok_or(MALFORMED)? != 1 {
            return Err("has a version that this cargo-gate does not support".into());
        }
        let key = rest.string().ok_or(MALFORMED)?;
        let namespace = rest.string().ok_or(MALFORMED)?.to_vec();
        let reserved = rest.string().ok_or(MALFORMED)?.to_vec();
        let hash = rest.string().ok_or(MALFORMED)?.to_vec();
        let mut signature = Wire(rest.string().ok_or(MALFORMED)?);
        if !rest.0.is_empty() {
            return Err(MALFORMED.into());
        }
        let key = key_of_blob(key).ok_or("was not made with an Ed25519 key")?;
        if signature.string() != Some(ALGORITHM.as_bytes()) {
            return Err("was not made with an Ed25519 key".into());
        }
        let bytes = signature.string().and_then(|bytes| bytes.try_into().ok());
        if !matches!(hash.as_slice(), b"sha512" | b"sha256") {
            return Err("uses a hash algorithm that this cargo-gate does not support".into());
        }
        Ok(Self {
            key,
            namespace,
            reserved,
            hash,
            signature: bytes.filter(|_| signature.0.is_empty()).ok_or(MALFORMED)?,
        })
    }

    /// The bytes that the key signed for this message.
    fn signed(&self, message: &[u8]) -> Vec<u8> {
        let digest = if self.hash == b"sha256" {
            Sha256::digest(message).to_vec()
        } else {
            Sha512::digest(message).to_vec()
        };
        let mut bytes = MAGIC.to_vec();
        for part in [&self.namespace, &self.reserved, &self.hash, &digest] {
            push(&mut bytes, part);
        }
        bytes
    }

    /// Takes a signature apart that was made for this tool.
    fn for_us(text: &str) -> Result<Self, String> {
        let envelope = Self::parse(text)?;
        if envelope.namespace == NAMESPACE.as_bytes() {
            return Ok(envelope);
        }
        let namespace = String::from_utf8_lossy(&envelope.namespace).into_owned();
        Err(format!(
            "was made for `{}`, not for `{NAMESPACE}`",
            super::problem::shown(&namespace)
        ))
    }

    /// Whether the key signed this text.
    fn covers(&self, text: &str) -> bool {
        let signed = self.signed(text.as_bytes());
        PublicKey::new(self.key)
            .verify(signed, &Signature::new(self.signature))
            .is_ok()
    }
}

/// The rest of a message in the wire format of SSH.
struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}

/// Bytes of base64 text; white space between the characters is left out.
fn base64(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.split_ascii_whitespace().collect();
    data_encoding::BASE64.decode(dense.as_bytes()).ok()
}

/// A signature as one line, as it is kept in `gate.toml`.
///
/// # Errors
/// It is not a signature, continuing "the signature ".
pub(super) fn one_line(signature: &str) -> Result<String, String> {
    Envelope::parse(signature)?;
    let text = signature.trim();
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(END))
        .unwrap_or(text);
    Ok(body.split_ascii_whitespace().collect())
}

#[cfg(test)]
mod tests;
