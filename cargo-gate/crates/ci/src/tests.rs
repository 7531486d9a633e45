//! Whole CI files to what the checks read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::expand::Argument;
use super::tree::Tree;
use super::{CiFiles, read_tree};

/// The CI files of a repository made by hand.
pub(super) fn files(files: &[(&str, &str)]) -> CiFiles {
    below(files, "")
}

fn below(files: &[(&str, &str)], below: &str) -> CiFiles {
    let map: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    let scripts: Vec<String> = files
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("declared/"))
        .map(|path| format!("declared/{path}"))
        .collect();
    read_tree(Tree::Map(&map), below, &scripts)
}

/// Every file, job and command on a line.
pub(super) fn shown(files: &CiFiles) -> String {
    let mut out = String::new();
    for file in &files.files {
        out += &format!("{} {:?} {:?}", file.path, file.kind, file.start);
        for named in file.uses.iter().chain(&file.external) {
            out += &format!(" {}@{}", named.name.split('@').next().unwrap_or_default(), named.line);
        }
        if let Some(problem) = &file.problem {
            out += &format!(" line {} {}", problem.line, problem.message);
        }
        out += "\n";
        for job in &file.jobs {
            out += &format!("  {} {:?}", job.name, job.machines);
            out += if job.is_off { " off" } else { "" };
            out += if job.may_fail { " may fail" } else { "" };
            out += "\n";
            for command in &job.commands {
                let lines: Vec<String> = command
                    .arguments
                    .iter()
                    .map(|arguments| {
                        let words = arguments.iter().map(|argument| match argument {
                            Argument::Text(text) => text.clone(),
                            Argument::Unknown(text) => format!("<{text}>"),
                        });
                        words.collect::<Vec<_>>().join(" ")
                    })
                    .collect();
                let directory = command
                    .directory
                    .as_deref()
                    .map_or("?".to_owned(), |directory| format!("/{directory}"));
                out += &format!(
                    "    {}:{} {directory}$ {}",
                    command.path,
                    command.line,
                    lines.join(" ¦ ").trim_end()
                );
                out += &command.ignored.map(|why| format!(" [{why}]")).unwrap_or_default();
                out += "\n";
            }
            for gap in &job.not_followed {
                out += &format!(
                    "    {}:{} `{}` not followed: {}\n",
                    gap.path, gap.line, gap.what, gap.why
                );
            }
        }
    }
    out
}

