//! The oldest supported Rust is what is tested: cargo itself refuses a package that needs the next one, and resolving with
//! this toolchain leaves a lockfile as it is.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

/// cargo of the toolchain that runs the tests, without the variables of the cargo that started them.
fn cargo(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    command.env("CARGO_TERM_COLOR", "never");
    let output = command.args(arguments).current_dir(directory).output();
    output.expect("cargo is part of the toolchain")
}

/// `1.95` of `1.95.0`.
fn minor(version: &str) -> u64 {
    let second = version.trim().split('.').nth(1).expect("a version has a second number");
    second.parse().expect("it is a number")
}

fn toml(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).expect("the file is there");
    text.parse().expect("it is TOML")
}

/// The floor that the root manifest declares.
fn floor() -> u64 {
    let manifest = toml(&xtask::project_root().join("Cargo.toml"));
    minor(
        manifest["workspace"]["package"]["rust-version"]
            .as_str()
            .expect("it is text"),
    )
}

#[test]
fn the_floor_is_the_toolchain_that_is_tested() {
    let pin = toml(&xtask::project_root().join("rust-toolchain.toml"));
    let channel = pin["toolchain"]["channel"].as_str().expect("it is text");
    assert_eq!(
        minor(channel),
        floor(),
        "what is older than the pinned compiler is tested by nobody"
    );
}

#[test]
fn the_crates_that_others_compile_need_what_the_crate_of_kernels_says() {
    let root = xtask::project_root();
    let declared = |package: &str| {
        let manifest = toml(&root.join(package).join("Cargo.toml"));
        manifest["package"]["rust-version"].as_str().map(str::to_owned)
    };
    let of_build = declared("gate-build");
    assert!(of_build.is_some());
    assert_eq!(declared("gate-runtime"), of_build);
    let kernels = cargo_gate::init::KernelCrate::new("kernels", &[]).expect("it is a directory");
    let (_, manifest) = kernels.files().swap_remove(0);
    let manifest: toml::Table = manifest.parse().expect("it is TOML");
    assert_eq!(manifest["package"]["rust-version"].as_str(), of_build.as_deref());
}

#[test]
fn cargo_refuses_a_package_that_needs_the_next_release() {
    let directory = tempfile::tempdir().expect("a directory");
    let version = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("--version")
        .current_dir(xtask::project_root())
        .output()
        .expect("rustc is part of the toolchain");
    let version = String::from_utf8(version.stdout).expect("it is text");
    let running = version.split(' ').nth(1).expect("a version follows the name");
    // Where somebody tests with a newer compiler, that one is what cargo compares with.
    let next = minor(running).max(floor()) + 1;
    let write = |path: &str, text: &str| fs::write(directory.path().join(path), text).expect("it can be written");
    fs::create_dir(directory.path().join("src")).expect("it can be made");
    write("src/lib.rs", "");
    let manifest = |minor: u64| {
        format!(
            "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\nrust-version = \"1.{minor}\"\n[workspace]\n"
        )
    };
    let channel = running.split('-').next().unwrap_or(running);
    write("Cargo.toml", &manifest(next));
    let refused = cargo(directory.path(), &["check", "--offline"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    let expected = [
        format!("rustc {channel}"),
        "is not supported by the following package".to_owned(),
        format!("probe@0.0.0 requires rustc 1.{next}"),
    ];
    for expected in expected {
        assert!(said.contains(&expected), "{expected}: {said}");
    }

    // The same package at the floor: it was the number that was refused, and nothing else.
    write("Cargo.toml", &manifest(floor()));
    let accepted = cargo(directory.path(), &["check", "--offline"]);
    assert!(
        accepted.status.success(),
        "{}",
        String::from_utf8_lossy(&accepted.stderr)
    );
}

#[test]
fn resolving_again_leaves_the_lockfile_as_it_is() {
    let good = xtask::project_root().join("tests/fixtures/good");
    let directory = tempfile::tempdir().expect("a directory");
    copy(&good, directory.path());
    let path = directory.path().join("Cargo.lock");
    let before = fs::read(&path).expect("a lockfile");
    for arguments in [
        &["metadata", "--format-version=1", "--offline"][..],
        &["generate-lockfile", "--offline"],
        &["update", "--workspace", "--offline"],
    ] {
        let output = cargo(directory.path(), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read(&path).expect("a lockfile"), before, "{arguments:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&target).expect("it can be made");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("it can be copied");
        }
    }
}
