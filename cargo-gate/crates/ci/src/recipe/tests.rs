//! Calls of task runners to the commands that they run.

use proptest::prelude::*;

use super::super::tests::{files, shown};

/// The commands of one job with these steps, and what was not followed.
fn commands(steps: &str, others: &[(&str, &str)]) -> String {
    let workflow =
        format!("on: push\njobs:\n  a:\n    strategy: {{matrix: {{what: [lint, test]}}}}\n    steps:\n{steps}");
    let mut all = vec![(".github/workflows/ci.yml", workflow.as_str())];
    all.extend_from_slice(others);
    let shown = shown(&files(&all));
    let lines = shown.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
}

const MAKEFILE: &str = "\
CARGO ?= cargo
FLAGS := --all
FLAGS += --locked
VERSION = $(shell git describe)
LOG ?= RUST_LOG=info
ifdef CI
	SUDO = sudo
endif
include more.mk
.PHONY: all
all: build ## everything
\t@echo done

build: fetch src/main.rs
\t$(CARGO) build --release \\
\t  --target-dir out; echo $$HOME
\t-cargo doc

check-%:
\tcargo check ${_SET_${@:check-%=%}}

lint test:
\tcargo clippy --bin $@ $(FLAGS) --features $(FEATURES) $(VERSION)
test: all
\t$(MAKE) -C sub one two=2
fetch: ; cargo fetch
ifdef CI
bench:
\tcargo bench
endif
uname:
\tcd $(shell uname)
\tcargo run -p $(shell uname)
\t$(LOG) cargo test
\t$(SUDO) cargo doc
loop: loop
\tmake loop
";

