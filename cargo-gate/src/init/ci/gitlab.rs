//! The pipeline for GitLab.

use super::commands::{bench_command, build_command, gate_command, is_plain, nextest_line, publish_command, yaml};
use crate::init::InitFacts;

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

/// `.gitlab/gate.yml`, to be included from `.gitlab-ci.yml`: for each workspace of the repository the pilot gate on merge
/// requests and the default branch, then the release build.
pub fn gitlab_pipeline(workspaces: &[&InitFacts]) -> String {
    let jobs: Vec<String> = workspaces.iter().map(|facts| gitlab_jobs(facts)).collect();
    format!(
        "\
# Written by `cargo gate init`; yours to change. Include it from .gitlab-ci.yml:
#
# include:
#   - local: .gitlab/gate.yml

{}",
        jobs.join("\n")
    )
}

fn gitlab_jobs(facts: &InitFacts) -> String {
    let gate = gate_command(facts, "pilot");
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
    let needs = if facts.compared.is_empty() {
        format!("[\"{name}:pilot\"]")
    } else {
        format!("[\"{name}:pilot\", \"{name}:regression\"]")
    };
    let cd = gitlab_directory(facts);
    let below = |path: &str| yaml(&facts.path_below_top(&format!("target/gate/{path}")));
    let (runs, quality, junit) = (below("runs"), below("code-quality.json"), below("junit.xml"));
    let target = yaml(&facts.path_below_top("target"));
    let publish = gitlab_publish(facts, &image);
    format!(
        "\
{name}:pilot:
  image: {image}
{rules}  variables:
    GIT_DEPTH: \"0\" # the gate reads earlier inventories and decisions from the history
  allow_failure: false
  timeout: 1h
  # What cargo built, and evidence, which counts on runners that share the protected variable `CARGO_GATE_EVIDENCE_KEY`.
  cache:
    key: {name}-pilot
    paths:
      - {target}
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
    if facts.compared.is_empty() {
        return String::new();
    }
    let bench = bench_command(facts);
    let compare = facts
        .compared
        .iter()
        .map(|suite| format!("    - cargo gate suite {suite}\n"));
    let compare: String = compare.collect();
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
{compare}"
    )
}

fn gitlab_publish(facts: &InitFacts, image: &str) -> String {
    if !facts.publishes {
        return String::new();
    }
    let publish = publish_command(facts);
    let (name, cd) = (facts.gate_name(), gitlab_directory(facts));
    let cache = yaml(&facts.path_below_top("target/gate"));
    let nextest = nextest_line(facts, "    - ");
    let [pilot, controlled, broad] = ["pilot", "controlled", "broad"].map(|stage| gate_command(facts, stage));
    format!(
        "
# The stages in their order. Each run on the branch counts for the streak that `broad` requires; its history is in the
# cache, and counts on other runners because they share the protected variable `CARGO_GATE_EVIDENCE_KEY`.
{name}:broad:
  image: {image}
  needs: [\"{name}:build\"]
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    - if: $CI_COMMIT_TAG =~ /^v/
  variables:
    GIT_DEPTH: \"0\" # the gate reads earlier decisions from the history
  timeout: 1h
  cache:
    key: {name}
    paths:
      - {cache}
  script:
{cd}    - rustup component add clippy rustfmt
    - cargo install cargo-gate --locked
{nextest}    - {pilot}
    - {controlled} || test -z \"$CI_COMMIT_TAG\" # on the branch it is only recorded
    - test -z \"$CI_COMMIT_TAG\" || {broad}

# Only for tags `v…`; `CARGO_REGISTRY_TOKEN` is a protected variable.
{name}:publish:
  image: {image}
  needs: [\"{name}:broad\"]
  rules:
    - if: $CI_COMMIT_TAG =~ /^v/
  environment: release
  timeout: 1h
  script:
{cd}    - {publish}
"
    )
}
