//! Bundles of Sigstore, version 0.3: an envelope of DSSE, and what verifies it.

use data_encoding::BASE64;
use serde_json::Value;

use crate::json::text;

/// The payload type of in-toto statements.
const STATEMENT: &str = "application/vnd.in-toto+json";

/// A bundle with an envelope.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) payload: Vec<u8>,
    /// ECDSA, in DER.
    pub(super) signature: Vec<u8>,
}

impl Bundle {
    /// Reads a bundle that was signed with a key.
    ///
    /// # Errors
    /// What it is instead, as the end of a sentence.
    pub(super) fn of(bundle: &Value) -> Result<Self, String> {
        let media = text(bundle, &["mediaType"]).unwrap_or_default();
        if !media.starts_with("application/vnd.dev.sigstore.bundle") {
            return Err("it is not a bundle of Sigstore".into());
        }
        let material = bundle.get("verificationMaterial");
        if material.is_none_or(|material| material.get("publicKey").is_none()) {
            return Err("it was made with a certificate, and only those made with a key are verified".into());
        }
        let envelope = bundle.get("dsseEnvelope").ok_or("it has no envelope of DSSE")?;
        if text(envelope, &["payloadType"]) != Some(STATEMENT) {
            return Err("what it signs is not a statement of in-toto".into());
        }
        let signatures = envelope.get("signatures").and_then(Value::as_array);
        let [signature] = signatures.map(Vec::as_slice).unwrap_or_default() else {
            return Err("it does not have one signature".into());
        };
        let bytes = |value: &Value, key| {
            let text = text(value, &[key])?;
            BASE64.decode(text.as_bytes()).ok()
        };
        Ok(Self {
            payload: bytes(envelope, "payload").ok_or("its payload is not base64")?,
            signature: bytes(signature, "sig").ok_or("its signature is not base64")?,
        })
    }

    /// What is signed: the pre-authentication encoding of DSSE.
    pub(super) fn message(&self) -> Vec<u8> {
        let mut message = format!("DSSEv1 {} {STATEMENT} {} ", STATEMENT.len(), self.payload.len()).into_bytes();
        message.extend_from_slice(&self.payload);
        message
    }
}
