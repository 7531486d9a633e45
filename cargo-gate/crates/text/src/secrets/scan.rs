//! What is in a file, whatever it is: a text, an archive of texts, a store of keys.

use gate_base::digest::sha256_hex;

use super::{Hit, Kind, TextScan, automaton, encoding, packed, private_key, span};

/// How far to look for a NUL, which no text has.
const HEAD: usize = 8 * 1024;

/// Finds everything in a file.
pub(super) fn scan(bytes: &[u8]) -> TextScan {
    if let Some(text) = encoding::utf16(bytes) {
        let mut found = automaton::scan_strict(text.as_bytes());
        // Ranges of the decoded text say nothing about these bytes.
        found.hits.iter_mut().for_each(|hit| hit.span = 0..bytes.len());
        found.homes.iter_mut().for_each(|home| home.span = 0..bytes.len());
        return found;
    }
    if let Some(found) = packed::scan(bytes, &|text| automaton::scan_strict(text).hits) {
        return found;
    }
    if memchr::memchr(0, span::before(bytes, HEAD)).is_some() {
        return TextScan {
            hits: private_key::store(bytes)
                .map(|what| store(bytes, what))
                .into_iter()
                .collect(),
            ..TextScan::default()
        };
    }
    automaton::scan_strict(bytes)
}

fn store(bytes: &[u8], what: &str) -> Hit {
    Hit {
        kind: Kind::PrivateKey,
        what: what.to_owned(),
        line: 1,
        column: 1,
        length: 1,
        digest: sha256_hex(bytes),
        masked: "****".to_owned(),
        certain: false,
        guessed: false,
        in_test: false,
        bare: false,
        span: 0..bytes.len(),
    }
}
