use proptest::prelude::*;
use semver::Version;

use super::super::samples;
use super::super::{PackageGraph, hits};
use super::*;

fn sample() -> Vec<u8> {
    samples::snapshot(
        "2026-06-03",
        &[
            samples::advisory("RUSTSEC-2026-0001", "time", "2026-06-01").patched(&[">= 0.2.23"]),
            samples::advisory("RUSTSEC-2026-0002", "old", "2026-06-02")
                .with("license = \"CC-BY-4.0\"\nurl = \"https://example.com/GHSA-1\""),
        ],
    )
}

#[test]
fn what_is_compiled_in_is_what_its_header_says() {
    let (header, _) = header(BUILT_IN).unwrap();
    let database = read(BUILT_IN).unwrap();
    assert!(header.advisories > 1000 && header.skipped == 0, "{header:?}");
    assert_eq!(write(&database).unwrap(), BUILT_IN, "it is what its contents make");
    assert!(BUILT_IN.len() <= 250 << 10, "{} bytes", BUILT_IN.len());
    let about = |package: &str, version: &str| -> Vec<String> {
        let version: Version = version.parse().unwrap();
        let about = database.about(package).filter(|one| one.affects(&version));
        about.map(|one| one.id.clone()).collect()
    };
    assert_eq!(about("time", "0.1.43"), ["RUSTSEC-2020-0071"]);
    assert_eq!(about("time", "0.2.23"), [""; 0]);
    assert_eq!(about("smallvec", "1.6.0"), ["RUSTSEC-2021-0003"]);
    assert!(about("ansi_term", "0.12.1").contains(&"RUSTSEC-2021-0139".to_owned()));
}

#[test]
fn imported_advisories_keep_their_licence_and_origin() {
    let database = read(BUILT_IN).unwrap();
    let imported: Vec<_> = database.advisories.iter().filter(|one| one.license.is_some()).collect();
    assert!(imported.len() > 10);
    for advisory in imported {
        assert_eq!(advisory.license.as_deref(), Some("CC-BY-4.0"), "{}", advisory.id);
        assert!(advisory.url.is_some(), "{}", advisory.id);
    }
}

#[test]
fn a_snapshot_says_the_same_as_the_files_it_was_made_of() {
    let database = read(&sample()).unwrap();
    let graph = PackageGraph::parse(
        b"[[package]]\nname = \"time\"\nversion = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    )
    .unwrap();
    let said = hits(&database, &graph);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].advisory.id, "RUSTSEC-2026-0001");
    assert_eq!(write(&database).unwrap(), sample());
}

#[test]
fn what_is_wrong_is_named() {
    let whole = sample();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let text = String::from_utf8_lossy(&whole[..400]).into_owned();
    let head = text.split('\n').next().unwrap();
    let with = |from: &str, to: &str| {
        let mut bytes = head.replace(from, to).into_bytes();
        bytes.extend(&whole[head.len()..]);
        read(&bytes).unwrap_err()
    };
    insta::assert_snapshot!([
        read(&damaged).unwrap_err(),
        read(&whole[..whole.len() - 1]).unwrap_err(),
        read(b"").unwrap_err(),
        read(b"{}\n").unwrap_err(),
        with("\"advisory-snapshot\":1", "\"advisory-snapshot\":2"),
        with("\"advisories\":2", "\"advisories\":3"),
        with("2026-06-03", "2026-06-04"),
    ].join("\n"), @"
    it is damaged
    it is damaged
    it has no header
    its header cannot be read
    its format is 2, not 1
    it does not contain what its header says
    it does not contain what its header says
    ");
}

proptest! {
    #[test]
    fn any_damage_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = sample();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        // A change in words that are for people changes nothing.
        if let Ok(database) = read(&bytes) {
            prop_assert_eq!(Ok(database), read(&sample()));
        }
    }

    #[test]
    fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let mut all = START.to_vec();
        all.extend(bytes);
        let _ = read(&all);
    }
}
