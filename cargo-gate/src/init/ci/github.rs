//! The workflow for GitHub.

use super::commands::{branch, yaml};
use super::workspaces::{ALL, Column, DIRECTORY, LOCKED, NAME, SUITE, Service, Workspaces};
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

/// The jobs of a workflow, and the workspaces that a job is for.
struct Jobs<'a> {
    workspaces: Workspaces<'a>,
    /// Whether the workflow is for one workspace, and says once where all its commands run.
    alone: bool,
    /// What the jobs behind the gate wait for.
    needs: &'a str,
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
        match self.workspaces.single() {
            Some(_) => String::new(),
            None => format!(
                "    strategy:\n      fail-fast: false\n      matrix:\n{}",
                self.rows(columns)
            ),
        }
    }

    /// The rows of that matrix.
    fn rows(&self, columns: &[&Column]) -> String {
        let rows = self.workspaces.rows(columns).into_iter();
        let rows: String = rows.map(|row| format!("          - {row}\n")).collect();
        format!("        include:\n{rows}")
    }

    /// Where the commands of a job run, unless the workflow says it once for all jobs.
    fn directory(&self) -> String {
        if self.alone {
            return String::new();
        }
        let directory = match self.workspaces.common(&DIRECTORY) {
            Some(directory) => yaml(&directory),
            None => self.workspaces.value(&DIRECTORY),
        };
        format!("    defaults:\n      run:\n        working-directory: {directory}\n")
    }

    /// The line that installs what runs the tests, where that is not cargo.
    fn nextest(&self) -> &'static str {
        if self.workspaces.any(|facts| facts.nextest) {
            "      - run: cargo install cargo-nextest --locked\n"
        } else {
            ""
        }
    }

    /// What stands between the name of a workspace and that of a machine, so that no name begins like another.
    fn on(&self) -> &'static str {
        if self.alone { "-" } else { "@" }
    }
}

/// The jobs between the gate and the build: benchmarks run, then those of the change are judged beside those of the branch.
fn github_benchmarks(jobs: &Jobs<'_>) -> String {
    let Some(jobs) = jobs.only(|facts| !facts.compared.is_empty()) else {
        return String::new();
    };
    let bench = jobs.workspaces.bench();
    let regression = jobs.of(jobs.workspaces.with_suites());
    let compare = regression.workspaces.compare().into_iter();
    let compare: String = compare.map(|command| format!("      - run: {command}\n")).collect();
    let (checkout, checkout_all) = (github_checkout(None), github_checkout(Some("the reference commit")));
    let (matrix, directory) = (jobs.matrix(&[&DIRECTORY, &LOCKED]), jobs.directory());
    let of_regression = (regression.matrix(&[&DIRECTORY, &SUITE]), regression.directory());
    format!(
        "
  benchmarks:
    needs: pilot
{matrix}    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    steps:
{checkout}      - run: rustc -vV
      - run: {bench}

  # Compared with the target branch, measured in the same run.
  regression:
    needs: benchmarks
{}    runs-on: ubuntu-latest
    timeout-minutes: 120
{}    steps:
{checkout_all}      - run: rustc -vV
      - run: cargo install cargo-gate --locked
{compare}",
        of_regression.0, of_regression.1
    )
}

