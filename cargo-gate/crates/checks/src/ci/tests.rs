//! A job with a matrix over directories gets the answers that separate jobs get.

use gate_contract::Check;
use gate_contract::testing::{World, pilot_policy};

use super::{gate_wired, locked};

/// Directory and argument of a job.
type Row = (&'static str, &'static str);

/// Steps that run in each of the rows, as one job with a matrix and as a job for each.
fn github(rows: &[Row], steps: &str, job: &str) -> [String; 2] {
    let written = |directory: &str, argument: &str| {
        let steps = steps.replace("ARGUMENT", argument);
        format!(
            "    runs-on: ubuntu-latest\n{job}    defaults:\n      run:\n        shell: bash\n        working-directory: {directory}\n    steps:\n{steps}"
        )
    };
    let include = rows
        .iter()
        .map(|(directory, argument)| format!("          - {{directory: '{directory}', argument: '{argument}'}}\n"));
    let matrix = format!(
        "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        include:\n{}{}",
        include.collect::<String>(),
        written("${{ matrix.directory }}", "${{ matrix.argument }}")
    );
    let jobs = rows
        .iter()
        .enumerate()
        .map(|(at, (directory, argument))| format!("  {}:\n{}", ["a", "b", "c"][at], written(directory, argument)));
    [matrix, format!("on: push\njobs:\n{}", jobs.collect::<String>())]
}

/// The same for GitLab.
fn gitlab(rows: &[Row], script: &str, job: &str) -> [String; 2] {
    let written = |directory: &str, argument: &str| {
        let script = script.replace("ARGUMENT", argument);
        format!("{job}  script:\n    - cd \"{directory}\"\n{script}")
    };
    let include = rows
        .iter()
        .map(|(directory, argument)| format!("      - {{DIRECTORY: '{directory}', ARGUMENT: '{argument}'}}\n"));
    let matrix = format!(
        "a:\n  parallel:\n    matrix:\n{}{}",
        include.collect::<String>(),
        written("$DIRECTORY", "$ARGUMENT")
    );
    let jobs = rows
        .iter()
        .enumerate()
        .map(|(at, (directory, argument))| format!("{}:\n{}", ["a", "b", "c"][at], written(directory, argument)));
    [matrix, jobs.collect()]
}

/// What a check says of a file, without line numbers.
fn said(check: &'static Check, path: &str, text: &str) -> String {
    let mut world = World::new();
    world.policy.stages.extend([pilot_policy()]);
    world.ci(&[
        (path, text),
        ("tool/Cargo.toml", ""),
        ("tool/Cargo.lock", ""),
        ("src/lib.rs", ""),
    ]);
    let said = world.text(check);
    let lines = said.lines().map(|line| {
        let parts: Vec<&str> = line.split(':').filter(|part| part.parse::<u32>().is_err()).collect();
        parts.join(":")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Asserts that both forms get the same answer on both services, and returns it.
fn both(check: &'static Check, rows: &[Row], commands: &[&str]) -> String {
    let steps: String = commands.iter().map(|line| format!("      - run: {line}\n")).collect();
    let script: String = commands.iter().map(|line| format!("    - {line}\n")).collect();
    let [matrix, jobs] = github(rows, &steps, "");
    let path = ".github/workflows/ci.yml";
    let answer = said(check, path, &matrix);
    assert_eq!(answer, said(check, path, &jobs), "{matrix}");
    let [matrix, jobs] = gitlab(rows, &script, "");
    let path = ".gitlab-ci.yml";
    assert_eq!(said(check, path, &matrix), said(check, path, &jobs), "{matrix}");
    assert_eq!(said(check, path, &matrix).is_empty(), answer.is_empty(), "{matrix}");
    answer
}

#[test]
fn each_directory_is_held_to_its_own_lockfile() {
    let fetch = ["cargo fetch ARGUMENT", "cargo test"];
    insta::assert_snapshot!(both(&locked::CHECK, &[(".", "--locked"), ("tool", "")], &fetch), @"
    .github/workflows/ci.yml: 2 cargo commands resolve dependencies without `--locked`; the first is `cargo fetch` [controlled]
      also: .github/workflows/ci.yml
      help: write `cargo fetch --locked`, which also covers later commands of the same job
    ");
    // Another job of the matrix vouches for nothing, though it is of the same workspace.
    insta::assert_snapshot!(both(&locked::CHECK, &[(".", "--locked"), ("src", "")], &fetch), @"
    .github/workflows/ci.yml: 2 cargo commands resolve dependencies without `--locked`; the first is `cargo fetch` [controlled]
      also: .github/workflows/ci.yml
      help: write `cargo fetch --locked`, which also covers later commands of the same job
    ");
    insta::assert_snapshot!(both(&locked::CHECK, &[(".", "test"), ("tool", "update")], &["cargo ARGUMENT"]), @"
    .github/workflows/ci.yml: `cargo test` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked`
    ");
    for rows in [
        [(".", "--locked"), ("tool", "--locked")],
        [(".", "--locked"), ("elsewhere", "")],
        [("elsewhere", ""), ("src", "--frozen")],
    ] {
        assert_eq!(both(&locked::CHECK, &rows, &fetch), "", "{rows:?}");
    }
}

#[test]
fn the_gate_runs_in_a_job_of_the_matrix() {
    let rows = [(".", "pilot"), ("tool", "pilot")];
    assert_eq!(both(&gate_wired::CHECK, &rows, &["cargo gate ARGUMENT --locked"]), "");
    assert_eq!(both(&gate_wired::CHECK, &rows, &["cargo gate ARGUMENT | tee log"]), "");
    insta::assert_snapshot!(both(&gate_wired::CHECK, &rows, &["cargo gate ARGUMENT || true"]), @"
    .github/workflows/ci.yml: the gate runs, but a refusal does not fail the pipeline: what follows `||` hides its failure [controlled]
      help: run `cargo gate pilot` in a separate step, on pushes and pull requests, and let it fail the job
    ");
    insta::assert_snapshot!(both(&gate_wired::CHECK, &[(".", "status"), ("tool", "help")], &["cargo gate ARGUMENT"]), @"
    .github/workflows/ci.yml: no CI job runs the gate [controlled]
      help: add a step `cargo gate pilot --locked`, or write a workflow with `cargo gate init --ci github`
    ");
    let [matrix, jobs] = github(
        &rows,
        "      - run: cargo gate ARGUMENT\n",
        "    continue-on-error: true\n",
    );
    let of = |text: &str| said(&gate_wired::CHECK, ".github/workflows/ci.yml", text);
    assert_eq!(of(&matrix), of(&jobs));
    assert!(of(&matrix).contains("is allowed to fail"));
}
