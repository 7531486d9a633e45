//! Ids of diagnostics: each is documented, each can happen, and cargo fails with them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{Crate, place, program};
use gate_build::DiagnosticId;

const UPDATE: &str = "run `GATE_UPDATE_DOCS=1 cargo test -p cargo-gate-build --test builds`";

fn page() -> String {
    let mut page = String::from(
        "# Diagnostics of gate-build\n\n\
         Errors and warnings of a build script show an id in brackets: `error[compiler_crashed]: …`. `Diagnostic::id` and `Error::id` return it to \
         programs. The list is closed and ids are frozen; new ones may be added. A build script that returns an error fails `cargo build`, which \
         prints it. This page is generated from the source: `GATE_UPDATE_DOCS=1 cargo test -p cargo-gate-build --test builds`.\n\n\
         | id | meaning |\n| --- | --- |\n",
    );
    for id in DiagnosticId::ALL {
        let _ = writeln!(page, "| `{id}` | {} |", id.meaning().trim());
    }
    page
}

#[test]
fn the_reference_page_is_this_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference/build-diagnostics.md");
    if std::env::var_os("GATE_UPDATE_DOCS").is_some() {
        fs::write(&path, page()).expect("the page can be written");
    }
    let written = fs::read_to_string(&path)
        .expect("the page exists")
        .replace("\r\n", "\n");
    let page = page();
    let differs = written
        .lines()
        .zip(page.lines())
        .find(|(written, page)| written != page);
    assert_eq!(differs, None, "{UPDATE}");
    assert_eq!(written.len(), page.len(), "{UPDATE}");
}

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("sources can be listed").flatten() {
        if entry.path().is_dir() {
            sources(&entry.path(), all);
        } else {
            all.push(entry.path());
        }
    }
}

#[test]
fn every_id_is_given_by_something_and_is_its_own() {
    let codes: BTreeSet<&str> = DiagnosticId::ALL.iter().map(|id| id.code()).collect();
    assert_eq!(codes.len(), DiagnosticId::ALL.len());
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let text: String = files
        .iter()
        .filter(|file| !file.ends_with("diagnostic/id.rs"))
        .map(|file| fs::read_to_string(file).expect("a source can be read"))
        .collect();
    for id in DiagnosticId::ALL {
        assert!(text.contains(&format!("Id::{id:?}")), "nothing gives `{id}`");
        assert!(
            id.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{id}"
        );
    }
}

/// A crate whose build script is `examples/build_script.rs`, for cargo.
pub(crate) fn for_cargo() -> Crate {
    let this = Crate::new();
    this.write(
        "Cargo.toml",
        "[package]\nname = \"k\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    this.write("src/lib.rs", "");
    this.write("kernels/k.cu", "entry k\n");
    // Cargo builds nothing of gate-build here, so it needs no network and no lock.
    this.write(
        "build.rs",
        "fn main() {\n    let script = std::env::var_os(\"SCRIPT\").unwrap();\n    \
         let status = std::process::Command::new(script).status().unwrap();\n    std::process::exit(status.code().unwrap_or(1));\n}\n",
    );
    this
}

pub(crate) fn cargo_build(this: &Crate, variables: &[(&str, &str)]) -> Output {
    let mut cargo = Command::new(std::env::var_os("CARGO").expect("cargo runs the tests"));
    cargo.args(["build", "--offline"]).current_dir(this.root());
    // What decides about this build is not to come from the one around it.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["GATE_", "NVCC", "CUDA", "CARGO_", "RUSTFLAGS", "MAKEFLAGS"]
            .iter()
            .any(|start| name.starts_with(start))
            && name != "CARGO_HOME"
        {
            cargo.env_remove(name);
        }
    }
    cargo
        .envs(this.variables())
        .env("SCRIPT", program("build_script"))
        .env("CARGO_TARGET_DIR", this.path("target"))
        .envs(variables.iter().copied())
        .output()
        .expect("cargo can be started")
}

fn fails_with(this: &Crate, variables: &[(&str, &str)], id: DiagnosticId) {
    let output = cargo_build(this, variables);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{variables:?}: {text}");
    assert!(text.contains(&format!("error[{id}]: ")), "{variables:?}: {text}");
}

#[test]
fn a_compiler_that_fails_fails_cargo_with_an_id() {
    let this = for_cargo();
    for (mode, id) in [
        ("crash", DiagnosticId::CompilerCrashed),
        ("garbage", DiagnosticId::CompilerOutput),
        ("silent", DiagnosticId::CompilerOutput),
        ("old", DiagnosticId::ArchUnsupported),
        ("no-version", DiagnosticId::CompilerUnusable),
    ] {
        if mode == "crash" && cfg!(windows) {
            // An aborted program has an exit code there.
            continue;
        }
        fails_with(&this, &[("FAKE_MODE", mode)], id);
    }
    fails_with(&this, &[("NVCC", "/no/such/nvcc")], DiagnosticId::CompilerMissing);
    fails_with(&this, &[("GATE_KERNELS", "locked")], DiagnosticId::LockMissing);
    fails_with(&this, &[("GATE_CACHE_DAYS", "soon")], DiagnosticId::Configuration);
    fails_with(
        &this,
        &[("FAKE_MODE", "hang"), ("GATE_KERNEL_TIMEOUT", "1")],
        DiagnosticId::CompilerTimeout,
    );
    let output = cargo_build(&this, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    this.write("kernels/k.cu", "entry k\n#error no\n");
    fails_with(&this, &[], DiagnosticId::SourceRefused);
}

#[test]
fn a_ptxas_that_fails_fails_cargo_with_an_id() {
    let this = for_cargo();
    let bin = this.path("bin");
    fs::create_dir_all(&bin).expect("a folder can be made");
    place(
        &program("fake_ptxas"),
        &bin.join(format!("ptxas{}", std::env::consts::EXE_SUFFIX)),
    );
    let before = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&before))).expect("folders");
    let path = path.to_str().expect("it is Unicode");
    fails_with(
        &this,
        &[("PATH", path), ("SCRIPT_BUDGET", "8")],
        DiagnosticId::BudgetExceeded,
    );
    this.write("kernels/k.cu", "entry k\nrefuse\n");
    fails_with(
        &this,
        &[("PATH", path), ("SCRIPT_BUDGET", "64")],
        DiagnosticId::PtxasFailed,
    );
}
