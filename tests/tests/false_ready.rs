//! Ways to a READY that is not true, each closed: a workspace that is ready, something that changes behind the back of
//! cargo, git or the gate, and a verdict that must not be READY.

#[path = "false_ready/commit.rs"]
mod commit;
#[cfg(unix)]
#[path = "false_ready/compiler.rs"]
mod compiler;
#[path = "false_ready/contract.rs"]
mod contract;
#[path = "false_ready/evidence.rs"]
mod evidence;
#[path = "false_ready/kept_times.rs"]
mod kept_times;
#[cfg(unix)]
#[path = "false_ready/kills.rs"]
mod kills;
#[path = "false_ready/order.rs"]
mod order;
#[path = "false_ready/outside.rs"]
mod outside;
#[cfg(unix)]
#[path = "false_ready/secret_fields.rs"]
mod secret_fields;
#[cfg(unix)]
#[path = "false_ready/secrets.rs"]
mod secrets;
#[path = "false_ready/suites.rs"]
mod suites;
#[path = "false_ready/values.rs"]
mod values;

use std::fs::{self, File};
use std::path::Path;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

/// A package whose test holds a function, a data file, a generated constant and a dependency to what they are.
fn package() -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.70\"\n\n\
             [dependencies]\npart = { path = \"part\" }\n\n[workspace]\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"part\",\n]\n\n\
             [[package]]\nname = \"part\"\nversion = \"0.1.0\"\n",
        )
        .file(".gitignore", "/target\n")
        .file("rust-toolchain.toml", &toolchain())
        .file("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.70\"\n")
        .file("part/src/lib.rs", "pub const PART: u32 = 42;\n")
        .file("data/included.txt", "42\n")
        .file("data/generated.txt", "42\n")
        .file(
            "build.rs",
            "fn main() {\n    println!(\"cargo:rerun-if-changed=data/generated.txt\");\n    let text = \
             std::fs::read_to_string(\"data/generated.txt\").unwrap();\n    println!(\"cargo:rustc-env=GENERATED={}\", \
             text.trim());\n}\n",
        )
        .file(
            "src/lib.rs",
            "pub fn answer() -> u32 {\n    42\n}\n\npub const INCLUDED: &str = include_str!(\"../data/included.txt\");\n\
             pub const GENERATED: &str = env!(\"GENERATED\");\npub use part::PART;\n",
        )
        .file(
            "tests/it.rs",
            "#[test]\nfn everything_is_forty_two() {\n    assert_eq!(app::answer(), 42);\n    \
             assert_eq!(app::INCLUDED, \"42\\n\");\n    assert_eq!(app::GENERATED, \"42\");\n    assert_eq!(app::PART, \
             42);\n}\n",
        )
        .git_init()
}

/// The toolchain that runs the tests, pinned.
fn toolchain() -> String {
    let output = std::process::Command::new("rustc")
        .arg("-V")
        .output()
        .expect("rustc can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().nth(1).expect("a version");
    format!("[toolchain]\nchannel = \"{version}\"\n")
}

fn assert_ready(run: &Run, when: &str) {
    assert_eq!(run.code, Some(0), "{when}: {run}");
}

fn assert_not_ready(run: &Run, when: &str) {
    // 3 where evidence could not be had at all.
    assert!(matches!(run.code, Some(1 | 3)), "{when}: {run}");
    assert!(run.stdout.contains("NOT READY"), "{when}: {run}");
}

/// Writes a file and puts its modification time back.
fn write_with_kept_time(path: &Path, text: &str) {
    let time = fs::metadata(path).and_then(|meta| meta.modified()).expect("a time");
    fs::write(path, text).expect("a file can be written");
    let file = File::options().write(true).open(path).expect("a file can be opened");
    file.set_modified(time).expect("a time can be set");
}
