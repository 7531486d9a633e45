use super::*;
use gate_contract::testing::World;
use gate_world::config::ConfigLayer;

fn workflow(steps: &str) -> String {
    format!("on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

fn said(steps: &str) -> String {
    let mut world = World::new();
    world.ci(&[(".github/workflows/ci.yml", &workflow(steps))]);
    world.text(&CHECK)
}

#[test]
fn one_finding_for_a_file() {
    insta::assert_snapshot!(said("      - run: cargo test --all -- --nocapture\n"), @"
    .github/workflows/ci.yml:6: `cargo test --all` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked --all`
    ");
    insta::assert_snapshot!(said("      - run: |\n          cargo +nightly nextest run\n\n          cargo build \\\n            --all\n      - run: cargo fmt\n"), @"
    .github/workflows/ci.yml:7: 2 cargo commands resolve dependencies without `--locked`; the first is `cargo +nightly nextest run` [controlled]
      also: .github/workflows/ci.yml:9
      help: write `cargo +nightly nextest run --locked`, and the same for the others; or make `cargo fetch --locked` the first step of each job
    ");
    assert_eq!(said("      - run: cargo test --locked && cargo build --frozen\n"), "");
}

#[test]
fn a_locked_command_vouches_for_those_behind_it() {
    assert_eq!(said("      - run: cargo fetch --locked\n      - run: cargo test\n"), "");
    insta::assert_snapshot!(said("      - run: cargo test\n      - run: cargo fetch --locked\n      - run: cargo fetch --locked || true\n"), @"
    .github/workflows/ci.yml:6: `cargo test` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked`
    ");
    insta::assert_snapshot!(said("      - run: cargo fetch --locked || true\n      - run: cargo install x --locked\n      - run: cargo test\n"), @"
    .github/workflows/ci.yml:8: `cargo test` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked`
    ");
}

#[test]
fn what_may_not_run_or_reads_no_lockfile_vouches_for_nothing() {
    for first in [
        "      - run: cargo binstall -y --locked cargo-hack\n",
        "      - if: runner.os == 'Linux'\n        run: cargo fetch --locked\n",
        "      - run: |\n          if [ -n \"$FAST\" ]; then\n            cargo build --locked\n          fi\n",
    ] {
        assert_ne!(said(&format!("{first}      - run: cargo test\n")), "", "{first}");
    }
    assert_eq!(
        said("      - if: always()\n        run: cargo fetch --locked\n      - run: cargo test\n"),
        ""
    );
}

#[test]
fn the_suggested_command_is_the_one_that_is_there() {
    insta::assert_snapshot!(said("      - run: cross test --features 'a b'\n"), @r#"
    .github/workflows/ci.yml:6: `cross test --features "a b"` resolves dependencies without `--locked` [controlled]
      help: write `cross test --locked --features "a b"`
    "#);
    insta::assert_snapshot!(said("      - run: cargo +beta --config net.retry=2 test\n"), @"
    .github/workflows/ci.yml:6: `cargo +beta --config net.retry=2 test` resolves dependencies without `--locked` [controlled]
      help: write `cargo +beta --config net.retry=2 test --locked`
    ");
}

/// A variable that names the command, or its flag, has its default where no file sets it.
#[test]
fn a_default_says_which_command_runs() {
    let script = |line: &str| said(&format!("      - run: |\n          {line}\n"));
    insta::assert_snapshot!(script(": \"${CARGO:=cargo}\"; $CARGO test"), @"
    .github/workflows/ci.yml:7: `cargo test` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked`
    ");
    insta::assert_snapshot!(script("cargo ${COMMAND:-build} ${RELEASE:+--locked}"), @"
    .github/workflows/ci.yml:7: `cargo build` resolves dependencies without `--locked` [controlled]
      help: write `cargo build --locked`
    ");
    for locked in [
        "cargo test ${LOCKED---locked}",
        "cargo test ${CI:+--locked}",
        ": ${COMMAND:=fmt}; cargo $COMMAND",
    ] {
        assert_eq!(script(locked), "", "{locked}");
    }
}

/// Nobody can paste what only the run knows.
#[test]
fn what_is_unknown_is_not_part_of_the_suggestion() {
    let text = said("      - run: cargo build --out-dir \"$SOMEWHERE/..\"\n");
    assert!(
        text.contains("help: write `cargo build --locked` instead of `cargo build`"),
        "{text}"
    );
    let text = said("      - run: cargo \"$TOOLCHAIN\" build --out-dir here\n");
    assert!(!text.contains("write `"), "{text}");
}

#[test]
fn dependencies_that_move_on_purpose() {
    for first in [
        "cargo update",
        "rm Cargo.lock",
        "sed -i s/a/b/ crates/a/Cargo.toml",
        "echo >> Cargo.toml",
        "cargo +nightly update -Z minimal-versions",
    ] {
        assert_eq!(
            said(&format!("      - run: cargo test\n      - run: {first}\n")),
            "",
            "{first}"
        );
    }
}

#[test]
fn values_of_a_matrix() {
    let matrix = |values: &str, command: &str| {
        let mut world = World::new();
        let text = workflow(&format!("      - run: {command}\n")).replace(
            "    steps",
            &format!("    strategy:\n      matrix:\n        flags: {values}\n    steps"),
        );
        world.ci(&[(".github/workflows/ci.yml", &text)]);
        world.text(&CHECK)
    };
    assert_eq!(
        matrix("['--locked', '--all --locked']", "cargo test ${{ matrix.flags }}"),
        ""
    );
    assert_eq!(matrix("${{ fromJson(x) }}", "cargo test ${{ matrix.flags }}"), "");
    insta::assert_snapshot!(matrix("['--locked', '--all']", "cargo test ${{ matrix.flags }}"), @"
    .github/workflows/ci.yml:9: `cargo test --all` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked --all`
    ");
    insta::assert_snapshot!(matrix("${{ fromJson(x) }}", "cargo test --target ${{ matrix.flags }}"), @"
    .github/workflows/ci.yml:9: `cargo test --target ${{ matrix.flags }}` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked --target ${{ matrix.flags }}`
    ");
}

#[test]
fn other_packages_and_other_repositories() {
    let mut world = World::new();
    let text = workflow(
        "      - run: cd fuzz && cargo build\n      - run: cargo test --manifest-path tool/Cargo.toml\n      - run: cd elsewhere && cargo test\n      - run: cargo test\n        working-directory: src\n",
    );
    world.ci(&[
        (".github/workflows/ci.yml", &text),
        ("fuzz/Cargo.toml", ""),
        ("tool/Cargo.toml", ""),
        ("tool/Cargo.lock", ""),
        ("src/lib.rs", ""),
    ]);
    insta::assert_snapshot!(world.text(&CHECK), @"
    .github/workflows/ci.yml:7: 2 cargo commands resolve dependencies without `--locked`; the first is `cargo test --manifest-path tool/Cargo.toml` [controlled]
      also: .github/workflows/ci.yml:9
      help: write `cargo test --locked --manifest-path tool/Cargo.toml`, and the same for the others; or make `cargo fetch --locked` the first step of each job
    ");
    let other = "      - uses: actions/checkout@v4\n        with: {repository: org/other}\n      - run: cargo test\n";
    assert_eq!(said(other), "");
}

#[test]
fn aliases_are_what_they_stand_for() {
    let mut world = World::new();
    world.ci(&[(
        ".github/workflows/ci.yml",
        &workflow("      - run: cargo xtask ci\n      - run: cargo lint\n"),
    )]);
    assert_eq!(world.text(&CHECK), "");
    let text = "[alias]\nxtask = \"run -p xtask --\"\nlint = [\"clippy\", \"--locked\"]\n";
    world.workspace.config.layers = vec![ConfigLayer {
        path: "/w/.cargo/config.toml".into(),
        found_by: "/w/.cargo/config.toml".into(),
        text: text.into(),
        table: toml::from_str(text).expect("TOML"),
        digest: gate_base::digest::Digest::of(b""),
    }];
    insta::assert_snapshot!(world.text(&CHECK), @r#"
    .github/workflows/ci.yml:6: `cargo xtask` resolves dependencies without `--locked` [controlled]
      help: set `xtask = "run --locked -p xtask --"` under `[alias]` in cargo's configuration
    "#);
}

#[test]
fn recipes_are_reported_where_they_are_written() {
    let mut world = World::new();
    world.ci(&[
        (
            ".github/workflows/ci.yml",
            &workflow("      - run: make test FLAGS=--release\n      - run: just lint\n      - run: make locked\n"),
        ),
        (
            "Makefile",
            "test: build\n\tcargo test $(FLAGS)\nbuild:\n\tcargo build $(UNKNOWN)\nlocked:\n\tcargo doc --locked\nunused:\n\tcargo bench\n",
        ),
        ("justfile", "lint:\n    cargo clippy\n"),
    ]);
    insta::assert_snapshot!(world.text(&CHECK), @"
    Makefile:2: `cargo test --release` resolves dependencies without `--locked` [controlled]
      help: write `cargo test --locked --release`
    justfile:2: `cargo clippy` resolves dependencies without `--locked` [controlled]
      help: write `cargo clippy --locked`
    ");
}

#[test]
fn a_call_that_is_not_followed_warns() {
    let mut world = World::new();
    let windows = "        shell: pwsh\n";
    world.ci(&[
        (
            ".github/workflows/ci.yml",
            &workflow(&format!("      - run: make docs build\n      - run: if ($x) {{ cargo test }}\n{windows}      - run: cargo doc\n{windows}")),
        ),
        ("Makefile", "build:\n\tcargo build $(shell cat flags)\ndocs:\n\tmdbook build $(shell pwd)\n"),
    ]);
    insta::assert_snapshot!(world.text(&CHECK), @"
    .github/workflows/ci.yml:7: `if ($x) { cargo test }` was not followed: it is not a plain command of PowerShell or `cmd` [advice]
      help: call `cargo … --locked` in the step itself, or use only plain commands in the recipe
    .github/workflows/ci.yml:9: `cargo doc` resolves dependencies without `--locked` [controlled]
      help: write `cargo doc --locked`
    Makefile:2: `make docs build` was not followed: it has an expression other than a variable name [advice]
      help: call `cargo … --locked` in the step itself, or use only plain commands in the recipe
    ");
    // What moves dependencies on purpose need not be followed.
    world.ci(&[
        (
            ".github/workflows/ci.yml",
            &workflow("      - run: cargo update\n      - run: make build\n"),
        ),
        ("Makefile", "build:\n\tcargo build $(shell cat flags)\n"),
    ]);
    assert_eq!(world.text(&CHECK), "");
}

#[test]
fn what_runs_in_a_directory_that_only_the_run_knows_warns() {
    let mut world = World::new();
    let steps = "      - run: cd $ELSEWHERE && cargo test\n      - run: cargo doc --manifest-path $X/Cargo.toml\n      \
         - run: cd \"$X\"; ./ci/all.sh\n      - run: cd /tmp && cargo build\n";
    world.ci(&[(".github/workflows/ci.yml", &workflow(steps))]);
    insta::assert_snapshot!(world.text(&CHECK), @"
    .github/workflows/ci.yml:6: 3 calls were not followed; the first is `cargo test`: the directory it runs in is only known at run time [advice]
      also: .github/workflows/ci.yml:7
      also: .github/workflows/ci.yml:8
      help: call `cargo … --locked` in the step itself, or use only plain commands in the recipe
    ");
    // What was locked before may be just this.
    let locked = format!("      - run: cargo fetch --locked\n{}", &steps[..48]);
    world.ci(&[(".github/workflows/ci.yml", &workflow(&locked))]);
    assert_eq!(world.text(&CHECK), "");
}

#[test]
fn scripts_that_call_scripts_without_end_warn() {
    let mut world = World::new();
    let scripts: Vec<(String, String)> = (0..8)
        .map(|at| (format!("ci/{at}.sh"), format!("ci/{}.sh\n", at + 1)))
        .chain([("ci/8.sh".to_owned(), "cargo test\n".to_owned())])
        .collect();
    let flow = workflow("      - run: ci/0.sh\n");
    let mut files = vec![(".github/workflows/ci.yml", flow.as_str())];
    files.extend(scripts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    world.ci(&files);
    insta::assert_snapshot!(world.text(&CHECK), @"
    ci/5.sh:1: `ci/6.sh` was not followed: it is nested too deeply in other calls [advice]
      help: call `cargo … --locked` in the step itself, or use only plain commands in the recipe
    ");
}

#[test]
fn without_a_lockfile_every_run_resolves_again() {
    let mut world = World::new();
    insta::assert_snapshot!(world.text(&CHECK), @"not applicable: there are no GitHub Actions or GitLab CI files");
    world.ci(&[(".github/workflows/ci.yml", &workflow("      - run: cargo test\n"))]);
    world.workspace.lockfile.tracked = Some(false);
    insta::assert_snapshot!(world.text(&CHECK), @"
    .github/workflows/ci.yml:6: `cargo test` resolves dependencies again in every run of CI [advice]
      help: commit `Cargo.lock`, then add `--locked`
    ");
    // The workflow that `init` writes builds and publishes after the gate, which reports the missing lockfile.
    let gate = workflow("      - run: cargo gate pilot\n      - run: cargo build --release\n");
    world.ci(&[(".github/workflows/gate.yml", &gate)]);
    assert_eq!(world.text(&CHECK), "");
}

#[test]
fn files_of_other_services_are_named() {
    let mut world = World::new();
    world.ci(&[(".build.yml", ""), (".builds/linux.yml", ""), (".builds/notes.txt", "")]);
    insta::assert_snapshot!(world.text(&CHECK), @"
    .build.yml: `.build.yml` of SourceHut and 1 other file were not read: only GitHub Actions and GitLab CI are [advice]
      also: .builds/linux.yml
      help: write `--locked` behind each cargo command there, or name its scripts in `scripts` under `[ci]` in gate.toml
    ");
}

#[test]
fn commands_of_another_workspace_are_not_judged_here() {
    let mut world = World::new();
    let steps = "      - run: cargo test --locked\n        working-directory: rust\n      - run: cargo test\n        working-directory: tools\n";
    let (one, more) = (workflow(steps), workflow(steps));
    world.ci(&[
        (".github/workflows/ci.yml", &one),
        (".github/workflows/more.yml", &more),
    ]);
    world.workspace.ci.get_mut().expect("it is read").directory = "rust".into();
    // However many workflows a repository has for its other workspaces, that is one finding.
    insta::assert_snapshot!(world.text(&CHECK), @"
    .github/workflows/ci.yml:8: 2 calls were not followed; the first is `cargo test`: it runs outside this workspace [advice]
      also: .github/workflows/more.yml:8
      help: cargo gate pilot --all-workspaces
    ");
}

#[test]
fn what_cannot_be_read_is_a_finding() {
    let mut world = World::new();
    world.ci(&[
        (".github/workflows/a.yml", "jobs: ["),
        (".gitlab-ci.yml", "a:\n  script: cargo test\n  x: *y\n"),
    ]);
    insta::assert_snapshot!(world.text(&CHECK), @"
    .github/workflows/a.yml:1: `.github/workflows/a.yml` is not valid YAML: while parsing a node, did not find expected node content [controlled]
      help: correct line 1, or remove the file
    .gitlab-ci.yml:3: `.gitlab-ci.yml` is not valid YAML: while parsing node, found unknown anchor [controlled]
      help: correct line 3
    ");
}