#[test]
fn targets_of_a_makefile() {
    let others = [
        ("Makefile", MAKEFILE),
        ("sub/GNUmakefile", "one:\n\tcd deep && cargo test $(two)\n"),
    ];
    let steps = "      - run: make\n      - run: make -j4 test FEATURES=b\n      - run: CARGO=cross sudo make -C . build\n      - run: make loop\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:6 /$ make
    Makefile:26 /$ cargo fetch
    Makefile:15 /$ cargo build --release --target-dir out [later commands run even if it fails]
    Makefile:16 /$ echo <$HOME>
    Makefile:17 /$ cargo doc [`-` in front of it hides its failure]
    Makefile:12 /$ echo done
    .github/workflows/ci.yml:7 /$ make -j4 test FEATURES=b
    Makefile:23 /$ cargo clippy --bin <${_}> --all --locked --features b <${VERSION}>
    Makefile:26 /$ cargo fetch
    Makefile:15 /$ cargo build --release --target-dir out [later commands run even if it fails]
    Makefile:16 /$ echo <$HOME>
    Makefile:17 /$ cargo doc [`-` in front of it hides its failure]
    Makefile:12 /$ echo done
    Makefile:25 /$ make -C sub one two=2
    sub/GNUmakefile:2 /sub/deep$ cargo test 2
    .github/workflows/ci.yml:8 /$ sudo make -C . build
    Makefile:26 /$ cargo fetch
    Makefile:15 /$ cross build --release --target-dir out [later commands run even if it fails]
    Makefile:16 /$ echo <$HOME>
    Makefile:17 /$ cargo doc [`-` in front of it hides its failure]
    .github/workflows/ci.yml:9 /$ make loop
    Makefile:37 /$ make loop
    Makefile:37 /$ make loop
    Makefile:37 /$ make loop
    Makefile:37 /$ make loop
    Makefile:37 /$ make loop
    Makefile:37 /$ make loop
    Makefile:37 `make loop` not followed: it is nested too deeply in other calls
    ");
    let steps = "      - run: make uname\n      - run: make bench\n      - run: make check-all gone\n      - run: make -k\n      - run: make $TARGETS\n      - run: make --version\n      - run: make -f none.mk\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:6 /$ make uname
    Makefile:34 /$ cargo test
    Makefile:35 /$ <${SUDO}> cargo doc
    .github/workflows/ci.yml:7 /$ make bench
    .github/workflows/ci.yml:8 /$ make check-all gone
    .github/workflows/ci.yml:9 /$ make -k
    .github/workflows/ci.yml:10 /$ make <$TARGETS>
    .github/workflows/ci.yml:11 /$ make --version
    .github/workflows/ci.yml:12 /$ make -f none.mk
    Makefile:33 `make uname` not followed: it has an expression other than a variable name
    Makefile:29 `make bench` not followed: it is inside a conditional of make
    .github/workflows/ci.yml:8 `make check-all gone` not followed: `Makefile` has no plain recipe `check-all`
    .github/workflows/ci.yml:8 `make check-all gone` not followed: `Makefile` has no plain recipe `gone`
    .github/workflows/ci.yml:9 `make -k` not followed: it has an unknown option
    .github/workflows/ci.yml:10 `make $TARGETS` not followed: its command is only known at run time
    ");
    insta::assert_snapshot!(commands("      - run: make ${{ matrix.what }}\n", &[("Makefile", "lint:\n\tcargo clippy\ntest:\n\tcargo test\n")]), @"
    .github/workflows/ci.yml:6 /$ make lint ¦ make test
    Makefile:2 /$ cargo clippy ¦
    Makefile:4 /$  ¦ cargo test
    ");
    // A makefile of something else is nobody's business here.
    assert_eq!(
        commands("      - run: make -k x\n", &[("Makefile", "x%:\n\tcc $@\n")]),
        ".github/workflows/ci.yml:6 /$ make -k x"
    );
}

const JUSTFILE: &str = "\
set shell := ['bash', '-uc']
export RUST_LOG := 'info'
toolchain := ''
version := `git describe`
alias t := slow

# The first.
@default: lint && slow
    echo default

test kind *args='--all':
    cargo {{ toolchain }} test --profile {{kind}} \\
        {{ args }} {{ version }}
    -cargo doc
[windows]
lint:
    cargo nothing
[unix]
lint:
    #!/usr/bin/env -S bash -e
    cd sub

    cargo clippy
    cargo fmt
slow: (test 'slow')
    cargo build
python:
    #!/usr/bin/env python3
    run('cargo')
choice:
    cargo {{ if os() == 'linux' { 'test' } else { 'check' } }}
multi := if os() == 'linux' {
    'a'
} else { 'b' }
";

#[test]
fn recipes_of_a_justfile() {
    let others = [("justfile", JUSTFILE), ("rust/x", "")];
    let steps = "      - run: just\n        working-directory: rust\n      - run: just toolchain=+nightly test slow --locked\n      - run: just test fast\n      - run: just python choice t\n      - run: just --list\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:6 /rust$ just
    justfile:23 /sub$ cargo clippy
    justfile:24 /sub$ cargo fmt
    justfile:9 /$ echo default
    .github/workflows/ci.yml:8 /$ just toolchain=+nightly test slow --locked
    justfile:12 /$ cargo +nightly test --profile slow --locked <${version}>
    justfile:14 /$ cargo doc [`-` in front of it hides its failure]
    .github/workflows/ci.yml:9 /$ just test fast
    justfile:12 /$ cargo test --profile fast --all <${version}>
    justfile:14 /$ cargo doc [`-` in front of it hides its failure]
    .github/workflows/ci.yml:10 /$ just python choice t
    .github/workflows/ci.yml:11 /$ just --list
    justfile:26 `just` not followed: it passes arguments to its dependencies
    justfile:28 `just python choice t` not followed: it is not written for `sh`
    justfile:31 `just python choice t` not followed: it has an expression other than a variable name
    justfile:26 `just python choice t` not followed: it passes arguments to its dependencies
    ");
    let elsewhere = [("justfile", "set working-directory := 'rust'\ntest:\n    cargo test\n")];
    insta::assert_snapshot!(commands("      - run: just test\n", &elsewhere), @"
    .github/workflows/ci.yml:6 /$ just test
    justfile:3 `just test` not followed: it runs in its own directory
    ");
}

const CARGO_MAKE: &str = "\
[env]
FLAGS = '--all'
[tasks.lint]
command = 'cargo'
args = ['clippy', '${FLAGS}', '@@split(X, )', '--', '-D warnings']
toolchain = 'nightly'
[tasks.both]
dependencies = ['lint', 'script']
run_task = 'list'
[tasks.script]
script = '''
echo start
cargo test
'''
[tasks.list]
script = [
  'cargo build',
  'cargo doc',
]
[tasks.python]
script_runner = 'python'
script = ['cargo test']
[tasks.default]
alias = 'script'
";

#[test]
fn tasks_of_cargo_make() {
    let others = [("Makefile.toml", CARGO_MAKE)];
    let steps = "      - run: cargo make --profile ci both\n      - run: makers\n      - run: cargo +stable make python\n      - run: cargo make ci-flow\n      - run: cargo make -e FLAGS=--locked lint\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:6 /$ cargo make --profile ci both
    Makefile.toml:4 /$ cargo +nightly clippy --all <${arguments}> -- -D warnings
    Makefile.toml:12 /$ echo start
    Makefile.toml:13 /$ cargo test
    Makefile.toml:16 /$ cargo build
    Makefile.toml:17 /$ cargo doc
    .github/workflows/ci.yml:7 /$ makers
    Makefile.toml:12 /$ echo start
    Makefile.toml:13 /$ cargo test
    .github/workflows/ci.yml:8 /$ cargo +stable make python
    .github/workflows/ci.yml:9 /$ cargo make ci-flow
    .github/workflows/ci.yml:10 /$ cargo make -e FLAGS=--locked lint
    Makefile.toml:22 `cargo +stable make python` not followed: its task has keys that change how it runs
    .github/workflows/ci.yml:9 `cargo make ci-flow` not followed: `Makefile.toml` has no plain recipe `ci-flow`
    .github/workflows/ci.yml:10 `cargo make -e FLAGS=--locked lint` not followed: it has an unknown option
    ");
}

#[test]
fn what_calls_itself_ends() {
    let make = "a: b\n\t$(MAKE) a\n\tjust x\nb: a\nX = $(Y)\nY = $(X)\nc:\n\techo $(X)\n";
    let just = "x: y\n    make a\ny: x\n    just x\n";
    let toml = "[tasks.a]\nalias = 'b'\n[tasks.b]\ndependencies = ['a']\nscript = 'cargo make b'\n";
    let others = [("Makefile", make), ("justfile", just), ("Makefile.toml", toml)];
    let steps = "      - run: make a c\n      - run: just\n      - run: cargo make a\n";
    let commands = commands(steps, &others);
    assert!(commands.lines().count() < 3_000, "{}", commands.lines().count());
}

proptest! {
    #[test]
    fn no_text_panics(parts in proptest::collection::vec(proptest::sample::select(vec![
        "a", "b", ":", ":=", "=", "+=", "\n", "\n\t", "\n    ", "\\\n", "$(", "${", ")", "}", "{{", "}}", "$@", "$", "#", "%",
        "ifdef X\n", "endif\n", "define X\n", "'", "\"", "(", "[", "]", "*", "&&", "set ", "alias ",
        "#!/bin/sh", "[tasks.a]\n", "script = ", "é", "cargo test", ";", "a:", "\r\n",
    ]), 0..60)) {
        let text = parts.concat();
        for name in ["Makefile", "justfile", "Makefile.toml"] {
            let _ = commands("      - run: make a\n      - run: just a b\n      - run: cargo make a\n", &[(name, &text)]);
        }
    }
}
