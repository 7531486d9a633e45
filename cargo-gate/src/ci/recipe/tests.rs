//! Calls of task runners to the commands that they run.

use proptest::prelude::*;

use super::super::tests::{files, shown};

/// The commands of one job with these steps, and of the files beside it.
fn commands(steps: &str, others: &[(&str, &str)]) -> String {
    let workflow = format!("on: push\njobs:\n  a:\n    steps:\n{steps}");
    let mut all = vec![(".github/workflows/ci.yml", workflow.as_str())];
    all.extend_from_slice(others);
    let shown = shown(&files(&all));
    let lines = shown.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
}

const MAKEFILE: &str = "\
CARGO ?= cargo
FLAGS := --all
FLAGS += $(EXTRA)
VERSION = $(shell git describe)
include tools/more.mk
ifdef CI
FLAGS += --locked
endif

_SET_full = --all-features
.PHONY: all
all: build ## everything
\t@echo done

build: prepare
\t$(CARGO) build --release \\
\t  --target-dir out; echo $$HOME
\t-cargo doc

check-%:
\tcargo check ${_SET_${@:check-%=%}} # $*

test: FEATURES = a
test:
\tcargo test $(FLAGS) --features $(FEATURES) $(VERSION)
ifdef CI
\tcargo bench
endif
\t$(MAKE) -C sub one two=2

one-line: ; cargo fetch
define BODY
\tcargo nothing
endef
";