#[test]
fn a_workflow() {
    let workflow = "\
on: [push, workflow_dispatch]
env:
  FLAGS: --all
defaults:
  run:
    working-directory: rust
jobs:
  test:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        flags: [--locked]
    steps:
      - uses: actions/checkout@v4
      - run: cargo test $FLAGS ${{ matrix.flags }} --target ${{ matrix.os }}
      - name: several
        shell: bash
        working-directory: .
        run: |
          # a comment
          cd sub && cargo build \\
            --release
          (cd other; cargo doc) | tee log
          cargo gate pilot || true
      - uses: actions-rs/cargo@v1
        with:
          command: clippy
          args: >-
            --all
            -- -D warnings
        continue-on-error: true
      - if: ${{ false }}
        run: cargo nothing
      - run: ./ci/run.sh x
        working-directory: ${{ github.workspace }}
      - uses: ./.github/actions/setup
        with: {what: tests}
      - shell: python
        run: cargo = 1
  off:
    if: false
    runs-on: [self-hosted, linux]
    steps: []
  remote:
    uses: org/repo/.github/workflows/x.yml@main
";
    let script = "#!/usr/bin/env bash\nset -eu\ncd \"$(dirname \"$0\")/..\"\nFLAGS=--frozen\ncargo test $FLAGS \"$@\"\ncargo fmt &\n";
    let action = "inputs:\n  what:\n    required: true\nruns:\n  using: composite\n  steps:\n    - run: cargo ${{ inputs.what }}\n      shell: bash\n    - uses: dtolnay/rust-toolchain@stable\n";
    let files = files(&[
        (".github/workflows/ci.yml", workflow),
        ("rust/ci/run.sh", "no"),
        ("ci/run.sh", script),
        (".github/actions/setup/action.yml", action),
        ("declared/jenkins", "cargo build\ncargo test\n"),
    ]);
    insta::assert_snapshot!(shown(&files), @r#"
    .github/actions/setup/action.yml Action Automatic dtolnay/rust-toolchain@9
    .github/workflows/ci.yml Workflow Automatic actions/checkout@15 actions-rs/cargo@26 ./.github/actions/setup@37 org/repo/.github/workflows/x.yml@46
      test [Some(["ubuntu-latest"]), Some(["windows-latest"])]
        .github/workflows/ci.yml:16 /rust$ cargo test --all --locked --target ubuntu-latest ¦ cargo test --all --locked --target windows-latest
        .github/workflows/ci.yml:22 /sub$ cargo build --release
        .github/workflows/ci.yml:24 /sub/other$ cargo doc
        .github/workflows/ci.yml:24 /sub$ tee log
        .github/workflows/ci.yml:25 /sub$ cargo gate pilot [what follows `||` hides its failure]
        .github/workflows/ci.yml:25 /sub$ true
        .github/workflows/ci.yml:26 /rust$ cargo clippy --all -- -D warnings [its step has `continue-on-error`]
        ci/run.sh:3 /$ dirname �
        ci/run.sh:5 /$ cargo test --frozen <$@>
        ci/run.sh:6 /$ cargo fmt [it runs in the background]
        .github/actions/setup/action.yml:7 /$ cargo tests
        .github/workflows/ci.yml:40 `cargo = 1` not followed: it is not written for `sh`
      off [Some(["self-hosted", "linux"])] off
      remote [None]
    declared/jenkins Script Automatic
      declared/jenkins [None]
        declared/jenkins:1 /$ cargo build [later commands run even if it fails]
        declared/jenkins:2 /$ cargo test
    "#);
}

/// What the script is given, and what the job gives it, decides what `${NAME…}` says.
#[test]
fn expansions_with_a_default() {
    let workflow = "\
on: push
env: {GIVEN: cross, EMPTY: '', FROM_MATRIX: '${{ matrix.cargo }}'}
jobs:
  a:
    strategy:
      matrix:
        cargo: ['', cross]
    steps:
      - run: |
          : \"${CARGO:=cargo}\" ${GIVEN:=cargo} ${EMPTY:=cargo} ${EMPTY2=cargo} ${FROM_MATRIX:=cargo}
          $CARGO a && $GIVEN b && $EMPTY c && ${EMPTY2} d && $FROM_MATRIX e
      - run: |
          GIVEN=${GIVEN:-no} EMPTY=\"${EMPTY-no}\"
          LOCK=\"${LOCK:-\"--locked --all\"}\"
          SELF=${SELF:-$SELF} OUT=${OUT:-$(cargo metadata)}
          cargo $GIVEN \"$EMPTY\" $LOCK $SELF $OUT
      - run: cargo a ${CI:+--locked} ${GIVEN:+--given} ${EMPTY:+--empty} ${EMPTY+--set} ${NONE:+--none} ${GITHUB_REF:+--ref} ${NONE:-${NONE:-x}}
      - run: ${CARGO_HOME:-$HOME/.cargo}/bin/cargo a ${GITHUB_REF:-main} \"${NONE:-it's}\" ${GIVEN%%s}
      - run: ci/x.sh test \"${{ matrix.cargo }}\" $CARGO
      - run: ci/f.sh test
";
    let script = "set -e\ncargo ${1:-build} \"$2\" ${3:-x} ${4:-y}\nsh -c 'cargo $1'\n./ci/z.sh\n";
    let files = files(&[
        (".github/workflows/ci.yml", workflow),
        ("ci/x.sh", script),
        ("ci/z.sh", "cargo ${1:-build}\n"),
        ("ci/f.sh", "f() { cargo ${1:-build}; }\nf check\n"),
    ]);
    insta::assert_snapshot!(shown(&files), @"
    .github/workflows/ci.yml Workflow Automatic
      a [None, None]
        .github/workflows/ci.yml:10 /$ : cargo cross cargo cargo cargo ¦ : cargo cross cargo cargo cross
        .github/workflows/ci.yml:11 /$ cargo a
        .github/workflows/ci.yml:11 /$ cross b
        .github/workflows/ci.yml:11 /$ cargo c
        .github/workflows/ci.yml:11 /$ cargo d
        .github/workflows/ci.yml:11 /$ cargo e ¦ cross e
        .github/workflows/ci.yml:15 /$ cargo metadata
        .github/workflows/ci.yml:16 /$ cargo cross  --locked --all <$SELF> <$OUT>
        .github/workflows/ci.yml:17 /$ cargo a --locked --given --set <${GITHUB_REF:+--ref}> x
        .github/workflows/ci.yml:18 /$ �/.cargo/bin/cargo a <${GITHUB_REF:-main}> it's <${GIVEN%%s}>
        ci/x.sh:2 /$ cargo test  <${3:-x}> y ¦ cargo test cross <${3:-x}> y
        ci/x.sh:3 /$ cargo test
        ci/z.sh:1 /$ cargo build
        ci/f.sh:1 /$ f [later commands run even if it fails]
        ci/f.sh:1 /$ cargo <${1:-build}> [later commands run even if it fails]
        ci/f.sh:2 /$ f check
    ");
}

#[test]
fn a_pipeline() {
    let root = "\
spec:
  inputs: {x: {}}
---
include:
  - local: /.gitlab/*.yml
  - project: group/templates
    file: x.yml
  - https://example.invalid/x.yml
variables:
  FLAGS: --locked
default:
  image: rust:1
  before_script:
    - rustup show
.base: &base
  tags: [saas-macos-medium-m1]
  variables: {MORE: --all}
test:
  extends: [.template, .lint]
  script:
    - !reference [.lint, script]
    - cd sub
    - |
      cargo test $FLAGS $MORE \\
        --release
    - cargo gate pilot | tee log
  allow_failure: true
mac:
  <<: *base
  before_script: []
  script: cargo build $MORE
  parallel:
    matrix:
      - TARGET: [a, b]
";
    let included = ".template:\n  image: ubuntu\n.lint:\n  script:\n    - cargo clippy\n    - [cargo doc]\nextra:\n  when: never\n  script: [cargo x]\n";
    let files = files(&[
        (".gitlab-ci.yml", root),
        (".gitlab/a.yml", included),
        (".gitlab/b.yml", "a: ["),
    ]);
    insta::assert_snapshot!(shown(&files), @r#"
    .gitlab-ci.yml Pipeline Automatic group/templates@6 https://example.invalid/x.yml@8
      extra [Some(["linux"])] off
        .gitlab-ci.yml:14 /$ rustup show
        .gitlab/a.yml:9 /$ cargo x
      mac [Some(["saas-macos-medium-m1"]), Some(["saas-macos-medium-m1"])]
        .gitlab-ci.yml:31 /$ cargo build --all
      test [Some(["linux"])] may fail
        .gitlab-ci.yml:14 /$ rustup show
        .gitlab/a.yml:5 /$ cargo clippy
        .gitlab/a.yml:6 /$ cargo doc
        .gitlab-ci.yml:24 /sub$ cargo test --locked <$MORE> --release
        .gitlab-ci.yml:26 /sub$ cargo gate pilot
        .gitlab-ci.yml:26 /sub$ tee log
    .gitlab/a.yml Pipeline Automatic
    .gitlab/b.yml Pipeline Automatic line 1 is not valid YAML: while parsing a node, did not find expected node content
    "#);
}

/// A job of the matrix runs in its own directory, and calls the scripts there.
#[test]
fn directories_of_a_matrix() {
    let workflow = "\
on: push
jobs:
  a:
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        directory: [api, web]
        include:
          - {directory: web, flags: --locked}
    runs-on: ${{ matrix.os }}
    defaults:
      run:
        shell: bash
        working-directory: ${{ matrix.directory }}
    steps:
      - run: cargo test ${{ matrix.flags }} --target ${{ matrix.os }}
      - run: ./ci.sh
      - run: cargo fmt
        working-directory: .
  b:
    strategy:
      matrix: {place: [api, web, web]}
    env: {PLACE: 'x/${{ matrix.place }}'}
    steps:
      - run: cd \"$PLACE/..\" && cargo test
      - run: (cd ${{ matrix.place }} && cargo doc); cargo build
      - uses: ./.github/actions/test
        with: {directory: '${{ matrix.place }}'}
      - run: bash \"${{ matrix.place }}/ci.sh\"
";
    let action = "inputs:\n  directory: {}\nruns:\n  using: composite\n  steps:\n    - run: cargo clippy\n      working-directory: ${{ inputs.directory }}\n      shell: bash\n";
    let gitlab = "\
a:
  parallel:
    matrix:
      - DIRECTORY: [api, web]
        STAGE: pilot
  before_script:
    - ROOT=$CI_PROJECT_DIR
    - cd \"$ROOT/$DIRECTORY\"
  script:
    - cargo gate $STAGE
    - ./ci.sh
";
    let files = files(&[
        (".github/workflows/ci.yml", workflow),
        (".github/actions/test/action.yml", action),
        (".gitlab-ci.yml", gitlab),
        ("api/ci.sh", "cargo run\n"),
    ]);
    insta::assert_snapshot!(shown(&files), @r#"
    .github/actions/test/action.yml Action Automatic
    .github/workflows/ci.yml Workflow Automatic ./.github/actions/test@27
      a [Some(["ubuntu-latest"]), Some(["ubuntu-latest"]), Some(["windows-latest"]), Some(["windows-latest"])]
        .github/workflows/ci.yml:16 /api$ cargo test --target ubuntu-latest ¦  ¦ cargo test --target windows-latest ¦
        api/ci.sh:1 /api$ cargo run ¦  ¦ cargo run ¦
        .github/workflows/ci.yml:18 /$ cargo fmt ¦  ¦ cargo fmt ¦
        .github/workflows/ci.yml:16 /web$  ¦ cargo test --locked --target ubuntu-latest ¦  ¦ cargo test --locked --target windows-latest
        .github/workflows/ci.yml:17 /web$  ¦ ./ci.sh ¦  ¦ ./ci.sh
        .github/workflows/ci.yml:18 /$  ¦ cargo fmt ¦  ¦ cargo fmt
      b [None, None, None]
        .github/workflows/ci.yml:25 /x$ cargo test ¦  ¦
        .github/workflows/ci.yml:26 /api$ cargo doc ¦  ¦
        .github/workflows/ci.yml:26 /$ cargo build ¦  ¦
        .github/actions/test/action.yml:6 /api$ cargo clippy ¦  ¦
        api/ci.sh:1 /$ cargo run ¦  ¦
        .github/workflows/ci.yml:25 /x$  ¦ cargo test ¦ cargo test
        .github/workflows/ci.yml:26 /web$  ¦ cargo doc ¦ cargo doc
        .github/workflows/ci.yml:26 /$  ¦ cargo build ¦ cargo build
        .github/actions/test/action.yml:6 /web$  ¦ cargo clippy ¦ cargo clippy
        .github/workflows/ci.yml:29 /$  ¦ bash web/ci.sh ¦ bash web/ci.sh
    .gitlab-ci.yml Pipeline Automatic
      a [None, None]
        .gitlab-ci.yml:10 /api$ cargo gate pilot ¦
        api/ci.sh:1 /api$ cargo run ¦
        .gitlab-ci.yml:10 /web$  ¦ cargo gate pilot
        .gitlab-ci.yml:11 /web$  ¦ ./ci.sh
    "#);
}

#[test]
fn what_is_no_workflow_says_so() {
    let files = files(&[
        (".github/workflows/a.yml", "on: push\njobs: [\n"),
        (".github/workflows/b.yml", "name: x\n"),
        (".github/workflows/c.yml", ""),
        (".github/workflows/d.yml", "\u{feff}on:\n  workflow_call:\njobs: {}\n"),
        (".github/workflows/e.txt", "["),
    ]);
    insta::assert_snapshot!(shown(&files), @"
    .github/workflows/a.yml Workflow Automatic line 2 is not valid YAML: while parsing a node, did not find expected node content
    .github/workflows/b.yml Workflow Automatic line 1 is not a workflow: it has no `jobs`
    .github/workflows/c.yml Workflow Automatic line 1 is not a workflow: it has no `jobs`
    .github/workflows/d.yml Workflow Called
    ");
    let map = BTreeMap::from([(".github/workflows/a.yml".to_owned(), b"on: push\n# \xff\n".to_vec())]);
    insta::assert_snapshot!(shown(&read_tree(Tree::Map(&map), "", &[])), @".github/workflows/a.yml Workflow Automatic line 2 is not UTF-8");
}

#[test]
fn what_calls_many_that_call_many_ends() {
    let call = |name: &str| format!("sh {name}.sh\n").repeat(300);
    let reference = |name: &str| {
        let one = format!("!reference [{name}, script]");
        format!("[{}]", vec![one; 100].join(", "))
    };
    let mut all: Vec<(String, String)> = (0..9)
        .map(|at| (format!("s{at}.sh"), call(&format!("s{}", at + 1))))
        .collect();
    let mut pipeline = "a0: {script: []}\n".to_owned();
    for at in 1..9 {
        let parents = vec![format!("a{}", at - 1); 100].join(", ");
        pipeline += &format!(
            "a{at}: {{extends: [{parents}], script: {}}}\n",
            reference(&format!("a{}", at - 1))
        );
    }
    all.push((".gitlab-ci.yml".into(), pipeline));
    let workflow = "on: push\njobs:\n  a:\n    steps:\n      - run: sh s0.sh\n      - uses: ./\n";
    all.push((".github/workflows/x.yml".into(), workflow.into()));
    let directories: Vec<String> = (0..256).map(|at| format!("d{at}")).collect();
    let matrix = format!(
        "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        x: [{}]\n    steps:\n      - run: cd ${{{{ matrix.x }}}} && sh ../s0.sh\n",
        directories.join(", ")
    );
    all.push((".github/workflows/matrix.yml".into(), matrix));
    let own = "    - uses: ./\n".repeat(100);
    all.push((
        "action.yml".into(),
        format!("runs:\n  using: composite\n  steps:\n{own}"),
    ));
    let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let files = files(&all);
    let commands = |at: usize| files.files[at].jobs.iter().map(|job| job.commands.len()).sum::<usize>();
    assert!((0..files.files.len()).all(|at| commands(at) <= 20_000));
}

#[test]
fn a_workspace_below_the_top() {
    let workflow = "on: push\njobs:\n  a:\n    steps:\n      - run: bash rust/x.sh\n      - run: cargo test\n        working-directory: rust\n";
    let files = below(
        &[(".github/workflows/ci.yml", workflow), ("rust/x.sh", "cargo doc\n")],
        "rust",
    );
    insta::assert_snapshot!(shown(&files), @"
    ../.github/workflows/ci.yml Workflow Automatic
      a [None]
        x.sh:1 /$ cargo doc
        ../.github/workflows/ci.yml:6 /rust$ cargo test
    ");
}

proptest! {
    #[test]
    fn no_workflow_panics(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "on: push\n", "jobs:\n", "  a:\n", "    steps:\n", "      - run: ", "      - uses: ./", "|\n", "        cargo test ",
            "${{ matrix.x }}", "\n", "    strategy:\n      matrix:\n", "        x: [1, 2]\n", "    runs-on: ", "cd ..", "cd a && ",
            "./x.sh", "sh -c 'cargo x'", "    extends: a\n", "  <<: *a\n", "&a ", "*a", "!reference [a, script]", "    script: ",
            "include: x.yml\n", "a:\n", "- ", "$(", "set +e; ", "A=1 ", "$A ", "${A:=", "${A:-$A}; ", "      working-directory: ${{ matrix.x }}\n", "cd ${{ matrix.x }}\n",
        ]), 0..40)) {
        let text = parts.concat();
        let _ = files(&[(".github/workflows/x.yml", &text), (".gitlab-ci.yml", &text), ("x.sh", &text), ("action.yml", &text), ("declared/x", &text)]);
    }
}
