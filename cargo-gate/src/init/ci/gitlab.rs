//! The pipeline for GitLab.

use super::commands::{is_plain, yaml};
use super::workspaces::{ALL, Column, DIRECTORY, LOCKED, NAME, RUST, SUITE, Service, Workspaces};
use crate::init::InitFacts;

/// The jobs of a pipeline, and the workspaces that a job is for.
struct Jobs<'a> {
    workspaces: Workspaces<'a>,
    /// What the names of all jobs begin with.
    name: &'a str,
}

impl<'a> Jobs<'a> {
    /// The jobs of those workspaces of which something holds.
    fn only(&self, has: impl Fn(&InitFacts) -> bool) -> Option<Self> {
        Some(self.of(self.workspaces.only(has)?))
    }

    fn of(&self, workspaces: Workspaces<'a>) -> Self {
        Self { workspaces, ..*self }
    }

    /// The lines that give a job a matrix over its workspaces, where it is for several.
    fn matrix(&self, columns: &[&Column]) -> String {
        if self.workspaces.single().is_some() {
            return String::new();
        }
        let rows = self.workspaces.rows(columns).into_iter();
        let rows: String = rows.map(|row| format!("      - {row}\n")).collect();
        format!("  parallel:\n    matrix:\n{rows}")
    }

    fn image(&self) -> String {
        match self.workspaces.value(&RUST).as_str() {
            "latest" => "rust:latest # pin the version that builds the workspace".into(),
            version => format!("rust:{version}"),
        }
    }

    /// The line of a script that goes to the workspace; none at the top.
    fn directory(&self) -> String {
        let Some(facts) = self.workspaces.single() else {
            return format!("    - cd \"{}\"\n", self.workspaces.value(&DIRECTORY));
        };
        match facts.directory.as_str() {
            "" => String::new(),
            directory if is_plain(directory) => format!("    - cd {directory}\n"),
            directory => {
                let command = format!("cd '{}'", directory.replace('\'', r"'\''"));
                format!("    - {}\n", yaml(&command))
            }
        }
    }

    /// The line that installs what runs the tests, where that is not cargo.
    fn nextest(&self) -> &'static str {
        if self.workspaces.any(|facts| facts.nextest) {
            "    - cargo install cargo-nextest --locked\n"
        } else {
            ""
        }
    }
}

/// `.gitlab/gate.yml`, to be included from `.gitlab-ci.yml`: for each workspace of the repository the pilot gate on merge
/// requests and the default branch, then the release build. Several workspaces share the jobs, which have a matrix over their
/// directories.
pub fn gitlab_pipeline(workspaces: &[&InitFacts]) -> String {
    let name = match workspaces {
        [facts] => facts.gate_name(),
        _ => "gate".into(),
    };
    let jobs = gitlab_jobs(&Jobs {
        workspaces: Workspaces::new(Service::Gitlab, workspaces),
        name: &name,
    });
    format!(
        "\
# Written by `cargo gate init`; yours to change. Include it from .gitlab-ci.yml:
#
# include:
#   - local: .gitlab/gate.yml

{jobs}"
    )
}

fn gitlab_jobs(jobs: &Jobs<'_>) -> String {
    let workspaces = &jobs.workspaces;
    let (gate, build) = (workspaces.gate("pilot"), workspaces.build());
    let tag = if workspaces.any(|facts| facts.publishes) {
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
    let benchmarks = gitlab_benchmarks(jobs, &rules);
    let (name, key) = (jobs.name, workspaces.value(&NAME));
    let needs = if workspaces.any(|facts| !facts.compared.is_empty()) {
        format!("[\"{name}:pilot\", \"{name}:regression\"]")
    } else {
        format!("[\"{name}:pilot\"]")
    };
    let (image, cd, nextest) = (jobs.image(), jobs.directory(), jobs.nextest());
    let below = |path: &str| workspaces.path(&format!("target/gate/{path}"));
    let (runs, quality, junit) = (below("runs"), below("code-quality.json"), below("junit.xml"));
    let target = workspaces.path("target");
    let publish = gitlab_publish(jobs);
    let of_pilot = jobs.matrix(&[&DIRECTORY, &NAME, &LOCKED, &RUST]);
    let of_build = jobs.matrix(&[&DIRECTORY, &LOCKED, &RUST]);
    format!(
        "\
{name}:pilot:
{of_pilot}  image: {image}
{rules}  variables:
    GIT_DEPTH: \"0\" # the gate reads earlier inventories and decisions from the history
  allow_failure: false
  timeout: 1h
  # What cargo built, and evidence, which counts on runners that share the protected variable `CARGO_GATE_EVIDENCE_KEY`.
  cache:
    key: {key}-pilot
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
{of_build}  image: {image}
  needs: {needs}
{rules}  timeout: 1h
  script:
{cd}    - {build}
{publish}"
    )
}

fn gitlab_benchmarks(jobs: &Jobs<'_>, rules: &str) -> String {
    let Some(jobs) = jobs.only(|facts| !facts.compared.is_empty()) else {
        return String::new();
    };
    let bench = jobs.workspaces.bench();
    let regression = jobs.of(jobs.workspaces.with_suites());
    let compare = regression.workspaces.compare().into_iter();
    let compare: String = compare.map(|command| format!("    - {command}\n")).collect();
    let (name, image, cd) = (jobs.name, jobs.image(), jobs.directory());
    let of_benchmarks = jobs.matrix(&[&DIRECTORY, &LOCKED, &RUST]);
    let of_regression = regression.matrix(&[&DIRECTORY, &SUITE, &RUST]);
    format!(
        "
{name}:benchmarks:
{of_benchmarks}  image: {image}
  needs: [\"{name}:pilot\"]
{rules}  timeout: 1h
  script:
{cd}    - {bench}

# Compared with the target branch, measured in the same run.
{name}:regression:
{of_regression}  image: {image}
  needs: [\"{name}:benchmarks\"]
{rules}  variables:
    GIT_DEPTH: \"0\" # the reference commit
  timeout: 2h
  script:
{cd}    - cargo install cargo-gate --locked
{compare}"
    )
}

fn gitlab_publish(jobs: &Jobs<'_>) -> String {
    let Some(jobs) = jobs.only(|facts| facts.publishes) else {
        return String::new();
    };
    let workspaces = &jobs.workspaces;
    let publish = workspaces.publish();
    let (name, key, image, cd) = (jobs.name, workspaces.value(&NAME), jobs.image(), jobs.directory());
    let cache = workspaces.path("target/gate");
    let nextest = jobs.nextest();
    let of_broad = jobs.matrix(&[&DIRECTORY, &NAME, &LOCKED, &RUST]);
    let of_publish = jobs.matrix(&[&DIRECTORY, &ALL, &LOCKED, &RUST]);
    let [pilot, controlled, broad] = ["pilot", "controlled", "broad"].map(|stage| workspaces.gate(stage));
    format!(
        "
# The stages in their order. Each run on the branch counts for the streak that `broad` requires; its history is in the
# cache, and counts on other runners because they share the protected variable `CARGO_GATE_EVIDENCE_KEY`.
{name}:broad:
{of_broad}  image: {image}
  needs: [\"{name}:build\"]
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    - if: $CI_COMMIT_TAG =~ /^v/
  variables:
    GIT_DEPTH: \"0\" # the gate reads earlier decisions from the history
  timeout: 1h
  cache:
    key: {key}
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
{of_publish}  image: {image}
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