#[test]
fn targets_of_a_makefile() {
    let others = [
        ("Makefile", MAKEFILE),
        ("tools/more.mk", "prepare:\n\tcargo run -p prepare\n"),
        ("sub/GNUmakefile", "one:\n\tcd deep && cargo test $(two)\n"),
    ];
    let steps = "      - run: make\n      - run: make -j4 test FEATURES=b one-line\n      - run: sudo make -C . check-full\n      - run: CARGO=cross make build\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:5 /$ make
    tools/more.mk:2 /$ cargo run -p prepare
    Makefile:16 /$ cargo build --release --target-dir out [the commands after it run all the same]
    Makefile:17 /$ echo <$HOME>
    Makefile:18 /$ cargo doc [`-` in front of it lets make go on]
    Makefile:13 /$ echo done
    .github/workflows/ci.yml:6 /$ make -j4 test FEATURES=b one-line
    Makefile:25 /$ cargo test --all <${EXTRA}> --locked --features b <${shell}>
    Makefile:29 /$ make -C sub one two=2
    sub/GNUmakefile:2 /sub/deep$ cargo test 2
    Makefile:31 /$ cargo fetch
    .github/workflows/ci.yml:7 /$ sudo make -C . check-full
    Makefile:21 /$ cargo check --all-features
    .github/workflows/ci.yml:8 /$ make build
    tools/more.mk:2 /$ cargo run -p prepare
    Makefile:16 /$ cross build --release --target-dir out [the commands after it run all the same]
    Makefile:17 /$ echo <$HOME>
    Makefile:18 /$ cargo doc [`-` in front of it lets make go on]
    ");
    insta::assert_snapshot!(commands("      - run: make -n test\n      - run: make missing\n      - run: make -f none all\n", &others), @"
    .github/workflows/ci.yml:5 /$ make -n test
    .github/workflows/ci.yml:6 /$ make missing
    .github/workflows/ci.yml:7 /$ make -f none all
    ");
}

#[test]
fn targets_that_the_matrix_chooses() {
    let workflow = "\
on: push
jobs:
  a:
    strategy:
      matrix:
        what: [full, none]
    steps:
      - run: make check-${{ matrix.what }}
";
    let files = files(&[(".github/workflows/ci.yml", workflow), ("Makefile", MAKEFILE)]);
    // What runs in no row is written as nothing.
    let shown = shown(&files).replace("¦ \n", "¦\n");
    insta::assert_snapshot!(shown, @"
    .github/workflows/ci.yml Workflow Automatic
      a [None, None]
        .github/workflows/ci.yml:8 /$ make check-full ¦ make check-none
        Makefile:21 /$ cargo check --all-features ¦
        Makefile:21 /$  ¦ cargo check <${_SET_____check_____}>
    ");
}

const JUSTFILE: &str = "\
set shell := ['bash', '-uc']
set working-directory := 'rust'
import 'ci/more.just'
export RUST_LOG := 'info'
toolchain := ''
flags := '--all' + ' ' + extra
extra := \"--release\"
version := `git describe`
alias t := test

# The first.
@default: lint (test 'fast') && done
    echo default

test kind *args=flags:
    cargo {{ toolchain }} test --profile {{kind}} \\
        {{ args }} {{ version }}
    -cargo doc
[windows]
lint:
    cargo nothing
[unix]
lint:
    #!/usr/bin/env bash
    set -e
    cd sub

    cargo clippy
[no-cd]
script:
    #!/usr/bin/env python3
    cargo = 1
multi := if os() == 'linux' {
    'a'
} else { 'b' }
";

#[test]
fn recipes_of_a_justfile() {
    let others = [
        ("justfile", JUSTFILE),
        ("ci/more.just", "done:\n\tcargo package\n"),
        ("rust/x", ""),
    ];
    let steps = "      - run: just\n        working-directory: rust\n      - run: just toolchain=+nightly t slow --locked\n      - run: just script\n      - run: just test\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:5 /rust$ just
    justfile:28 /rust/sub$ cargo clippy
    justfile:16 /rust$ cargo test --profile fast --all --release <${version}>
    justfile:18 /rust$ cargo doc [`-` in front of it lets just go on]
    justfile:13 /rust$ echo default
    ci/more.just:2 /rust$ cargo package
    .github/workflows/ci.yml:7 /$ just toolchain=+nightly t slow --locked
    justfile:16 /rust$ cargo +nightly test --profile slow --locked <${version}>
    justfile:18 /rust$ cargo doc [`-` in front of it lets just go on]
    .github/workflows/ci.yml:8 /$ just script
    .github/workflows/ci.yml:9 /$ just test
    justfile:16 /rust$ cargo test --profile <${kind}> --all --release <${version}>
    justfile:18 /rust$ cargo doc [`-` in front of it lets just go on]
    ");
    insta::assert_snapshot!(commands("      - run: just --list\n      - run: just missing\n", &others), @"
    .github/workflows/ci.yml:5 /$ just --list
    .github/workflows/ci.yml:6 /$ just missing
    ");
}

const CARGO_MAKE: &str = "\
extend = 'tools/make/base.toml'
[env]
FLAGS = '--all'
[tasks.lint]
command = 'cargo'
args = ['clippy', '${FLAGS}', '@@split(X, )', '--', '-D warnings']
toolchain = 'nightly'
[tasks.both]
dependencies = ['lint', { name = 'base' }]
run_task = { name = ['script', 'never'] }
[tasks.script]
cwd = 'sub'
script = '''
echo start
cargo test
'''
[tasks.never]
disabled = true
command = 'cargo'
[tasks.python]
script_runner = 'python'
script = ['cargo test']
[tasks.more]
extend = 'base'
ignore_errors = true
";

#[test]
fn tasks_of_cargo_make() {
    let others = [
        ("Makefile.toml", CARGO_MAKE),
        (
            "tools/make/base.toml",
            "[tasks.base]\nscript = [\n  'cargo build',\n  'cargo doc',\n]\n",
        ),
    ];
    let steps = "      - run: cargo make --profile ci both\n      - run: cargo +stable make -e FLAGS=--locked lint\n      - run: makers more\n      - run: cargo make python\n";
    insta::assert_snapshot!(commands(steps, &others), @"
    .github/workflows/ci.yml:5 /$ cargo make --profile ci both
    Makefile.toml:5 /$ cargo +nightly clippy --all <${arguments}> -- -D warnings
    tools/make/base.toml:3 /$ cargo build
    tools/make/base.toml:4 /$ cargo doc
    Makefile.toml:14 /sub$ echo start
    Makefile.toml:15 /sub$ cargo test
    .github/workflows/ci.yml:6 /$ cargo +stable make -e FLAGS=--locked lint
    Makefile.toml:5 /$ cargo +nightly clippy --locked <${arguments}> -- -D warnings
    .github/workflows/ci.yml:7 /$ makers more
    tools/make/base.toml:3 /$ cargo build [its task ignores errors]
    tools/make/base.toml:4 /$ cargo doc [its task ignores errors]
    .github/workflows/ci.yml:8 /$ cargo make python
    ");
}

#[test]
fn what_calls_itself_ends() {
    let make = "a: b\n\t$(MAKE) a\n\tjust x\nb: a\nX = $(Y)\nY = $(X)\nc:\n\techo $(X)\n";
    let just = "x: y\n    make a\ny: x\n    just x\n";
    let toml = "extend = 'Makefile.toml'\n[tasks.a]\nextend = 'b'\n[tasks.b]\nextend = 'a'\ndependencies = ['a']\nscript = 'cargo make b'\n";
    let others = [("Makefile", make), ("justfile", just), ("Makefile.toml", toml)];
    let steps = "      - run: make a c\n      - run: just\n      - run: cargo make a\n";
    let commands = commands(steps, &others);
    assert!(commands.lines().count() < 3_000, "{}", commands.lines().count());
}

proptest! {
    #[test]
    fn no_text_panics(parts in proptest::collection::vec(proptest::sample::select(vec![
        "a", "b", ":", ":=", "=", "+=", "\n", "\n\t", "\n    ", "\\\n", "$(", "${", ")", "}", "{{", "}}", "$@", "$", "#", "%",
        "ifdef X\n", "endif\n", "define X\n", "include x.mk\n", "'", "\"", "(", "[", "]", "*", "&&", "set ", "alias ",
        "import 'x.just'\n", "#!/bin/sh", "[tasks.a]\n", "script = ", "é", "cargo test", "`", ";", "|", "a:", "\r\n",
    ]), 0..60)) {
        let text = parts.concat();
        for name in ["Makefile", "justfile", "Makefile.toml"] {
            let _ = commands("      - run: make a\n      - run: just a b\n      - run: cargo make a\n", &[(name, &text)]);
        }
    }
}
