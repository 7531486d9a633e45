//! Bundles of runs: no archive makes the reader panic, every name that comes out of one stays inside of its directory, and what
//! is a bundle can be verified.
//!
//! The input is read as it is, and as the archive that is packed. `cargo +nightly fuzz run bundle`
#![no_main]

use std::io::Write as _;
use std::path::{Component, Path};

use gate_evidence::bundle;
use gate_evidence::verify::Signers;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(bytes).expect("memory can be written");
    let packed = gzip.finish().expect("memory can be written");
    for bytes in [bytes, &packed] {
        let Ok((_, files)) = bundle::parse(bytes) else { continue };
        for name in files.keys() {
            let mut parts = Path::new(name).components();
            assert!(parts.all(|part| matches!(part, Component::Normal(_))), "{name:?}");
        }
        let path = std::env::temp_dir().join(format!("gate-fuzz-bundle-{}.tar.gz", std::process::id()));
        std::fs::write(&path, bytes).expect("the temporary directory can be written");
        let _ = bundle::verify(&path, None, &Signers::default());
    }
});
