//! What continuous integration runs, in one place: `.ci/run`, the GitHub workflow and developers all call it.

#![allow(clippy::print_stdout, reason = "the log of the steps is what this module is for")]

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gate_base::exit;
use xshell::{Shell, cmd};

use crate::{Result, docs, ergonomics, refused, registry, usability};

type Step = fn(&Shell, &Path) -> Result;

/// Steps in the order in which they run: what is quickly known comes first. Everything is built once: the tests build the
/// binaries as well, and no step selects packages, because a selection has features of its own and would be built anew.
/// Lints are a suite of the gate; formatting is one as well, and asked here because it takes a second.
const STEPS: &[(&str, Step)] = &[
    ("format", |sh, _| Ok(cmd!(sh, "cargo fmt --all --check").run_echo()?)),
    ("test", |sh, _| {
        Ok(cmd!(sh, "cargo test --workspace --locked").run_echo()?)
    }),
    ("kills", kills),
    ("installed", installed),
    ("docs", |_, root| docs::check(root)),
    ("rustdoc", |sh, _| {
        let command = cmd!(sh, "cargo doc --workspace --no-deps --locked").env("RUSTDOCFLAGS", "-D warnings");
        Ok(command.run_echo()?)
    }),
    ("release", release_refuses),
    ("refused", refused::check),
    ("registry", |sh, root| registry::check(sh, root, &CONSUMER_PROFILES)),
    // The examples by path, each under its own lockfile and profiles, and what it takes to bring them under the gate.
    ("usability", |_, root| usability::run(root, &binary()?, false)),
    ("gate", gate),
    // What the gate has just shown of the tests that hold what makes authoring easy.
    ("ergonomics", |sh, root| {
        let whole = sh.var(PARTITION).is_ok_and(|partition| partition.ends_with("/1"));
        ergonomics::run(root, whole)
    }),
];

/// The share of the gate's suites that this machine has, as `--partition` takes it.
const PARTITION: &str = "CARGO_GATE_CI_PARTITION";

/// Steps that every share has.
const OF_EVERY_SHARD: [&str; 2] = ["gate", "ergonomics"];

/// Profiles of `examples/consumer`: cargo's own and the one that it declares.
const CONSUMER_PROFILES: [&str; 3] = ["dev", "release", "shipped"];

/// Crates that others depend on, their directories and their packages: they are compiled with the toolchain of those others.
const LIBRARIES: [(&str, &str); 2] = [
    ("gate-build", "cargo-gate-build"),
    ("gate-runtime", "cargo-gate-runtime"),
];

/// Checks each crate that others depend on with the oldest Rust that it declares. It takes a toolchain that rustup may have to
/// fetch, so it is no step of [`run`].
///
/// # Errors
/// One declares no version, or does not compile with it.
pub fn msrv(root: &Path) -> Result {
    let mut sh = Shell::new()?;
    sh.set_current_dir(root);
    for (directory, package) in LIBRARIES {
        let manifest = sh.read_file(root.join(directory).join("Cargo.toml"))?;
        let declared = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
        let version = declared
            .and_then(|rest| rest.strip_suffix('"'))
            .ok_or_else(|| format!("{directory} declares no `rust-version`"))?;
        cmd!(
            sh,
            "rustup run --install {version} cargo check --package {package} --lib --all-features --locked --target-dir target/msrv"
        )
        .run_echo()?;
    }
    Ok(())
}

/// Tests that drive the binary and need none of its features.
const WHOLE_PROGRAM: [&str; 8] = [
    "bad_input",
    "behaviour",
    "cli",
    "commands",
    "deployment",
    "guide",
    "migrate",
    "mutations",
];

/// The kills of a running gate, of a release and of a migration, of which the tests make a few: hundreds, and a few dozen of what
/// takes longer.
fn kills(sh: &Shell, _: &Path) -> Result {
    let test = "whenever_the_gate_is_killed_nothing_stays_paused_or_half_migrated";
    cmd!(
        sh,
        "cargo test --workspace --locked --quiet --test migrate -- --nocapture {test}"
    )
    .env("CARGO_GATE_KILLS", "40")
    .run_echo()?;
    let test = "nothing_outlives_a_killed_gate_and_no_secret_stays";
    cmd!(
        sh,
        "cargo test --workspace --locked --quiet --test false_ready -- --nocapture {test}"
    )
    .env("CARGO_GATE_KILLS", "250")
    .run_echo()?;
    let test = "kills::a_release_killed_at_any_moment_publishes_once_and_loses_nothing";
    Ok(cmd!(
        sh,
        "cargo test --workspace --locked --quiet --test release -- --nocapture {test}"
    )
    .env("CARGO_GATE_RELEASE_KILLS", "30")
    .run_echo()?)
}

