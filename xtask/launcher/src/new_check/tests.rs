//! The scaffold is run over a copy of the files that it edits.

use std::path::PathBuf;

use super::*;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory of the test with copies of what is edited or read.
fn copy(name: &str) -> PathBuf {
    let root = std::env::temp_dir().join(format!("new-check-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    let areas = ["lib.rs", "git/mod.rs", "ci/mod.rs"].map(|path| format!("{CHECKS}/{path}"));
    for path in areas.iter().map(String::as_str).chain([MODEL, MUTATIONS, SNAPSHOT]) {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
        fs::copy(project().join(path), file).expect("a copy");
    }
    root
}

#[test]
fn ids_are_two_words() {
    for (id, area, name) in [
        ("git.clean-tree", "git", "clean_tree"),
        ("run-stats.valid", "run_stats", "valid"),
    ] {
        let names = Names::of(id).expect("an id");
        assert_eq!((names.area.as_str(), names.name.as_str()), (area, name));
    }
    for id in [
        "",
        "git",
        "git.",
        ".clean",
        "Git.clean",
        "git.clean.now",
        "git clean",
        "git.2",
        "git.clean--tree",
        "git.-tree",
        "../x.y",
    ] {
        assert!(Names::of(id).is_err(), "{id}");
    }
}

/// Four generated pages come on top (the page of the check, two lists and a schema), its line in `tests/refusals.txt`, and one snapshot:
/// the list of all checks.
#[test]
fn a_check_of_a_known_area_is_seven_files_of_which_four_are_for_hands() {
    let root = copy("known");
    let written = scaffold(&root, "git.branch-name").expect("a new check");
    assert_eq!(
        written,
        [
            "cargo-gate/crates/checks/src/git/branch_name.rs",
            "cargo-gate/crates/checks/src/git/branch_name.md",
            "tests/fixtures/git.branch-name.toml",
            "cargo-gate/crates/checks/src/git/mod.rs",
            "cargo-gate/crates/checks/src/lib.rs",
            MUTATIONS,
            SNAPSHOT,
        ]
    );
    let with_words = |path: &&String| {
        let text = fs::read_to_string(root.join(path)).expect("a file");
        ["SENTENCE:", "DOCS:", "SCAFFOLD", "MUTATION:"]
            .iter()
            .any(|word| text.contains(word))
    };
    let by_hand: Vec<&String> = written
        .iter()
        .filter(with_words)
        .filter(|path| *path != SNAPSHOT)
        .collect();
    assert_eq!(by_hand.len(), 4, "{by_hand:?}");
    let area = fs::read_to_string(root.join(&written[3])).expect("a file");
    assert!(area.contains("pub mod branch_name;\npub mod clean;"), "{area}");
    let catalogue = fs::read_to_string(root.join(&written[4])).expect("a file");
    assert!(
        catalogue.contains("    &git::clean::CHECK,\n    &git::branch_name::CHECK,\n"),
        "{catalogue}"
    );
    let snapshot = fs::read_to_string(root.join(SNAPSHOT)).expect("a file");
    assert!(
        snapshot.contains("\n\n# git.branch-name/fail\ngit.branch-name\n  MESSAGE"),
        "{snapshot}"
    );
    fs::remove_dir_all(root).expect("a directory");
}

#[test]
fn a_new_area_is_declared_in_its_place() {
    let root = copy("new");
    let written = scaffold(&root, "house-rules.kept").expect("a new check");
    let area = fs::read_to_string(root.join(&written[3])).expect("a file");
    assert_eq!(area, "//! Checks of the area `house-rules`.\n\npub mod kept;\n");
    let catalogue = fs::read_to_string(root.join(&written[4])).expect("a file");
    assert!(
        catalogue.contains("pub mod history;\npub mod house_rules;\n"),
        "{catalogue}"
    );
    assert!(catalogue.contains("    &house_rules::kept::CHECK,\n];"), "{catalogue}");
    fs::remove_dir_all(root).expect("a directory");
}

#[test]
fn nothing_is_overwritten() {
    let root = copy("twice");
    scaffold(&root, "git.branch-name").expect("a new check");
    let before = fs::read_to_string(root.join(MUTATIONS)).expect("a file");
    let error = scaffold(&root, "git.branch-name")
        .expect_err("the files are there")
        .to_string();
    assert_eq!(
        error,
        "`cargo-gate/crates/checks/src/git/branch_name.rs` exists already"
    );
    assert_eq!(fs::read_to_string(root.join(MUTATIONS)).expect("a file"), before);
    fs::remove_dir_all(root).expect("a directory");
}
