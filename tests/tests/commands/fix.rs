//! `--fix`: what it changes, what it refuses to touch, and what it says.

use gate_tests::gate;
use gate_tests::harness::Gate;

const WORKFLOW: &str = "\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: cargo test --workspace
      - run: cargo doc
";

/// A workspace whose CI does not use the lockfile.
fn unlocked() -> Gate {
    gate!().fixture("good").file(".github/workflows/ci.yml", WORKFLOW)
}

#[test]
fn what_a_machine_can_do_is_done_and_judged_again() {
    let gate = unlocked().git_init();
    let preview = gate.run(["pilot", "--fix", "--dry-run"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    insta::assert_snapshot!(preview.stdout, @"
    --- a/.github/workflows/ci.yml
    +++ b/.github/workflows/ci.yml
    @@ -3,5 +3,5 @@
       test:
         runs-on: ubuntu-latest
         steps:
    -      - run: cargo test --workspace
    +      - run: cargo test --locked --workspace
    -      - run: cargo doc
    +      - run: cargo doc --locked
    ");
    assert!(
        preview.stderr.contains("Would fix ci.locked: add `--locked`"),
        "{preview}"
    );
    assert_eq!(gate.read(".github/workflows/ci.yml"), WORKFLOW, "nothing is changed");

    // The diff is one that git applies, and it is what `--fix` does.
    gate.write("fix.diff", &preview.stdout);
    gate.git(["apply", "fix.diff"]);
    let patched = gate.read(".github/workflows/ci.yml");
    gate.git(["checkout", "."]);
    gate.remove("fix.diff");

    let fixed = gate.run(["pilot", "--fix"]);
    assert!(
        fixed
            .stderr
            .contains("Fixed ci.locked: add `--locked` (.github/workflows/ci.yml)"),
        "{fixed}"
    );
    assert_eq!(gate.read(".github/workflows/ci.yml"), patched);
    assert_eq!(gate.git(["status", "--porcelain"]).trim(), "M .github/workflows/ci.yml");

    let again = gate.run(["pilot", "--fix", "--allow-dirty"]);
    assert!(again.stderr.contains("Nothing to fix"), "{again}");
    assert_eq!(gate.read(".github/workflows/ci.yml"), patched);
}

#[test]
fn what_could_not_be_undone_is_asked_for() {
    let dirty = unlocked().git_init();
    dirty.append("logic/src/lib.rs", "// more\n");
    let refused = dirty.run(["pilot", "--fix"]);
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("--allow-dirty"), "{refused}");
    assert_eq!(dirty.read(".github/workflows/ci.yml"), WORKFLOW);
    let allowed = dirty.run(["pilot", "--fix", "--allow-dirty"]);
    assert!(allowed.stderr.contains("Fixed ci.locked"), "{allowed}");

    let bare = unlocked();
    let refused = bare.run(["pilot", "--fix"]);
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("--allow-no-vcs"), "{refused}");
    let allowed = bare.run(["pilot", "--fix", "--allow-no-vcs"]);
    assert!(allowed.stderr.contains("Fixed ci.locked"), "{allowed}");
}

#[test]
fn the_schema_is_that_of_the_book() {
    let gate = gate!();
    let run = gate.run(["schema"]);
    assert_eq!(run.code, Some(0), "{run}");
    let path = xtask::project_root().join("docs/schema/gate.schema.json");
    let published = std::fs::read_to_string(path).expect("the schema of the book");
    assert_eq!(run.stdout, published.replace("\r\n", "\n"));
}