/// Installs the package as a user would, and runs the whole-program tests against that binary: what it is built from has
/// fewer features than in a build of the whole workspace.
fn installed(sh: &Shell, _: &Path) -> Result {
    let root = binary()?.with_file_name("installed");
    cmd!(sh, "cargo install --path cargo-gate --locked --quiet --root {root}").run_echo()?;
    let binary = root.join("bin").join(format!("cargo-gate{EXE_SUFFIX}"));
    let tests = WHOLE_PROGRAM.iter().flat_map(|test| ["--test", test]);
    cmd!(sh, "cargo test --workspace --locked --quiet {tests...}")
        .env("CARGO_GATE_UNDER_TEST", &binary)
        .run_echo()?;
    // Snapshots of what only this binary says.
    cmd!(
        sh,
        "cargo test --workspace --locked --quiet --test installed -- --ignored"
    )
    .env("CARGO_GATE_UNDER_TEST", &binary)
    .run_echo()?;
    Ok(())
}

/// Judges this repository with the binary of this commit.
fn gate(sh: &Shell, _: &Path) -> Result {
    // Nothing to do after the step `test`; without it a binary of another day would judge.
    cmd!(sh, "cargo test --workspace --locked --no-run --quiet").run_echo()?;
    let binary = binary()?;
    let partition = sh.var(PARTITION).unwrap_or_else(|_| "1/1".to_owned());
    let command = cmd!(sh, "{binary} gate pilot --locked --partition {partition}").ignore_status();
    println!("$ {command}");
    let status = command.to_command().status()?;
    match status.code() {
        Some(exit::READY) => Ok(()),
        // Nothing in this shard blocks; the merge of all shards decides.
        Some(exit::SHARD) => Ok(()),
        _ => Err(format!("the gate ended with {status}").into()),
    }
}

/// Releases this project with the binary of this commit; what is passed on are arguments of `cargo gate release`.
///
/// # Errors
/// The release is refused, or a step fails.
pub fn release(root: &Path, arguments: &[std::ffi::OsString]) -> Result {
    let mut sh = Shell::new()?;
    sh.set_current_dir(root);
    cmd!(sh, "cargo test --workspace --locked --no-run --quiet").run_echo()?;
    let binary = binary()?;
    Ok(cmd!(sh, "{binary} gate release {arguments...}").run_echo()?)
}

/// That `cargo xtask release` hands its arguments on and the release refuses them: another version, which is known before anything is judged.
fn release_refuses(sh: &Shell, _: &Path) -> Result {
    let xtask = std::env::current_exe()?;
    let ended = cmd!(sh, "{xtask} release --dry-run --version 99.0.0")
        .ignore_status()
        .output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if ended.status.success() || !said.contains("but --version is 99.0.0") {
        return Err(format!(
            "`cargo xtask release` did not refuse version 99.0.0: {}\n{said}",
            ended.status
        )
        .into());
    }
    Ok(())
}

/// The binary of this commit, which the tests build beside this program.
///
/// # Errors
/// The directory of this program is unknown.
pub fn binary() -> Result<PathBuf> {
    let here =
        std::env::current_exe().map_err(|error| format!("cannot find the directory of this program: {error}"))?;
    Ok(here.with_file_name(format!("cargo-gate-under-test{EXE_SUFFIX}")))
}

/// Runs the models of gate-runtime. They are a package of their own, because loom is nothing that a user should compile.
///
/// # Errors
/// A model fails, or cargo cannot be started.
pub fn models(root: &Path) -> Result {
    let mut sh = Shell::new()?;
    sh.set_current_dir(root);
    let manifest = "gate-runtime/models/Cargo.toml";
    Ok(cmd!(sh, "cargo test --locked --manifest-path {manifest} --test models").run_echo()?)
}

/// Names of the steps, for `--skip`.
pub fn names() -> Vec<&'static str> {
    STEPS.iter().map(|(name, _)| *name).collect()
}

/// Runs every step but the skipped ones and stops at the first that fails. Where several machines share the suites of the gate, the
/// other steps run on the first of them.
///
/// # Errors
/// A step fails or cannot be started.
pub fn run(root: &Path, skip: &[String], partition: &str) -> Result {
    let mut sh = Shell::new()?;
    sh.set_current_dir(root);
    // A log is read later: no progress bars, and snapshots are compared, never written.
    sh.set_var("CARGO_TERM_PROGRESS_WHEN", "never");
    sh.set_var("INSTA_UPDATE", "no");
    sh.set_var(PARTITION, partition);
    let beside = !partition.starts_with("1/");
    let grouped = sh.var_os("GITHUB_ACTIONS").is_some();
    for (name, step) in STEPS {
        if skip.iter().any(|skipped| skipped == name) || beside && !OF_EVERY_SHARD.contains(name) {
            continue;
        }
        if grouped {
            println!("::group::{name}");
        } else {
            println!("=== {name}");
        }
        let start = Instant::now();
        let result = step(&sh, root);
        if grouped {
            println!("::endgroup::");
        }
        println!("=== {name}: {:.1} s", start.elapsed().as_secs_f64());
        result.map_err(|error| format!("step `{name}` failed: {error}"))?;
    }
    Ok(())
}
