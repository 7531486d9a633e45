//! The workflow for GitHub.

use super::commands::{bench_command, branch, build_command, gate_command, nextest_line, publish_command, yaml};
use crate::init::InitFacts;

/// actions/checkout, by the commit of its v4.2.2.
const CHECKOUT: &str = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";
/// actions/upload-artifact, by the commit of its v4.6.2.
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2";
/// actions/download-artifact, by the commit of its v4.3.0.
const DOWNLOAD: &str = "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0";
/// actions/cache, by the commit of its v4.2.3.
const CACHE: &str = "actions/cache@5a3ec84eff668545956fd18022155c47e93e2684 # v4.2.3";

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

/// The jobs of one workspace. Where it is not alone in the repository, they carry its name and its directory.
struct Jobs<'a> {
    facts: &'a InitFacts,
    alone: bool,
}

impl Jobs<'_> {
    fn name(&self, job: &str) -> String {
        if self.alone {
            job.to_owned()
        } else {
            format!("{}-{job}", self.facts.gate_name())
        }
    }

    /// Where the commands of a job run, unless the workflow says it once for all jobs.
    fn directory(&self) -> String {
        if self.alone {
            return String::new();
        }
        format!(
            "    defaults:\n      run:\n        working-directory: {}\n",
            yaml(&self.facts.directory)
        )
    }

    /// What the jobs behind the gate wait for.
    fn needs(&self) -> String {
        let mut jobs = vec![self.name("pilot"), self.name("verdict")];
        if !self.facts.compared.is_empty() {
            jobs.push(self.name("regression"));
        }
        format!("[{}]", jobs.join(", "))
    }
}

/// The jobs between the gate and the build: benchmarks run, then those of the change are judged beside those of the branch.
fn github_benchmarks(jobs: &Jobs<'_>) -> String {
    let facts = jobs.facts;
    if facts.compared.is_empty() {
        return String::new();
    }
    let bench = bench_command(facts);
    let compare = facts
        .compared
        .iter()
        .map(|suite| format!("      - run: cargo gate suite {suite}\n"));
    let compare: String = compare.collect();
    let (checkout, checkout_all) = (github_checkout(None), github_checkout(Some("the reference commit")));
    let [pilot, benchmarks, regression] = ["pilot", "benchmarks", "regression"].map(|job| jobs.name(job));
    let directory = jobs.directory();
    format!(
        "
  {benchmarks}:
    needs: {pilot}
    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    steps:
{checkout}      - run: rustc -vV
      - run: {bench}

  # Compared with the target branch, measured in the same run.
  {regression}:
    needs: {benchmarks}
    runs-on: ubuntu-latest
    timeout-minutes: 120
{directory}    steps:
{checkout_all}      - run: rustc -vV
      - run: cargo install cargo-gate --locked
{compare}"
    )
}

