//! The toolchain is declared in one place, and its floor rises by rule.

use gate_tests::harness::day;

use super::*;

fn policy(minimum: &str, rest: &str) -> String {
    format!(
        "version = 1\n[stage.pilot]\nscope = \"a tool of the team\"\n[stage.controlled]\nscope = \"a tenth of the traffic\"\n\
         [toolchain]\nrelease = \"1.95.0\"\nminimum = \"{minimum}\"\nreviewed = {}\nresolver = \"3\"\n{rest}",
        day(-1)
    )
}

fn manifest(version: &str, floor: &str) -> String {
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"core\"]\n\n[workspace.package] # shared\nversion = \"{version}\"\nrust-version = \"{floor}\" # floor\n"
    )
}

const CORE: &str =
    "[package]\nname = \"core\"\nversion.workspace = true\nrust-version.workspace = true\nedition = \"2024\"\n";

fn workspace(version: &str, floor: &str) -> Gate {
    let lock = format!("version = 4\n\n[[package]]\nname = \"core\"\nversion = \"{version}\"\n");
    gate!()
        .file("Cargo.toml", &manifest(version, floor))
        .file("Cargo.lock", &lock)
        .file("core/Cargo.toml", CORE)
        .file("core/src/lib.rs", "//! Nothing.\n")
        .file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n")
        .file(".gitignore", "/target\n")
        .file("gate.toml", &policy(floor, ""))
        .git_init()
}

/// What the floor check says at controlled: its outcome, and its messages.
fn floor(gate: &Gate) -> String {
    let report = gate
        .run(["controlled", "--no-suites", "--message-format", "json"])
        .json();
    let checks = report["checks"].as_array().expect("checks").iter();
    let check = checks
        .clone()
        .find(|check| check["id"] == "toolchain.floor")
        .expect("the check");
    let findings = check["findings"].as_array().into_iter().flatten();
    let messages = findings.map(|finding| finding["message"].as_str().unwrap_or_default());
    let reason = check["reason"]["code"].as_str();
    std::iter::once(check["outcome"].as_str().unwrap_or_default())
        .chain(messages)
        .chain(reason)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn docs_writes_what_the_policy_says() {
    let gate = workspace("0.1.0", "1.85");
    assert_eq!(gate.run(["source", "docs", "--check"]).code, Some(0));
    gate.write("gate.toml", policy("1.90", "").replace("1.95.0", "1.94.1"));
    gate.append("gate.toml", "[docs]\ngenerated = [\"README.md\"]\n");
    gate.write(
        "README.md",
        "# Core\n\n<!-- gate:generated toolchain -->\n<!-- gate:end -->\n",
    );
    gate.git(["add", "README.md"]);
    let differences = gate.run(["source", "docs", "--check"]);
    assert_eq!(differences.code, Some(1), "{differences}");
    for part in [
        "-channel = \"1.95.0\"\n+channel = \"1.94.1\"",
        "| oldest supported Rust | 1.90 |",
    ] {
        assert!(differences.stdout.contains(part), "{differences}");
    }
    let written = gate.run(["source", "docs"]);
    assert_eq!(written.code, Some(0), "{written}");
    assert_eq!(gate.read("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.94.1\"\n");
    assert_eq!(gate.read("Cargo.toml"), manifest("0.1.0", "1.90"));
    assert!(
        gate.read("README.md")
            .contains("| releases are built with | Rust 1.94.1 |")
    );
    assert_eq!(gate.run(["source", "docs", "--check"]).code, Some(0));
    // A file that is not there yet is made.
    gate.remove("rust-toolchain.toml");
    assert_eq!(gate.run(["source", "docs"]).code, Some(0));
    assert_eq!(gate.read("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.94.1\"\n");
}

#[test]
fn a_floor_is_raised_by_notice_and_release() {
    let gate = workspace("1.2.0", "1.85");
    assert_eq!(floor(&gate), "pass", "nothing was released");
    gate.git(["tag", "v1.2.0"]);
    assert_eq!(floor(&gate), "pass");

    let raise = |version: &str, announced: Option<i64>| {
        gate.write("Cargo.toml", manifest(version, "1.90"));
        gate.write(
            "Cargo.lock",
            format!("version = 4\n\n[[package]]\nname = \"core\"\nversion = \"{version}\"\n"),
        );
        let floor = announced.map_or_else(String::new, |days| {
            format!("[[toolchain.floor]]\nminimum = \"1.90\"\nannounced = {}\n", day(days))
        });
        gate.write("gate.toml", policy("1.90", &floor));
        gate.commit(&format!("raise the floor in {version}, announced {announced:?}"));
    };
    raise("1.3.0", None);
    assert_eq!(
        floor(&gate),
        "fail\nthe minimum was raised from Rust 1.85 in `v1.2.0` to 1.90 without an announcement"
    );
    raise("1.3.0", Some(-29));
    assert!(floor(&gate).starts_with("fail\nthe minimum Rust 1.90 takes effect before its notice of 30 days ends"));
    raise("1.3.0", Some(-30));
    assert_eq!(floor(&gate), "pass");
    raise("1.2.1", Some(-30));
    assert_eq!(
        floor(&gate),
        "fail\n1.2.1 raises the minimum from Rust 1.85 in `v1.2.0` to 1.90, which requires a minor release"
    );
    gate.replace(
        "gate.toml",
        "[toolchain]\n",
        "[toolchain]\nfloor-raise-release = \"major\"\n",
    );
    assert!(floor(&gate).contains("which requires a major release"));
    // Before it is bumped, nobody knows how large the next release is.
    raise("1.2.0", Some(-30));
    assert_eq!(floor(&gate), "pass");
    raise("1.2.0", None);
    assert!(floor(&gate).contains("without an announcement"));
    // An annotated tag of the raised floor: from then on it is what was released.
    gate.git(["tag", "-a", "-m", "release", "core-v1.2.0"]);
    raise("1.2.1", None);
    gate.git(["tag", "-d", "v1.2.0"]);
    assert_eq!(floor(&gate), "pass");
}

#[test]
fn a_shallow_clone_without_tags_says_nothing() {
    let gate = workspace("1.2.0", "1.85");
    gate.append("core/src/lib.rs", "// More.\n");
    gate.commit("more");
    let head = gate.git(["rev-parse", "HEAD"]);
    // What `git clone --depth 1` leaves.
    gate.write(".git/shallow", format!("{}\n", head.trim()));
    assert_eq!(floor(&gate), "not_run\nshallow_clone");
}
