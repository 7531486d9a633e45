//! The text of CI workflows. Third-party actions are pinned by commit; everything else is a plain command.

use super::InitFacts;

/// actions/checkout, by the commit of its v4.2.2.
const CHECKOUT: &str = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";
/// actions/upload-artifact, by the commit of its v4.6.2.
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2";

/// A command, with `--locked` where there is a lockfile to hold.
fn held(facts: &InitFacts, command: &str) -> String {
    let locked = if facts.lockfile { " --locked" } else { "" };
    format!("{command}{locked}")
}

fn gate_command(facts: &InitFacts) -> String {
    held(facts, "cargo gate pilot")
}

/// The release build, which waits for the gate.
fn build_command(facts: &InitFacts) -> String {
    held(facts, "cargo build --workspace --release")
}

/// The branch that changes go to.
pub(super) fn branch(facts: &InitFacts) -> &str {
    // Only what needs no quoting in YAML; anything odder is left to the owner.
    let plain = |branch: &&str| {
        let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        branch.bytes().all(ordinary) && branch.starts_with(|char: char| char.is_ascii_alphabetic())
    };
    facts.default_branch.as_deref().filter(plain).unwrap_or("main")
}

/// Publishing waits for the build.
fn publish_command(facts: &InitFacts) -> String {
    let workspace = if facts.members.len() > 1 { " --workspace" } else { "" };
    held(facts, &format!("cargo publish{workspace}"))
}

/// Measuring, without judging.
pub(super) fn bench_command(facts: &InitFacts) -> String {
    held(facts, "cargo bench --workspace")
}

/// The step of a job on GitHub that brings the files, without credentials; with the whole history where there is a
/// reason for it.
fn github_checkout(whole_history: Option<&str>) -> String {
    let depth = whole_history.map(|reason| format!("          fetch-depth: 0 # {reason}\n"));
    format!(
        "      - uses: {CHECKOUT}
        with:
{}          persist-credentials: false
",
        depth.unwrap_or_default()
    )
}

/// The line of a script that installs what runs the tests, where that is not cargo.
fn nextest_line(facts: &InitFacts, before: &str) -> String {
    if facts.nextest {
        format!("{before}cargo install cargo-nextest --locked\n")
    } else {
        String::new()
    }
}

/// The jobs between the gate and the build: benchmarks run, then those of the change are judged beside those of the branch.
fn github_benchmarks(facts: &InitFacts) -> String {
    if !facts.benches {
        return String::new();
    }
    let bench = bench_command(facts);
    let (checkout, checkout_all) = (github_checkout(None), github_checkout(Some("the reference commit")));
    format!(
        "
  benchmarks:
    needs: pilot
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
{checkout}      - run: rustc -vV
      - run: {bench}

  # Compared with the target branch, measured in the same run.
  regression:
    needs: benchmarks
    runs-on: ubuntu-latest
    timeout-minutes: 120
    steps:
{checkout_all}      - run: rustc -vV
      - run: cargo install cargo-gate --locked
      - run: cargo gate suite benchmarks
"
    )
}

fn github_publish(facts: &InitFacts) -> String {
    if !facts.publishes {
        return String::new();
    }
    let publish = publish_command(facts);
    let checkout = github_checkout(None);
    format!(
        "
  # Only for tags `v…`; the environment can require an approval.
  publish:
    needs: build
    if: startsWith(github.ref, 'refs/tags/v')
    runs-on: ubuntu-latest
    timeout-minutes: 60
    environment: release
    steps:
{checkout}      - run: rustc -vV
      - run: {publish}
        env:
          CARGO_REGISTRY_TOKEN: ${{{{ secrets.CARGO_REGISTRY_TOKEN }}}}
"
    )
}

/// Whether YAML and shells take a path as it stands.
fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && path.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '.')
}

