//! Files of a migration: whatever is read as two versions and a map is judged without a panic, and a version migrates to itself.
//!
//! The input is cut at NUL characters into the old version, the new one and the map. `cargo +nightly fuzz run migration`
#![no_main]

use gate_govern::migration::{Map, Surface, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let mut parts = input.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let (old, new, map) = (next(), next(), next());
    let map = Map::parse(map).unwrap_or_default();
    for name in ["kernels.lock", "gate.toml", "x.schema.json"] {
        let (Ok(old), Ok(new)) = (Surface::of(name, old), Surface::of(name, new)) else {
            continue;
        };
        let _ = judge(&old, &new, &map);
        assert!(judge(&old, &old, &Map::default()).reversible);
    }
});
