//! What `cargo gate init --kernels` writes builds without CUDA, and its tests pass.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use cargo_gate::init::KernelCrate;
use gate_tests::gate;
use gate_tests::harness::Gate;

fn workspace() -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"service\"\nversion = \"0.1.0\"\n",
        )
        .file(".gitignore", "/target\n")
        .file("src/lib.rs", "//! Nothing.\n")
        .git_init()
}

/// The example shows what users are handed out, so a change of one is a change of both.
#[test]
fn the_consumer_has_the_production_suites_that_are_handed_out() {
    let consumer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/consumer");
    let crate_of_kernels = KernelCrate::new("gate-consumer", &[]).expect("a name of a package");
    let production: Vec<String> = crate_of_kernels.production().map(|suite| suite.name).collect();
    let mut compared = Vec::new();
    for (path, text) in crate_of_kernels.files() {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if production.iter().any(|suite| suite == name) {
            let path = consumer.join(path.strip_prefix("gate-consumer").expect("below the crate"));
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            let differs = text
                .lines()
                .zip(found.lines())
                .position(|(ours, theirs)| ours != theirs);
            assert!(
                differs.is_none() && text.lines().count() == found.lines().count(),
                "examples/consumer/tests/{name}.rs and cargo-gate/templates/kernels/{name}.rs differ, first at line {}: change \
                 both",
                differs.map_or(text.lines().count().min(found.lines().count()) + 1, |line| line + 1)
            );
            compared.push(name.to_owned());
        }
    }
    compared.sort();
    let mut production = production;
    production.sort();
    assert_eq!(compared, production);
}

#[test]
fn a_crate_of_kernels_is_written_and_never_overwritten() {
    let gate = workspace();
    insta::assert_snapshot!(
        "scaffold",
        gate.run(["init", "--ci", "none", "--kernels", "gpu/scaling"])
    );
    // Every other command of this test is without the crate, whose dependencies are not published here.
    let remove = || gate.replace("Cargo.toml", "members = [\"gpu/scaling\"]\n", "");
    remove();
    let written = gate.git(["status", "--porcelain", "--untracked-files=all"]);
    insta::assert_snapshot!("scaffold-written", written);
    gate.append("gpu/scaling/src/lib.rs", "// Mine.\n");
    gate.remove("gate.toml");
    let again = gate.run(["init", "--ci", "none", "--kernels", "gpu/scaling"]);
    assert_eq!(again.code, Some(0), "{again}");
    remove();
    assert!(gate.read("gpu/scaling/src/lib.rs").ends_with("// Mine.\n"), "{again}");
    let forced = gate.run(["init", "--ci", "none", "--kernels", "gpu/scaling", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced}");
    remove();
    assert!(!gate.read("gpu/scaling/src/lib.rs").contains("Mine"), "{forced}");
    gate.write("other/Cargo.toml", "[package]\nname = \"other\"\n");
    let other = gate.run(["init", "--ci", "none", "--kernels", "other", "--force"]);
    assert_eq!(other.code, Some(2), "{other}");
    assert!(!gate.workspace().join("other/build.rs").exists(), "{other}");
    let outside = gate.run(["init", "--kernels", "../elsewhere"]);
    assert_eq!(outside.code, Some(2), "{outside}");
}

/// With the library crates of this repository in place of the published ones, and what it locks of theirs.
#[test]
fn the_crate_builds_without_cuda_and_its_tests_pass() {
    let gate = workspace();
    let run = gate.run(["init", "--ci", "none", "--kernels"]);
    assert_eq!(run.code, Some(0), "{run}");
    let said = tested(&gate, ".");
    // The production suites are there, have tests, and are what the policy declares.
    let policy = gate.read("gate.toml");
    for suite in gate_policy::PRODUCTION_SUITES {
        assert!(policy.contains(&format!("name = \"{suite}\"")), "{policy}");
        assert!(said.contains(&format!("tests/{suite}.rs")), "{said}");
    }
    for test in [
        "a_disabled_device_falls_back",
        "a_forced_error_is_reported_and_nothing_is_written",
        "every_call_is_logged_with_every_field",
        "errors_that_last_roll_back_and_say_so",
        "lengths_that_differ_are_refused_and_nothing_is_written",
    ] {
        assert!(said.contains(&format!("{test} ... ok")), "{test}: {said}");
    }
}

/// Where no package is, the crate is written alone, and is a workspace of its own.
#[test]
fn outside_of_a_workspace_the_crate_builds_as_well() {
    let gate = workspace();
    gate.remove("Cargo.toml");
    let run = gate.run(["init", "--kernels"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(!gate.workspace().join("gate.toml").exists(), "{run}");
    tested(&gate, "kernels");
    let again = gate.run(["init", "--kernels"]);
    assert_eq!(again.code, Some(2), "{again}");
}

/// What cargo says of the tests of the crate, which pass, in this directory.
fn tested(gate: &Gate, directory: &str) -> String {
    let root = xtask::project_root();
    for (package, folder) in [
        ("cargo-gate-runtime", "gate-runtime"),
        ("cargo-gate-build", "gate-build"),
    ] {
        let published = format!("package = \"{package}\", version = \"0.1\"");
        let path = toml::Value::from(root.join(folder).display().to_string());
        gate.replace(
            "kernels/Cargo.toml",
            &published,
            &format!("package = \"{package}\", path = {path}"),
        );
    }
    let lock = std::fs::read(root.join("Cargo.lock")).expect("the lockfile of this repository");
    gate.write(&format!("{directory}/Cargo.lock"), lock);

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .args(["test", "--package", "kernels", "--offline"])
        .current_dir(gate.workspace().join(directory))
        // Kept between runs, and apart from the directory that the cargo above this test holds.
        .env(
            "CARGO_TARGET_DIR",
            std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold"),
        )
        .env("GATE_KERNELS", "off");
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "RUSTC_WRAPPER",
    ] {
        command.env_remove(variable);
    }
    let output = command.output().expect("cargo is part of the toolchain");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    assert!(said.contains("test result: ok. 3 passed"), "{said}");
    said
}
