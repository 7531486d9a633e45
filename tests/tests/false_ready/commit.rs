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

/// What git ignores makes a failing test pass, and chooses the compiler and the policy.
#[test]
fn configuration_that_git_ignores_is_named() {
    let gate = package();
    gate.append(
        "tests/it.rs",
        "\n#[test]\nfn is_configured() {\n    assert!(cfg!(configured));\n}\n",
    );
    gate.append(
        ".gitignore",
        "/gate.toml\n/rust-toolchain.toml\n.cargo/\n/part/Cargo.toml\n",
    );
    gate.write("gate.toml", "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n");
    gate.write(
        ".cargo/config.toml",
        "[build]\nrustflags = [\"--cfg\", \"configured\"]\n",
    );
    gate.git(["rm", "--quiet", "--cached", "rust-toolchain.toml", "part/Cargo.toml"]);
    gate.commit("Ignore the configuration");
    assert_eq!(gate.git(["status", "--porcelain"]), "", "git notices by itself");
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    for path in [
        ".cargo/config.toml",
        "gate.toml",
        "part/Cargo.toml",
        "rust-toolchain.toml",
    ] {
        let said = format!("`{path}` is ignored by git, so what it configures is not part of the commit");
        assert!(run.stdout.contains(&said), "{path}: {run}");
    }
    // The test passes only so.
    let report = run.json();
    let checks = report["checks"].as_array().expect("a list of checks");
    let suite = checks.iter().find(|check| check["id"] == "suite.test.workspace");
    assert_eq!(suite.expect("the suite")["outcome"], "pass", "{run}");
    assert_ne!(gate.run(["controlled"]).code, Some(0));
}

/// What a committed configuration includes must be committed, too.
#[test]
fn configuration_that_is_included_from_outside_is_named() {
    let gate = package();
    let outside = gate.workspace().parent().expect("a directory").join("extra.toml");
    std::fs::write(outside, "[build]\nrustflags = [\"--cfg\", \"configured\"]\n").expect("it can be written");
    gate.write(".cargo/more.toml", "include = [\"../../extra.toml\"]\n");
    gate.write(".cargo/config.toml", "include = [\"more.toml\"]\n");
    gate.commit("Include configuration");
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    let said = "`../extra.toml` is outside the repository, so what it configures is not part of the commit";
    assert!(run.stdout.contains(said), "{run}");
    gate.write(".cargo/more.toml", "");
    gate.commit("Include none");
    assert_eq!(git_clean(&gate).1, "pass");
}

/// A commit holds the revision of a repository within it, and only `.gitmodules` says where to get that.
#[test]
fn a_repository_within_needs_an_address() {
    let gate = package();
    let part = gate.workspace().join("part");
    for arguments in [
        vec!["init", "--quiet"],
        vec!["add", "--all"],
        vec!["commit", "--quiet", "--message", "Part"],
    ] {
        gate.git([vec!["-C", part.to_str().expect("a path")], arguments].concat());
    }
    gate.git(["rm", "--quiet", "-r", "--cached", "part"]);
    gate.git(["add", "part"]);
    gate.git(["commit", "--quiet", "--message", "Embed a repository"]);
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    let said = "`part` is a repository of its own, and `.gitmodules` does not say where a clone gets it";
    assert!(run.stdout.contains(said), "{run}");
    assert_ne!(gate.run(["controlled"]).code, Some(0));
    gate.write(
        ".gitmodules",
        "[submodule \"part\"]\n\tpath = part\n\turl = https://example.com/part\n",
    );
    gate.git(["add", ".gitmodules"]);
    gate.git(["commit", "--quiet", "--message", "Name it"]);
    let (run, outcome) = git_clean(&gate);
    assert_eq!(outcome, "pass", "{run}");
}

