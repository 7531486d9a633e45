//! Private keys in the form of OpenSSH (`PROTOCOL.key` of its sources): those without a passphrase, of Ed25519.

use ed25519_compact::{KeyPair, Seed};
use sha2::{Digest as _, Sha512};

use super::{ALGORITHM, MAGIC, NAMESPACE, Wire, armor, base64, key_blob, key_of_blob, push};

const HEAD: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const FOOT: &str = "-----END OPENSSH PRIVATE KEY-----";
const FORM: &[u8] = b"openssh-key-v1\0";

/// A key that signs. What it holds is never shown.
pub struct PrivateKey(KeyPair);

/// Why a file is no key that signs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateKeyProblem {
    /// It is no private key in the form of OpenSSH, or a damaged one.
    Malformed,
    /// A passphrase protects it; `ssh-keygen` and `ssh-agent` ask for one.
    Protected,
    /// It is a key of another algorithm.
    OtherAlgorithm,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey")
            .field("public", &super::fingerprint(&self.0.pk))
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Reads the text of a key file.
    ///
    /// # Errors
    /// Why it is none that signs here.
    pub fn parse(text: &str) -> Result<Self, PrivateKeyProblem> {
        use PrivateKeyProblem::{Malformed, OtherAlgorithm, Protected};
        let body = text.trim().strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(FOOT));
        let blob = body.and_then(base64).ok_or(Malformed)?;
        let mut rest = Wire(blob.strip_prefix(FORM).ok_or(Malformed)?);
        let cipher = rest.string().ok_or(Malformed)?;
        let _derivation = rest.string().ok_or(Malformed)?;
        let _options = rest.string().ok_or(Malformed)?;
        if rest.number().ok_or(Malformed)? != 1 {
            return Err(Malformed);
        }
        let public = rest.string().ok_or(Malformed)?;
        let secret = rest.string().ok_or(Malformed)?;
        let public = key_of_blob(public).ok_or(OtherAlgorithm)?;
        if cipher != b"none" {
            return Err(Protected);
        }
        let mut rest = Wire(secret);
        let (first, second) = (rest.number(), rest.number());
        if first.is_none() || first != second {
            return Err(Malformed);
        }
        if rest.string() != Some(ALGORITHM.as_bytes()) {
            return Err(OtherAlgorithm);
        }
        let again = rest.string().ok_or(Malformed)?;
        // Seed and public key, one behind the other.
        let pair = rest.string().ok_or(Malformed)?;
        let seed: [u8; 32] = pair.get(..32).and_then(|seed| seed.try_into().ok()).ok_or(Malformed)?;
        let key = KeyPair::from_seed(Seed::new(seed));
        if again != public || pair.get(32..) != Some(&public) || *key.pk != public {
            return Err(Malformed);
        }
        Ok(Self(key))
    }

    /// The key of a seed, and the line of its public half.
    #[cfg(feature = "testing")]
    pub fn from_seed(seed: u8) -> (Self, String) {
        let key = KeyPair::from_seed(Seed::new([seed; 32]));
        let line = format!("{ALGORITHM} {} tests", data_encoding::BASE64.encode(&key_blob(&key.pk)));
        (Self(key), line)
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        *self.0.pk
    }

    /// Signs bytes as they are: what they are for must stand in them, as in the envelopes of DSSE.
    pub fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sk.sign(bytes, None).as_ref().to_vec()
    }

    /// Signs a text for this tool, as `ssh-keygen -Y sign -n cargo-gate` does.
    pub fn sign(&self, text: &str) -> String {
        let digest = Sha512::digest(text.as_bytes());
        let mut message = MAGIC.to_vec();
        for part in [NAMESPACE.as_bytes(), b"", b"sha512", &digest] {
            push(&mut message, part);
        }
        // Without noise signatures are deterministic, as RFC 8032 has them.
        let signature = self.0.sk.sign(&message, None);
        let mut signed = Vec::new();
        push(&mut signed, ALGORITHM.as_bytes());
        push(&mut signed, signature.as_ref());
        let mut blob = MAGIC.to_vec();
        blob.extend(1_u32.to_be_bytes());
        for part in [&key_blob(&self.0.pk), NAMESPACE.as_bytes(), b"", b"sha512", &signed] {
            push(&mut blob, part);
        }
        armor(&data_encoding::BASE64.encode(&blob))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::authority::{fingerprint, named, signer};

    /// A private key file and its public line, made from a seed.
    pub(crate) fn key(seed: u8) -> (String, String) {
        let pair = KeyPair::from_seed(Seed::new([seed; 32]));
        let public = key_blob(&pair.pk);
        let mut secret = vec![0, 0, 0, 7, 0, 0, 0, 7];
        let both = [&[seed; 32][..], &pair.pk[..]].concat();
        for part in [ALGORITHM.as_bytes(), &pair.pk[..], &both, b"release-team"] {
            push(&mut secret, part);
        }
        secret.extend([1, 2, 3]);
        let mut blob = FORM.to_vec();
        for part in [&b"none"[..], b"none", b""] {
            push(&mut blob, part);
        }
        blob.extend(1_u32.to_be_bytes());
        push(&mut blob, &public);
        push(&mut blob, &secret);
        let text = format!("{HEAD}\n{}\n{FOOT}\n", data_encoding::BASE64.encode(&blob));
        let line = format!("{ALGORITHM} {} release-team", data_encoding::BASE64.encode(&public));
        (text, line)
    }

    #[test]
    fn what_a_key_signs_is_its_own() {
        let (private, public) = key(3);
        let key_of_release = PrivateKey::parse(&private).unwrap();
        let signature = key_of_release.sign("a text\n");
        assert_eq!(signature, key_of_release.sign("a text\n"));
        let signed_by = signer("a text\n", &signature).unwrap();
        assert_eq!(signed_by, key_of_release.public());
        assert_eq!(named(&signed_by, &[public]).as_deref(), Some("release-team"));
        assert_eq!(named(&signed_by, &[key(4).1]), None);
        assert_eq!(signer("another\n", &signature).unwrap_err(), "does not match the text");
        assert!(fingerprint(&signed_by).starts_with("SHA256:"));
        assert!(!format!("{key_of_release:?}").contains("[3"));
    }

    #[test]
    fn what_is_no_key_says_why() {
        let (private, _) = key(3);
        assert_eq!(PrivateKey::parse("").unwrap_err(), PrivateKeyProblem::Malformed);
        let body = private.lines().nth(1).unwrap();
        let mut blob = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
        let armored = |blob: &[u8]| format!("{HEAD}\n{}\n{FOOT}", data_encoding::BASE64.encode(blob));
        let at = FORM.len() + 4;
        blob[at..at + 4].copy_from_slice(b"aes2");
        assert_eq!(
            PrivateKey::parse(&armored(&blob)).unwrap_err(),
            PrivateKeyProblem::Protected
        );
        blob[at..at + 4].copy_from_slice(b"none");
        let last = blob.len() - 30;
        blob[last] ^= 1;
        assert_eq!(
            PrivateKey::parse(&armored(&blob)).unwrap_err(),
            PrivateKeyProblem::Malformed
        );
    }

    proptest! {
        #[test]
        fn any_text_ends_in_a_value(text in ".{0,300}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = PrivateKey::parse(&text);
            let blob = [FORM, &bytes].concat();
            let _ = PrivateKey::parse(&format!("{HEAD}{}{FOOT}", data_encoding::BASE64.encode(&blob)));
        }
    }
}
