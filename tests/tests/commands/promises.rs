//! `cargo gate release api`, and what a stage says about stability.

use gate_tests::gate;
use gate_tests::harness::Gate;

const POLICY: &str = "version = 1\n[stage.pilot]\nscope = \"one\"\n[stage.controlled]\n[stage.broad]\n\n[stability]\nreference = \"v*\"\n\n\
    [[stability.surface]]\nclass = \"fluid\"\nitems = [\"demo::soft\"]\npaths = [\"docs/notes.md\"]\n\n\
    [[stability.surface]]\nclass = \"internal\"\nitems = [\"demo::inner\"]\n\n\
    [[stability.surface]]\nclass = \"stable\"\npaths = [\"docs/format.md\"]\n";

const RELEASED: &str = "//! Demo.\n\npub mod soft {\n    pub fn f(x: u8) {}\n}\n\npub mod inner {\n    pub fn f(x: u8) {}\n}\n\n\
    mod hard;\npub use hard::{Kind, f};\n";

const HARD: &str = "pub fn f(x: u8) {}\n\n#[derive(Clone)]\npub enum Kind {\n    One,\n}\n";

fn released() -> Gate {
    let gate = gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"1.2.0\"\nedition = \"2024\"\n",
        )
        .file("gate.toml", POLICY)
        .file("src/lib.rs", RELEASED)
        .file("src/hard.rs", HARD)
        .file("docs/notes.md", "Notes.\n")
        .file("docs/format.md", "The format.\n")
        .git_init();
    gate.git(["tag", "v1.2.0"]);
    gate
}

#[test]
fn fluid_surfaces_move_and_stable_ones_do_not() {
    let gate = released();
    gate.write("docs/notes.md", "Other notes.\n");
    gate.write(
        "src/lib.rs",
        RELEASED
            .replace("x: u8", "x: u16")
            .replace("pub mod inner", "pub mod fresh {}\n\npub mod inner"),
    );
    gate.commit("Move what may move");
    insta::assert_snapshot!("only_fluid_surfaces_moved", gate.run(["release", "api"]));
    let quiet = |gate: &Gate| {
        let run = gate.run(["broad", "--no-suites", "--message-format", "json"]);
        let report = run.json();
        let checks = report["checks"].as_array().cloned().unwrap_or_default();
        let check = checks.iter().find(|check| check["id"] == "api.stability").cloned();
        check.unwrap_or_else(|| panic!("{run}"))
    };
    assert_eq!(quiet(&gate)["outcome"], "pass");

    gate.write(
        "src/hard.rs",
        "pub fn f(x: u16) {}\n\npub enum Kind {\n    One,\n    Two,\n}\n",
    );
    gate.write("docs/format.md", "Another format.\n");
    gate.commit("Move what may not");
    insta::assert_snapshot!("stable_surfaces_moved", gate.run(["release", "api"]));
    insta::assert_snapshot!(
        "stable_surfaces_moved_json",
        gate.run(["release", "api", "--message-format", "json"])
    );
    let check = quiet(&gate);
    assert_eq!(check["outcome"], "fail", "{check}");
    assert_eq!(check["findings"].as_array().map(Vec::len), Some(4), "{check}");

    // A major version may: the document is not a matter of versions.
    gate.replace("Cargo.toml", "1.2.0", "2.0.0");
    gate.commit("Announce it");
    insta::assert_snapshot!("a_major_version_announces", gate.run(["release", "api"]));
    let run = gate.run(["release", "api", "--against", "HEAD"]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn what_was_released_must_be_known() {
    let gate = gate!().fixture("good").git_init();
    insta::assert_snapshot!("no_release_is_declared", gate.run(["release", "api"]));
    insta::assert_snapshot!("no_tag_matches", gate.run(["release", "api", "--against", "v*"]));
    insta::assert_snapshot!(
        "nothing_changed_since_the_commit",
        gate.run(["release", "api", "--against", "main"])
    );
}