/// Cargo checks the files of a directory that replaces a registry against checksums in the same directory, so anybody who can edit
/// the files can edit the checksums.
#[test]
fn packages_from_a_directory_outside_are_named() {
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
    let digest = "0".repeat(64);
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"1.0.0\"\ndependencies = [\n \"thing\",\n]\n\n\
         [[package]]\nname = \"thing\"\nversion = \"1.0.0\"\nsource = \"{registry}\"\nchecksum = \"{digest}\"\n"
    );
    let configuration = "[source.crates-io]\nreplace-with = \"near\"\n\n[source.near]\ndirectory = ";
    let gate = gate_tests::gate!()
        .file(
            "Cargo.toml",
            &format!("{}\n[dependencies]\nthing = \"1\"\n", manifest("demo")),
        )
        .file("Cargo.lock", &lock)
        .file("src/lib.rs", "")
        .file(".gitignore", "target\n")
        .file(".cargo/config.toml", &format!("{configuration}\"../vendored\"\n"))
        .git_init();
    let outside = gate.workspace().parent().expect("a directory").join("vendored/thing");
    for (name, text) in [
        ("Cargo.toml", manifest("thing")),
        ("src/lib.rs", String::new()),
        (
            ".cargo-checksum.json",
            format!("{{\"files\":{{}},\"package\":\"{digest}\"}}"),
        ),
    ] {
        let file = outside.join(name);
        std::fs::create_dir_all(file.parent().expect("a directory")).expect("it can be made");
        std::fs::write(file, text).expect("it can be written");
    }
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    let said = "cargo takes the sources of 1 package from `../vendored`, which is outside the repository";
    assert!(run.stdout.contains(said), "{run}");

    // In the repository, it is part of the commit.
    std::fs::rename(
        outside.parent().expect("a directory"),
        gate.workspace().join("vendored"),
    )
    .expect("it can be moved");
    gate.replace(".cargo/config.toml", "../vendored", "vendored");
    gate.commit("Vendor");
    let (run, outcome) = git_clean(&gate);
    assert_eq!(outcome, "pass", "{run}");
}

/// The workspace is a part of its repository, and cargo reads the configuration above it.
#[test]
fn configuration_above_the_workspace_counts() {
    let gate = package();
    let (top, sub) = (gate.workspace(), gate.workspace().join("sub"));
    std::fs::create_dir(&sub).expect("a directory can be made");
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "src",
        "tests",
        "data",
        "part",
        "rust-toolchain.toml",
    ] {
        std::fs::rename(top.join(name), sub.join(name)).expect("it can be moved");
    }
    gate.append(".gitignore", "/sub/target\n/.cargo\n");
    gate.commit("Move the workspace");
    let git_clean = || {
        let mut command = gate.gate_command();
        command.args(["pilot", "--no-suites", "--message-format", "json"]);
        let run = gate.finish(command.current_dir(&sub));
        let report = run.json();
        let checks = report["checks"].as_array().expect("a list of checks");
        let check = checks
            .iter()
            .find(|check| check["id"] == "git.clean")
            .expect("the check");
        (check["outcome"] == "pass", run)
    };
    let (clean, run) = git_clean();
    assert!(clean, "{run}");
    gate.write(".cargo/config.toml", "[build]\njobs = 1\n");
    let (clean, run) = git_clean();
    assert!(!clean, "{run}");
    assert!(
        run.stdout.contains("`../.cargo/config.toml` is not tracked by git"),
        "{run}"
    );
    gate.git(["add", "--force", ".cargo/config.toml"]);
    gate.commit("Track it");
    let (clean, run) = git_clean();
    assert!(clean, "{run}");
    gate.write(".cargo/config.toml", "[build]\njobs = 2\n");
    let (clean, run) = git_clean();
    assert!(!clean, "{run}");
    assert!(
        run.stdout.contains("`../.cargo/config.toml` differs from the commit"),
        "{run}"
    );
}

#[cfg(unix)]
#[test]
fn configuration_behind_a_link_is_named() {
    let gate = package();
    gate.write("local/clippy.toml", "");
    gate.append(".gitignore", "/local\n");
    std::os::unix::fs::symlink("local/clippy.toml", gate.workspace().join("clippy.toml")).expect("a link can be made");
    gate.commit("Link the configuration");
    let (run, outcome) = git_clean(&gate);
    assert_ne!(outcome, "pass", "{run}");
    assert!(
        run.stdout
            .contains("`clippy.toml` is a link to `local/clippy.toml`, which git ignores"),
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