/// A text in YAML, in quotation marks where it needs them.
fn yaml(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// The directory in which commands run on GitHub.
fn github_directory(facts: &InitFacts) -> String {
    match facts.directory.as_str() {
        "" => String::new(),
        directory => format!("\ndefaults:\n  run:\n    working-directory: {}\n", yaml(directory)),
    }
}

/// The line of a script on GitLab that goes to the workspace; none at the top.
fn gitlab_directory(facts: &InitFacts) -> String {
    match facts.directory.as_str() {
        "" => String::new(),
        directory if is_plain(directory) => format!("    - cd {directory}\n"),
        directory => {
            let command = format!("cd '{}'", directory.replace('\'', r"'\''"));
            format!("    - {}\n", yaml(&command))
        }
    }
}

/// `.github/workflows/gate.yml`: the pilot gate on Linux, macOS and Windows, then
/// benchmarks and their comparison where there are any, the release build, and publishing.
pub fn github_workflow(facts: &InitFacts) -> String {
    let branch = branch(facts);
    let gate = gate_command(facts);
    let build = build_command(facts);
    let checkout = github_checkout(None);
    let checkout_all = github_checkout(Some(
        "the gate reads earlier inventories and decisions from the history",
    ));
    let nextest = nextest_line(facts, "      - run: ");
    let benchmarks = github_benchmarks(facts);
    let needs = if facts.benches { "[pilot, regression]" } else { "pilot" };
    let publish = github_publish(facts);
    let tags = if facts.publishes { "    tags: [\"v*\"]\n" } else { "" };
    let name = facts.gate_name();
    let directory = github_directory(facts);
    let runs = yaml(&facts.path_below_top("target/gate/runs"));
    format!(
        "\
# Written by `cargo gate init`; yours to change.
name: {name}

on:
  push:
    branches: [\"{branch}\"]
{tags}  pull_request:

permissions:
  contents: read

concurrency:
  group: {name}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}
{directory}
jobs:
  pilot:
    strategy:
      fail-fast: false
      matrix:
        os: [ubuntu-latest, macos-latest, windows-latest]
    runs-on: ${{{{ matrix.os }}}}
    timeout-minutes: 60
    steps:
{checkout_all}      - run: rustc -vV # installs what rust-toolchain.toml pins
      - run: cargo install cargo-gate --locked
{nextest}      - run: {gate}
      - uses: {UPLOAD}
        if: always()
        with:
          name: {name}-${{{{ matrix.os }}}}
          path: {runs}
          if-no-files-found: warn
{benchmarks}
  # Release builds start only after the gate has passed.
  build:
    needs: {needs}
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
{checkout}      - run: rustc -vV
      - run: {build}
{publish}"
    )
}

/// `.gitlab/gate.yml`, to be included from `.gitlab-ci.yml`: the pilot gate on merge requests and the default branch,
/// then the release build.
pub fn gitlab_pipeline(facts: &InitFacts) -> String {
    let gate = gate_command(facts);
    let build = build_command(facts);
    let version = |channel: &&str| channel.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let image = match facts.toolchain.as_deref().filter(version) {
        Some(channel) => format!("rust:{channel}"),
        None => "rust:latest # pin the version that builds the workspace".into(),
    };
    let nextest = nextest_line(facts, "    - ");
    let tag = if facts.publishes {
        "    - if: $CI_COMMIT_TAG\n"
    } else {
        ""
    };
    let rules = format!(
        "  rules:
    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
{tag}"
    );
    let benchmarks = gitlab_benchmarks(facts, &image, &rules);
    let name = facts.gate_name();
    let needs = if facts.benches {
        format!("[\"{name}:pilot\", \"{name}:regression\"]")
    } else {
        format!("[\"{name}:pilot\"]")
    };
    let cd = gitlab_directory(facts);
    let below = |path: &str| yaml(&facts.path_below_top(&format!("target/gate/{path}")));
    let (runs, quality, junit) = (below("runs"), below("code-quality.json"), below("junit.xml"));
    let publish = gitlab_publish(facts, &image);
    format!(
        "\
# Written by `cargo gate init`; yours to change. Include it from .gitlab-ci.yml:
#
# include:
#   - local: .gitlab/{name}.yml

{name}:pilot:
  image: {image}
{rules}  variables:
    GIT_DEPTH: \"0\" # the gate reads earlier inventories and decisions from the history
  allow_failure: false
  timeout: 1h
  script:
{cd}    - rustup component add clippy rustfmt
    - cargo install cargo-gate --locked
{nextest}    - {gate} --report gitlab=target/gate/code-quality.json --report junit=target/gate/junit.xml
  artifacts:
    when: always
    paths:
      - {runs}
    reports:
      codequality: {quality}
      junit: {junit}
{benchmarks}
# Release builds start only after the gate has passed.
{name}:build:
  image: {image}
  needs: {needs}
{rules}  timeout: 1h
  script:
{cd}    - {build}
{publish}"
    )
}

fn gitlab_benchmarks(facts: &InitFacts, image: &str, rules: &str) -> String {
    if !facts.benches {
        return String::new();
    }
    let bench = bench_command(facts);
    let (name, cd) = (facts.gate_name(), gitlab_directory(facts));
    format!(
        "
{name}:benchmarks:
  image: {image}
  needs: [\"{name}:pilot\"]
{rules}  timeout: 1h
  script:
{cd}    - {bench}

# Compared with the target branch, measured in the same run.
{name}:regression:
  image: {image}
  needs: [\"{name}:benchmarks\"]
{rules}  variables:
    GIT_DEPTH: \"0\" # the reference commit
  timeout: 2h
  script:
{cd}    - cargo install cargo-gate --locked
    - cargo gate suite benchmarks
"
    )
}

fn gitlab_publish(facts: &InitFacts, image: &str) -> String {
    if !facts.publishes {
        return String::new();
    }
    let publish = publish_command(facts);
    let (name, cd) = (facts.gate_name(), gitlab_directory(facts));
    format!(
        "
# Only for tags `v…`; `CARGO_REGISTRY_TOKEN` is a protected variable.
{name}:publish:
  image: {image}
  needs: [\"{name}:build\"]
  rules:
    - if: $CI_COMMIT_TAG =~ /^v/
  environment: release
  timeout: 1h
  script:
{cd}    - {publish}
"
    )
}
