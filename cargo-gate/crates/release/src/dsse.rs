//! Envelopes of DSSE (<https://github.com/secure-systems-lab/dsse>): a payload with its type, and signatures over both.

use data_encoding::BASE64;
use gate_policy::authority::{PrivateKey, fingerprint, signer_of_bytes};
use serde::{Deserialize, Serialize};

/// Payload type of in-toto statements.
pub(crate) const STATEMENT: &str = "application/vnd.in-toto+json";
/// Payload type of receipts.
pub(crate) const RECEIPT: &str = "application/vnd.cargo-gate.receipt+json";

/// An envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signed>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Signed {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs a payload. The key is named by its fingerprint, as `ssh-keygen -l` prints it.
    pub fn sign(payload: &[u8], payload_type: &str, key: &PrivateKey) -> Self {
        Self {
            payload: BASE64.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![Signed {
                keyid: fingerprint(&key.public()),
                sig: BASE64.encode(&key.sign_bytes(&encoded(payload_type, payload))),
            }],
        }
    }

    /// The payload, if it is of this type and one of the keys signed it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(bytes: &[u8], payload_type: &str, keys: &[String]) -> Result<Vec<u8>, String> {
        let envelope: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("it is not an envelope: {error}"))?;
        if envelope.payload_type != payload_type {
            return Err(format!(
                "its payload has type `{}`, not `{payload_type}`",
                envelope.payload_type
            ));
        }
        let payload = base64(&envelope.payload).ok_or("its payload is not base64")?;
        let message = encoded(payload_type, &payload);
        // What an envelope calls its key is a hint that nobody signed.
        let is_signed =
            |signed: &Signed| base64(&signed.sig).is_some_and(|sig| signer_of_bytes(&message, &sig, keys).is_some());
        if envelope.signatures.iter().any(is_signed) {
            return Ok(payload);
        }
        Err(match envelope.signatures.first() {
            None => "it has no signature".to_owned(),
            Some(signed) => {
                let known = gate_policy::authority::fingerprints(keys);
                if known.contains(&signed.keyid) {
                    format!("its signature by {} does not match what it holds", signed.keyid)
                } else {
                    format!(
                        "it was signed with the key {}, which is not a declared authority",
                        signed.keyid
                    )
                }
            }
        })
    }
}

/// Both alphabets of base64 are permitted.
fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    BASE64
        .decode(bytes)
        .or_else(|_| data_encoding::BASE64URL.decode(bytes))
        .ok()
}

/// What is signed: type and payload, each with its length in front (PAE).
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's `protocol.md`.
    #[test]
    fn what_is_signed_is_that_of_the_specification() {
        assert_eq!(
            encoded("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    /// An envelope that securesystemslib 1.6 made (`Envelope.sign`), with a name of its own for the key.
    const FOREIGN: &str = r#"{"payload": "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==", "payloadType": "application/vnd.in-toto+json", "signatures": [{"keyid": "137568e843fb7d75354ca1b4d6bd86e11e35d480f8014e0ba821f016505fce9a", "sig": "wmXhTGpxFbL8Cg799qNUt3pSUhgWbjMtEvgKV7ZNujFvWqghWzpGlpgpVStdL3PYfLBL1G6rGROMtI9I9b+JCQ=="}]}"#;
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQfJLuytbvhL84Mgtpd91dT2+TpMSNwiLSn3zPixg76 release-team";

    #[test]
    fn an_envelope_of_another_program_is_opened() {
        let keys = [KEY.to_owned()];
        let open = |text: &str, kind: &str, keys: &[String]| Envelope::open(text.as_bytes(), kind, keys);
        assert_eq!(
            open(FOREIGN, STATEMENT, &keys).as_deref(),
            Ok(br#"{"_type":"https://in-toto.io/Statement/v1"}"#.as_slice())
        );
        assert!(open(FOREIGN, RECEIPT, &keys).is_err_and(|problem| problem.contains("its payload has type")));
        assert!(open(FOREIGN, STATEMENT, &[]).is_err_and(|problem| problem.contains("not a declared authority")));
        // The other alphabet of base64.
        let other = FOREIGN.replace('+', "-");
        let other = other.replace("in-toto-json", "in-toto+json");
        assert!(open(&other, STATEMENT, &keys).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end_in_a_value(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert!(Envelope::open(&bytes, STATEMENT, &[]).is_err());
        }
    }
}
