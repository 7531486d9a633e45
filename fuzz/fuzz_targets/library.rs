//! No bytes make the scan of library code panic, and places ascend.
#![no_main]

use gate_rust::code::scan::scan_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let scan = scan_file(bytes);
    assert!(scan.panics.is_sorted_by_key(|site| (site.line, site.column)));
    assert!(scan.mentions.is_sorted_by_key(|mention| mention.line));
});
