//! Archives and snapshots of advisory databases, and lockfiles.
//!
//! `cargo +nightly fuzz run advisory_archive`
#![no_main]

use gate_surveys::supply::{Advisory, PackageGraph, archive, snapshot};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = archive::read(bytes);
    let _ = snapshot::read(bytes);
    let _ = PackageGraph::parse(bytes);
    if let Ok(advisory) = Advisory::parse("crates/a/b.md", bytes) {
        advisory.affects(&"1.0.0".parse().expect("a version"));
    }
});
