//! Signatures with keys of the curve P-256.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;

/// Whether the key, in PEM, made the signature, in DER, of the message.
///
/// # Errors
/// The key cannot be used; why, as the end of a sentence.
pub(super) fn verify(key: &str, message: &[u8], signature: &[u8]) -> Result<bool, String> {
    let key = VerifyingKey::from_public_key_pem(key.trim()).map_err(|_| {
        "the key is not a public key of the curve P-256 in PEM, as `openssl ec -pubout` writes it".to_owned()
    })?;
    Ok(Signature::from_der(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok()))
}
