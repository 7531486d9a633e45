//! What every declaration keeps to.

use std::collections::BTreeSet;
use std::path::Path;

use super::{ALL, Input};

fn source_directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks")
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

#[test]
fn every_file_of_a_check_is_registered_under_its_name() {
    let mut files: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(source_directory()).expect("the sources of the checks") {
        let path = entry.expect("an entry").path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name")
            .to_owned();
        if stem.contains('_') {
            files.insert(stem);
        }
    }
    let registered: BTreeSet<String> = ALL.iter().map(|check| check.id.replace(['.', '-'], "_")).collect();
    assert_eq!(files, registered);
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
fn docs_have_their_four_sections() {
    for check in ALL {
        let headings: Vec<&str> = check.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let wanted = ["What it does", "Why it matters", "How to fix", "Requirements"];
        assert_eq!(headings, wanted, "{}", check.id);
        for section in check.docs.split("## ").skip(1) {
            let text = section.split_once('\n').map_or("", |(_, text)| text).trim();
            assert!(!text.is_empty(), "{}: an empty section", check.id);
        }
        let rows = check
            .docs
            .rsplit("## Requirements")
            .next()
            .expect("a last section")
            .trim();
        for row in rows.split(", ") {
            let numbers = row.strip_prefix('S').and_then(|row| row.split_once('.'));
            let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            assert!(
                numbers.is_some_and(|(document, row)| numeric(document) && numeric(row)),
                "{}: `{row}` is no row",
                check.id
            );
        }
    }
}

#[test]
fn inputs_are_declared_once() {
    for check in ALL {
        let unique: BTreeSet<Input> = check.inputs.iter().copied().collect();
        assert_eq!(unique.len(), check.inputs.len(), "{}", check.id);
        assert!(!check.inputs.is_empty(), "{} reads nothing", check.id);
        assert!(check.version > 0, "{}", check.id);
    }
}

#[test]
fn every_check_has_a_fixture_and_its_clean_twin() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    for check in ALL {
        for twin in ["fail", "clean"] {
            let manifest = fixtures.join(check.id).join(twin).join("Cargo.toml");
            assert!(manifest.is_file(), "{} is missing", manifest.display());
        }
    }
}