/// One decision from the runs of all systems.
fn github_verdict(jobs: &Jobs<'_>) -> String {
    let facts = jobs.facts;
    let name = facts.gate_name();
    let checkout = github_checkout(None);
    let download = yaml(&facts.path_below_top("target/runs"));
    let [pilot, verdict] = ["pilot", "verdict"].map(|job| jobs.name(job));
    let directory = jobs.directory();
    format!(
        "
  # One decision from the three runs, which must be about one commit and one policy.
  {verdict}:
    needs: {pilot}
    if: always()
    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    steps:
{checkout}      - run: rustc -vV
      - run: cargo install cargo-gate --locked
      - uses: {DOWNLOAD}
        with:
          pattern: {name}-*
          path: {download}
          merge-multiple: true
      - run: cargo gate evidence merge --platform linux --platform macos --platform windows target/runs/*.tar.gz
"
    )
}

/// The stages up to `broad`, which publishing waits for. Runs on the branch make the streak that `broad` requires.
fn github_broad(jobs: &Jobs<'_>) -> String {
    let facts = jobs.facts;
    if !facts.publishes {
        return String::new();
    }
    let (name, branch) = (facts.gate_name(), branch(facts));
    let (job, needs, directory) = (jobs.name("broad"), jobs.needs(), jobs.directory());
    let checkout = github_checkout(Some("the gate reads earlier decisions from the history"));
    let cache = yaml(&facts.path_below_top("target/gate"));
    let nextest = nextest_line(facts, "      - run: ");
    let [pilot, controlled, broad] = ["pilot", "controlled", "broad"].map(|stage| gate_command(facts, stage));
    format!(
        "
  # The stages in their order. Each run on the branch counts for the streak that `broad` requires; its history is
  # in the cache, and counts on other machines because they share the key.
  {job}:
    needs: {needs}
    if: github.ref == 'refs/heads/{branch}' || startsWith(github.ref, 'refs/tags/v')
    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    env:
      CARGO_GATE_EVIDENCE_KEY: ${{{{ secrets.CARGO_GATE_EVIDENCE_KEY }}}}
    steps:
{checkout}      - uses: {CACHE}
        with:
          path: {cache}
          key: {name}-history-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: {name}-history-
      - run: rustc -vV
      - run: cargo install cargo-gate --locked
{nextest}      - run: {pilot}
      - run: {controlled}
        continue-on-error: true # on the branch it is only recorded
      - run: {broad}
        if: startsWith(github.ref, 'refs/tags/v')
"
    )
}

fn github_publish(jobs: &Jobs<'_>) -> String {
    let facts = jobs.facts;
    if !facts.publishes {
        return String::new();
    }
    let publish = publish_command(facts);
    let checkout = github_checkout(None);
    let [job, build, broad] = ["publish", "build", "broad"].map(|job| jobs.name(job));
    let directory = jobs.directory();
    format!(
        "
  # Only for tags `v…`; the environment can require an approval.
  {job}:
    needs: [{build}, {broad}]
    if: startsWith(github.ref, 'refs/tags/v')
    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    environment: release
    steps:
{checkout}      - run: rustc -vV
      - run: {publish}
        env:
          CARGO_REGISTRY_TOKEN: ${{{{ secrets.CARGO_REGISTRY_TOKEN }}}}
"
    )
}

/// What a job takes from the run before: the installed tools and what cargo downloaded and built, which are the same
/// while the lockfile is; and evidence.
fn github_cache(facts: &InitFacts) -> String {
    let name = facts.gate_name();
    let [lockfile, target, gate] = ["Cargo.lock", "target", "target/gate"].map(|path| facts.path_below_top(path));
    let (lockfile, evidence) = (lockfile.replace('\'', "''"), yaml(&gate));
    format!(
        "      - uses: {CACHE}
        with:
          path: |
            ~/.cargo/.crates.toml
            ~/.cargo/.crates2.json
            ~/.cargo/bin
            ~/.cargo/registry
            {target}
            !{gate}
          key: {name}-build-${{{{ matrix.os }}}}-${{{{ hashFiles('{lockfile}') }}}}
          restore-keys: {name}-build-${{{{ matrix.os }}}}-
      # Evidence of an earlier run counts here if the runs share the key.
      - uses: {CACHE}
        with:
          path: {evidence}
          key: {name}-evidence-${{{{ matrix.os }}}}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: {name}-evidence-${{{{ matrix.os }}}}-
"
    )
}

/// The directory in which commands run on GitHub.
fn github_directory(facts: &InitFacts) -> String {
    match facts.directory.as_str() {
        "" => String::new(),
        directory => format!("\ndefaults:\n  run:\n    working-directory: {}\n", yaml(directory)),
    }
}

/// `.github/workflows/gate.yml`: for each workspace of the repository the pilot gate on Linux, macOS and Windows, one decision
/// from all three, then benchmarks and their comparison where there are any, the release build, the stages up to `broad`, and
/// publishing.
pub fn github_workflow(workspaces: &[&InitFacts]) -> String {
    let alone = workspaces.len() == 1;
    let branch = workspaces.first().map_or("main", |facts| branch(facts));
    let tags = if workspaces.iter().any(|facts| facts.publishes) {
        "    tags: [\"v*\"]\n"
    } else {
        ""
    };
    let directory = match workspaces {
        [facts] => github_directory(facts),
        _ => String::new(),
    };
    let jobs: Vec<String> = workspaces
        .iter()
        .map(|facts| github_jobs(&Jobs { facts, alone }))
        .collect();
    let jobs = jobs.join("\n");
    format!(
        "\
# Written by `cargo gate init`; yours to change.
name: gate

on:
  push:
    branches: [\"{branch}\"]
{tags}  pull_request:
  merge_group:

permissions:
  contents: read

concurrency:
  group: gate-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}
{directory}
jobs:
{jobs}"
    )
}

fn github_jobs(jobs: &Jobs<'_>) -> String {
    let facts = jobs.facts;
    let gate = gate_command(facts, "pilot");
    let build = build_command(facts);
    let checkout = github_checkout(None);
    let checkout_all = github_checkout(Some(
        "the gate reads earlier inventories and decisions from the history",
    ));
    let nextest = nextest_line(facts, "      - run: ");
    let cache = github_cache(facts);
    let [pilot, release] = ["pilot", "build"].map(|job| jobs.name(job));
    let (needs, directory) = (jobs.needs(), jobs.directory());
    let (verdict, benchmarks) = (github_verdict(jobs), github_benchmarks(jobs));
    let (broad, publish) = (github_broad(jobs), github_publish(jobs));
    let name = facts.gate_name();
    let bundle = yaml(&facts.path_below_top(&format!("target/{name}-${{{{ matrix.os }}}}.tar.gz")));
    format!(
        "  {pilot}:
    strategy:
      fail-fast: false
      matrix:
        os: [ubuntu-latest, macos-latest, windows-latest]
    runs-on: ${{{{ matrix.os }}}}
    timeout-minutes: 60
{directory}    env:
      CARGO_GATE_EVIDENCE_KEY: ${{{{ secrets.CARGO_GATE_EVIDENCE_KEY }}}}
    steps:
{checkout_all}{cache}      - run: rustc -vV # installs what rust-toolchain.toml pins
      - run: cargo install cargo-gate --locked
{nextest}      - run: {gate}
      - run: cargo gate evidence bundle --out target/{name}-${{{{ matrix.os }}}}.tar.gz
        if: always()
      - uses: {UPLOAD}
        if: always()
        with:
          name: {name}-${{{{ matrix.os }}}}
          path: {bundle}
          if-no-files-found: error
{verdict}{benchmarks}
  # Release builds start only after the gate has passed.
  {release}:
    needs: {needs}
    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    steps:
{checkout}      - run: rustc -vV
      - run: {build}
{broad}{publish}"
    )
}
