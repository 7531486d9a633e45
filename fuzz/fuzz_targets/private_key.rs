//! Private keys: no text and no content of a key file panics, and a key that is read signs for its own public key.
//!
//! The input is read as the file, and as what stands in one. `cargo +nightly fuzz run private_key`
#![no_main]

use gate_policy::authority::{PrivateKey, signer};
use data_encoding::BASE64;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let inner = [b"openssh-key-v1\0".as_slice(), bytes].concat();
    let whole = format!(
        "-----BEGIN OPENSSH PRIVATE {0}-----\n{1}\n-----END OPENSSH PRIVATE {0}-----\n",
        "KEY",
        BASE64.encode(&inner)
    );
    for text in [String::from_utf8_lossy(bytes).into_owned(), whole] {
        let Ok(key) = PrivateKey::parse(&text) else { continue };
        let signature = key.sign("a text\n");
        assert_eq!(signer("a text\n", &signature), Ok(key.public()));
        assert!(signer("another text\n", &signature).is_err());
    }
});
