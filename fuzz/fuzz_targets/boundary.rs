//! No bytes make the boundary scan panic, and places ascend.
#![no_main]

use gate_rust::boundary::scan::{Depth, scan_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let scan = scan_file(bytes, Depth::Modules);
    assert!(scan.sites.is_sorted_by_key(|site| (site.line, site.column)));
    assert_eq!(scan.sites, scan_file(bytes, Depth::Sites).sites);
});
