//! What every declaration keeps to.

use std::collections::BTreeSet;
use std::path::Path;

use super::ALL;
use gate_contract::{Declared, Phase, input};
use gate_report::Dimension;

fn source_directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn ids_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for check in ALL {
        assert!(seen.insert(check.id), "{} is registered twice", check.id);
        let (area, name) = check.id.split_once('.').expect(check.id);
        for part in [area, name] {
            assert!(
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{}",
                check.id
            );
        }
        assert!(std::ptr::eq(super::find(check.id).expect(check.id), *check));
    }
}

/// The file of a check without its ending, below the directory of the checks.
fn file(id: &str) -> String {
    id.replace('.', "/").replace('-', "_")
}

#[test]
fn every_check_is_a_file_of_its_area_with_its_page_beside_it() {
    let mut rules = BTreeSet::new();
    let mut pages = BTreeSet::new();
    for area in std::fs::read_dir(source_directory()).expect("the sources of the checks") {
        let area = area.expect("an entry").path();
        for file in std::fs::read_dir(&area).into_iter().flatten() {
            let path = file.expect("an entry").path();
            let name = path
                .strip_prefix(source_directory())
                .expect("a source")
                .with_extension("");
            let name = name.to_string_lossy().replace('\\', "/");
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("md") => drop(pages.insert(name)),
                Some("rs") => {
                    let text = std::fs::read_to_string(&path).expect("a source");
                    if text.contains("pub static CHECK: Check") {
                        rules.insert(name);
                    }
                }
                _ => {}
            }
        }
    }
    let registered: BTreeSet<String> = ALL.iter().map(|check| file(check.id)).collect();
    assert_eq!(rules, registered);
    assert_eq!(pages, registered);
}

#[test]
fn each_check_has_the_phase_of_what_it_reads() {
    for check in ALL {
        let outcomes = check.reads::<input::Outcomes>();
        let expected = match check.phase {
            Phase::Evidence => (false, false),
            Phase::Outcomes | Phase::Checklist | Phase::Contract => (true, false),
            Phase::Waivers => (outcomes, true),
        };
        let uses = check.reads::<input::WaiverUses>() || check.reads::<input::KnownUses>();
        assert_eq!((outcomes, uses), expected, "{}", check.id);
    }
}

#[test]
fn summaries_are_one_line_in_sentence_case() {
    for check in ALL {
        let summary = check.summary;
        let first = summary.chars().next().expect(check.id);
        assert!(first.is_uppercase() || first == '`', "{}: {summary}", check.id);
        assert!(!summary.ends_with(['.', '!', ' ']), "{}: {summary}", check.id);
        assert!(
            !summary.contains(['\n', '!']) && summary.len() <= 80,
            "{}: {summary}",
            check.id
        );
    }
}

#[test]
fn pages_have_three_sections_and_say_something() {
    for check in ALL {
        let headings: Vec<&str> = check.docs.lines().filter(|line| line.starts_with('#')).collect();
        let wanted = ["## What it does", "## Why it matters", "## How to fix"];
        assert_eq!(headings, wanted, "{}", check.id);
        for section in check.docs.split("## ").skip(1) {
            let text = section.split_once('\n').map_or("", |(_, text)| text).trim();
            assert!(!text.is_empty(), "{}: an empty section", check.id);
        }
        for word in ["SUMMARY:", "DOCS:"] {
            let left = check.docs.contains(word) || check.summary.contains(word);
            assert!(!left, "{}: `{word}` of the template is still there", check.id);
        }
    }
}

#[test]
fn inputs_are_declared_once() {
    for check in ALL {
        let unique: BTreeSet<&str> = check.inputs().iter().map(Declared::name).collect();
        assert_eq!(unique.len(), check.inputs().len(), "{}", check.id);
        assert!(check.version > 0, "{}", check.id);
    }
}

#[test]
fn every_check_has_a_fixture_and_its_clean_twin() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures");
    for check in ALL {
        let one_file = std::fs::read_to_string(fixtures.join(format!("{}.toml", check.id))).unwrap_or_default();
        for twin in ["fail", "clean"] {
            let manifest = fixtures.join(check.id).join(twin).join("Cargo.toml");
            let there = manifest.is_file() || one_file.contains(&format!("[{twin}"));
            assert!(there, "{} has no fixture `{twin}`", check.id);
        }
    }
}

#[test]
fn no_waiver_covers_what_judges_waivers_and_the_policy() {
    let catalogue = super::catalogue();
    let others: Vec<&str> = catalogue.ids().filter(|id| !catalogue.is_waivable(id)).collect();
    let expected = [
        "config.sanity",
        "stage.contract",
        "waiver.authority",
        "waiver.valid",
        "known.findings",
        "known.ratchet",
        "checklist.stage",
    ];
    assert_eq!(others, expected);
    let of_waivers = |check: &&&gate_contract::Check| check.phase > Phase::Outcomes;
    assert!(ALL.iter().filter(of_waivers).all(|check| !check.waivable));
}

#[test]
fn what_is_recorded_as_known_leaves_the_evidence_of_others_whole() {
    for check in ALL.iter().filter(|check| check.recordable) {
        let doubtful = matches!(check.dimension, Dimension::Integrity | Dimension::Reproducibility);
        assert!(
            check.waivable && check.phase == Phase::Evidence && !doubtful,
            "{}",
            check.id
        );
        assert!(
            !check.id.starts_with("secrets.") && !check.id.starts_with("supply."),
            "{}",
            check.id
        );
    }
}
