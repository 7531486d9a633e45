//! Workflows that build without the lockfile, or pass when the gate refuses.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};
use super::workspace::WORKFLOW;

const BUILD: &str = "      - run: cargo build --workspace --locked\n";
const GATE: &str = "          cargo gate broad --locked\n";

/// Another build in the workflow.
fn build(what: &str, to: &'static str) -> Row {
    row(format!("build in CI: {what}"), BROAD, "ci.locked", move |gate| {
        gate.replace(WORKFLOW, BUILD, &format!("      - run: {to}\n"));
    })
}

/// Another call of the gate in the workflow.
fn call(what: &str, to: &'static str) -> Row {
    row(
        format!("call the gate in CI: {what}"),
        BROAD,
        "ci.gate-wired",
        move |gate| {
            gate.replace(WORKFLOW, GATE, &format!("          {to}\n"));
        },
    )
}

/// Another action in the workflow.
fn action(what: &str, to: &'static str) -> Row {
    row(
        format!("use an action {what}"),
        BROAD,
        "ci.actions-pinned",
        move |gate| {
            gate.replace(WORKFLOW, "@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", to);
        },
    )
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        build("`cargo test` without the lockfile", "cargo test --workspace"),
        build("`cargo run` without the lockfile", "cargo run --package logic"),
        build("`cargo clippy` without the lockfile", "cargo clippy --workspace"),
        build("with a toolchain and without the lockfile", "cargo +1.95.0 build"),
        build("behind `sh -c`", "sh -c 'cargo build --workspace'"),
        build("behind `bash -ec`", "bash -ec \"cargo build --workspace\""),
        build("behind `env`", "env CI=1 cargo build --workspace"),
        build("behind a variable", "CI=1 cargo build --workspace"),
        build("behind `time`", "time cargo build --workspace"),
        build("behind `cd`", "cd logic && cargo build"),
        build("as the second of two", "true; cargo build --workspace"),
        build("where another fails", "false || cargo build --workspace"),
        build("in a subshell", "(cargo build --workspace)"),
        build("after `--`", "cargo run --package logic -- --locked"),
        build("in a file", "sh ci/build.sh").then(|gate| gate.write("ci/build.sh", "cargo build --workspace\n")),
        build("by make", "make all").then(|gate| gate.write("Makefile", "all: lib\nlib:\n\tcargo build\n")),
        build("by just", "just build").then(|gate| gate.write("justfile", "build:\n    cargo build\n")),
        build("by an installation", "cargo install --path logic"),
        call("ignore its status", "cargo gate broad --locked || true"),
        call("end in a pipe", "cargo gate broad --locked | cat"),
        call("in the background", "cargo gate broad --locked &"),
        call("only print the plan", "cargo gate broad --locked --plan"),
        call("only print it", "echo cargo gate broad --locked"),
        call("in a comment", "# cargo gate broad --locked"),
        call("only ask for the status", "cargo gate status"),
        call("show the help", "cargo gate broad --help"),
        call(
            "judge the first stage alone, and turn it off",
            "set +e; cargo gate broad --locked; exit 0",
        ),
        action("by its branch", "@main"),
        action("by a short commit", "@11bd719"),
        action("by an expression", "@${{ github.sha }}"),
        action("without a version", ""),
        row(
            "use an action of another repository by its tag",
            BROAD,
            "ci.actions-pinned",
            |gate| {
                gate.replace(WORKFLOW, BUILD, &format!("      - uses: acme/build@v1\n{BUILD}"));
            },
        ),
        row("use a container by its tag", BROAD, "ci.actions-pinned", |gate| {
            gate.replace(WORKFLOW, BUILD, &format!("      - uses: docker://alpine:3.20\n{BUILD}"));
        }),
        row(
            "use a workflow of another repository by its branch",
            BROAD,
            "ci.actions-pinned",
            |gate| {
                gate.append(
                    WORKFLOW,
                    "  other:\n    uses: acme/flows/.github/workflows/x.yml@main\n",
                );
            },
        ),
    ];
    let gated = |what: &str, from: &'static str, to: &'static str| {
        row(what, BROAD, "ci.gate-wired", move |gate| {
            gate.replace(WORKFLOW, from, to);
        })
    };
    rows.extend([
        gated(
            "let the job of the gate fail",
            "    runs-on:",
            "    continue-on-error: true\n    runs-on:",
        ),
        gated(
            "let the step of the gate fail",
            "      - run: |\n",
            "      - continue-on-error: true\n        run: |\n",
        ),
        gated(
            "never run the job of the gate",
            "    runs-on:",
            "    if: false\n    runs-on:",
        ),
        gated(
            "never run the step of the gate",
            "      - run: |\n",
            "      - if: false\n        run: |\n",
        ),
        gated(
            "run the gate by hand",
            "on: [push, pull_request]",
            "on: workflow_dispatch",
        ),
        row(
            "rename the workflow to what no service reads",
            CONTROLLED,
            "ci.gate-wired",
            |gate| {
                gate.git(["mv", WORKFLOW, ".github/workflows/gate.txt"]);
            },
        ),
        row("break the workflow", BROAD, "ci.gate-wired", |gate| {
            gate.append(WORKFLOW, "\t- [\n");
        }),
        row("test one platform alone", PILOT, "ci.matrix", |gate| {
            gate.replace(
                WORKFLOW,
                "[ubuntu-latest, macos-latest]",
                "[ubuntu-latest, ubuntu-22.04]",
            );
        }),
        row("exclude a platform from the matrix", CONTROLLED, "ci.matrix", |gate| {
            gate.replace(
                WORKFLOW,
                "        os: [ubuntu-latest, macos-latest]\n",
                "        os: [ubuntu-latest, macos-latest]\n        exclude:\n          - os: macos-latest\n",
            );
        }),
        row(
            "build without the lockfile in another workflow",
            BROAD,
            "ci.locked",
            |gate| {
                gate.write(
                    ".github/workflows/more.yml",
                    "on: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo build\n",
                );
            },
        ),
        row("build without the lockfile at GitLab", BROAD, "ci.locked", |gate| {
            gate.write(".gitlab-ci.yml", "x:\n  script:\n    - cargo build\n");
        }),
    ]);
    rows
}
