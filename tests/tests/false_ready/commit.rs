//! A commit that was never judged: git is told not to notice that the files are others.

use gate_tests::harness::{Gate, Run};
use serde_json::Value;

use super::{assert_not_ready, assert_ready, package};

/// The judgement of `git.clean`.
fn git_clean(gate: &Gate) -> (Run, String) {
    let run = gate.run(["pilot", "--message-format", "json"]);
    let report = run.json();
    let check = report["checks"]
        .as_array()
        .and_then(|checks| checks.iter().find(|check| check["id"] == "git.clean"))
        .unwrap_or(&Value::Null);
    let outcome = check["outcome"].as_str().unwrap_or_default().to_owned();
    (run, outcome)
}

/// What git still calls clean.
fn hides(gate: &Gate, what: &str) {
    assert_eq!(gate.git(["status", "--porcelain"]), "", "{what}: git notices by itself");
    let (run, outcome) = git_clean(gate);
    assert_ne!(outcome, "pass", "{what}: {run}");
    assert!(run.stdout.contains("are not those of the commit"), "{what}: {run}");
    // And it is not forgotten when nothing is read again.
    assert_ne!(git_clean(gate).1, "pass", "{what}, the second time");
}

#[test]
fn a_clean_work_tree_is_clean() {
    let gate = package();
    assert_eq!(git_clean(&gate).1, "pass");
    assert_eq!(git_clean(&gate).1, "pass", "the second time");
}

#[test]
fn assume_unchanged_hides_nothing() {
    let gate = package();
    gate.git(["update-index", "--assume-unchanged", "src/lib.rs"]);
    gate.append("src/lib.rs", "// another\n");
    hides(&gate, "assume-unchanged");
}

#[test]
fn skip_worktree_hides_nothing() {
    let gate = package();
    gate.git(["update-index", "--skip-worktree", "src/lib.rs", "data/included.txt"]);
    gate.append("src/lib.rs", "// another\n");
    hides(&gate, "skip-worktree");
    gate.git(["update-index", "--no-skip-worktree", "src/lib.rs"]);
    gate.git(["checkout", "--quiet", "src/lib.rs"]);
    gate.remove("data/included.txt");
    hides(&gate, "a file that is gone");
}

#[test]
fn a_filter_hides_nothing() {
    let gate = package();
    gate.git(["config", "filter.tidy.clean", "sed -e s/41/42/"]);
    gate.write(".git/info/attributes", "src/lib.rs filter=tidy\n");
    gate.replace("src/lib.rs", "    42\n", "    41\n");
    gate.git(["add", "src/lib.rs"]);
    hides(&gate, "a filter");
}

#[test]
fn a_replaced_commit_hides_nothing() {
    let gate = package();
    let good = gate.git(["rev-parse", "HEAD"]).trim().to_owned();
    gate.append("src/lib.rs", "// another\n");
    gate.commit("Another");
    let other = gate.git(["rev-parse", "HEAD"]).trim().to_owned();
    gate.git(["reset", "--quiet", "--soft", &good]);
    gate.git(["replace", &good, &other]);
    assert_eq!(gate.git(["status", "--porcelain"]), "", "git notices by itself");
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
}

#[test]
fn line_ends_and_pointers_of_lfs_are_the_same_contents() {
    let gate = package();
    gate.git(["config", "core.autocrlf", "true"]);
    gate.write(".gitattributes", "*.txt text\n");
    gate.commit("Say what is text");
    let text = gate.read("data/generated.txt").replace('\n', "\r\n");
    gate.write("data/generated.txt", text);
    gate.git(["add", "data/generated.txt"]);
    assert_eq!(git_clean(&gate).1, "pass");
}

#[test]
fn sources_that_no_commit_holds_are_named() {
    let gate = package();
    gate.append(".gitignore", "/part/src\n");
    gate.git(["rm", "-r", "-q", "--cached", "part/src"]);
    gate.commit("Ignore the sources of a member");
    gate.append("part/Cargo.toml", "\n[lib]\npath = \"src/lib.rs\"\n");
    gate.replace("Cargo.toml", "[workspace]", "[workspace]\nmembers = [\"part\"]");
    gate.commit("Make it a member");
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    assert!(
        run.stdout
            .contains("is ignored by git, so it is not part of the commit"),
        "{run}"
    );
}

/// A clone would not compile.
#[test]
fn an_ignored_source_of_a_build_opens_no_later_stage() {
    let gate = package();
    gate.append(".gitignore", "/src/inner.rs\n");
    gate.write("src/inner.rs", "pub const INNER: u32 = 42;\n");
    gate.append("src/lib.rs", "pub mod inner;\n");
    gate.commit("Forget a source");
    assert_ready(&gate.run(["pilot"]), "it works here");
    let run = gate.run(["controlled"]);
    assert_not_ready(&run, "a source that no commit holds");
    assert!(
        run.stdout.contains("the build read `src/inner.rs`, which git ignores"),
        "{run}"
    );
    gate.git(["add", "--force", "src/inner.rs"]);
    gate.commit("Commit it");
    assert_ready(&gate.run(["pilot"]), "committed");
    assert_ready(&gate.run(["controlled"]), "committed");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_is_named() {
    let gate = package();
    let outside = gate.workspace().join("../outside.txt");
    std::fs::write(&outside, "42\n").expect("a file can be written");
    gate.remove("data/included.txt");
    std::os::unix::fs::symlink(&outside, gate.workspace().join("data/included.txt")).expect("a link can be made");
    gate.commit("Link to what lies outside");
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    assert!(
        run.stdout
            .contains("`data/included.txt` is a link to something outside the repository"),
        "{run}"
    );
}