/// One decision from the runs of all systems.
fn github_verdict(jobs: &Jobs<'_>) -> String {
    let (name, on) = (jobs.workspaces.value(&NAME), jobs.on());
    let checkout = github_checkout(None);
    let download = jobs.workspaces.path("target/runs");
    let (matrix, directory) = (jobs.matrix(&[&DIRECTORY, &NAME]), jobs.directory());
    format!(
        "
  # One decision from the three runs, which must be about one commit and one policy.
  verdict:
    needs: pilot
    if: always()
{matrix}    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    steps:
{checkout}      - run: rustc -vV
      - run: cargo install cargo-gate --locked
      - uses: {DOWNLOAD}
        with:
          pattern: {name}{on}*
          path: {download}
          merge-multiple: true
      - run: cargo gate evidence merge --platform linux --platform macos --platform windows target/runs/*.tar.gz
"
    )
}

/// The stages up to `broad`, which publishing waits for. Runs on the branch make the streak that `broad` requires.
fn github_broad(jobs: &Jobs<'_>, branch: &str) -> String {
    let Some(jobs) = jobs.only(|facts| facts.publishes) else {
        return String::new();
    };
    let (name, needs) = (jobs.workspaces.value(&NAME), jobs.needs);
    let (matrix, directory) = (jobs.matrix(&[&DIRECTORY, &NAME, &LOCKED]), jobs.directory());
    let checkout = github_checkout(Some("the gate reads earlier decisions from the history"));
    let cache = jobs.workspaces.path("target/gate");
    let nextest = jobs.nextest();
    let [pilot, controlled, broad] = ["pilot", "controlled", "broad"].map(|stage| jobs.workspaces.gate(stage));
    format!(
        "
  # The stages in their order. Each run on the branch counts for the streak that `broad` requires; its history is
  # in the cache, and counts on other machines because they share the key.
  broad:
    needs: {needs}
    if: github.ref == 'refs/heads/{branch}' || startsWith(github.ref, 'refs/tags/v')
{matrix}    runs-on: ubuntu-latest
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
    let Some(jobs) = jobs.only(|facts| facts.publishes) else {
        return String::new();
    };
    let publish = jobs.workspaces.publish();
    let checkout = github_checkout(None);
    let (matrix, directory) = (jobs.matrix(&[&DIRECTORY, &ALL, &LOCKED]), jobs.directory());
    format!(
        "
  # Only for tags `v…`; the environment can require an approval.
  publish:
    needs: [build, broad]
    if: startsWith(github.ref, 'refs/tags/v')
{matrix}    runs-on: ubuntu-latest
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
fn github_cache(workspaces: &Workspaces<'_>) -> String {
    let name = workspaces.value(&NAME);
    let lockfile = match workspaces.single() {
        Some(facts) => format!("'{}'", facts.path_below_top("Cargo.lock").replace('\'', "''")),
        None => "format('{0}/Cargo.lock', matrix.directory)".into(),
    };
    let below = |path: &str| match workspaces.single() {
        // Lines of a literal need no quotation marks.
        Some(facts) => facts.path_below_top(path),
        None => workspaces.path(path),
    };
    let (target, gate, evidence) = (below("target"), below("target/gate"), workspaces.path("target/gate"));
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
          key: {name}-build-${{{{ matrix.os }}}}-${{{{ hashFiles({lockfile}) }}}}
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
/// publishing. Several workspaces share the jobs, which have a matrix over their directories.
pub fn github_workflow(workspaces: &[&InitFacts]) -> String {
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
    let is_compared = workspaces.iter().any(|facts| !facts.compared.is_empty());
    let jobs = github_jobs(
        &Jobs {
            workspaces: Workspaces::new(Service::Github, workspaces),
            alone: workspaces.len() == 1,
            needs: if is_compared {
                "[pilot, verdict, regression]"
            } else {
                "[pilot, verdict]"
            },
        },
        branch,
    );
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

fn github_jobs(jobs: &Jobs<'_>, branch: &str) -> String {
    let workspaces = &jobs.workspaces;
    let (gate, build) = (workspaces.gate("pilot"), workspaces.build());
    let checkout = github_checkout(None);
    let checkout_all = github_checkout(Some(
        "the gate reads earlier inventories and decisions from the history",
    ));
    let (nextest, cache) = (jobs.nextest(), github_cache(workspaces));
    let (needs, directory) = (jobs.needs, jobs.directory());
    let (verdict, benchmarks) = (github_verdict(jobs), github_benchmarks(jobs));
    let (broad, publish) = (github_broad(jobs, branch), github_publish(jobs));
    let (name, on) = (workspaces.value(&NAME), jobs.on());
    let bundle = workspaces.path(&format!("target/{name}-${{{{ matrix.os }}}}.tar.gz"));
    let over = match workspaces.single() {
        Some(_) => String::new(),
        None => format!(
            "        directory: {}\n{}",
            workspaces.directories(),
            jobs.rows(&[&DIRECTORY, &NAME, &LOCKED])
        ),
    };
    let of_build = jobs.matrix(&[&DIRECTORY, &LOCKED]);
    format!(
        "  pilot:
    strategy:
      fail-fast: false
      matrix:
        os: [ubuntu-latest, macos-latest, windows-latest]
{over}    runs-on: ${{{{ matrix.os }}}}
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
          name: {name}{on}${{{{ matrix.os }}}}
          path: {bundle}
          if-no-files-found: error
{verdict}{benchmarks}
  # Release builds start only after the gate has passed.
  build:
    needs: {needs}
{of_build}    runs-on: ubuntu-latest
    timeout-minutes: 60
{directory}    steps:
{checkout}      - run: rustc -vV
      - run: {build}
{broad}{publish}"
    )
}
