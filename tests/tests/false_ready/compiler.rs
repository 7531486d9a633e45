//! Another compiler than the one that the gate judges and reports.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use gate_tests::harness::Gate;

use super::{assert_not_ready, assert_ready, package};

/// What a nightly says of itself.
const NIGHTLY: &str = "rustc 1.99.0-nightly (abcdefabc 2026-10-01)\\nbinary: rustc\\ncommit-hash: \
    abcdefabcabcdefabcabcdefabcabcdefabcabcd\\ncommit-date: 2026-10-01\\nhost: x86_64-unknown-linux-gnu\\nrelease: \
    1.99.0-nightly\\nLLVM version: 22.1.0\\n";

/// A program of the toolchain that runs these tests.
fn real(program: &str) -> PathBuf {
    let sysroot = std::process::Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .expect("rustc");
    let sysroot = String::from_utf8(sysroot.stdout).expect("a path");
    Path::new(sysroot.trim()).join("bin").join(program)
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory can be made");
    fs::write(path, text).expect("a script can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a script can be made executable");
}

/// The gate with these programs in front of all others.
fn with_programs(gate: Gate, directory: &Path) -> Gate {
    let path = std::env::var_os("PATH").expect("PATH");
    let path = std::env::join_paths([directory.to_owned()].into_iter().chain(std::env::split_paths(&path)));
    gate.env("PATH", path.expect("a path"))
}

#[test]
fn the_tests_run_with_the_cargo_that_was_judged() {
    let gate = package();
    let fake = gate.workspace().join("../fake");
    // A cargo with which every test passes.
    script(
        &fake.join("cargo"),
        "#!/bin/sh\necho 'running 1 test'\necho 'test it ... ok'\necho\necho 'test result: ok. 1 passed; 0 failed; 0 \
         ignored; 0 measured; 0 filtered out; finished in 0.00s'\n",
    );
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = [\"cargo\", \
         \"test\", \"--locked\"]\n",
    );
    gate.replace("tests/it.rs", "app::answer(), 42", "app::answer(), 41");
    gate.commit("Break a test");
    let gate = with_programs(gate, &fake).env("CARGO", real("cargo"));
    assert_not_ready(
        &gate.run(["pilot"]),
        "a cargo on the path that is not the one that was judged",
    );
    gate.replace("tests/it.rs", "app::answer(), 41", "app::answer(), 42");
    gate.commit("Repair it");
    assert_ready(&gate.run(["pilot"]), "the cargo that was judged");
}

#[test]
fn a_directory_with_a_toolchain_of_its_own_is_no_evidence() {
    let gate = package();
    let fake = gate.workspace().join("../fake");
    // As the proxies of rustup choose, by the directory they are started in.
    script(
        &fake.join("rustc"),
        &format!(
            "#!/bin/sh\ncase \"$PWD\" in */sub) printf '{NIGHTLY}';; *) exec '{}' \"$@\";; esac\n",
            real("rustc").display()
        ),
    );
    script(
        &fake.join("cargo"),
        &format!("#!/bin/sh\nexec '{}' \"$@\"\n", real("cargo").display()),
    );
    gate.write("sub/rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n");
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = [\"cargo\", \
         \"test\", \"--manifest-path\", \"../Cargo.toml\", \"--locked\"]\ndirectory = \"sub\"\n",
    );
    gate.commit("Run the tests where another toolchain is chosen");
    let gate = with_programs(gate, &fake);
    let run = gate.run(["pilot"]);
    assert_not_ready(&run, "another toolchain");
    assert!(run.stdout.contains("the suite would run rustc"), "{run}");
}

#[test]
fn a_toolchain_that_the_command_names_is_said_with_the_result() {
    let gate = package();
    let proxies = gate.workspace().join("../proxies");
    // As the proxies of rustup read their first argument.
    for program in ["cargo", "rustc"] {
        let other = match program {
            "rustc" => format!("printf '{NIGHTLY}'; exit 0"),
            _ => "shift".to_owned(),
        };
        script(
            &proxies.join(program),
            &format!(
                "#!/bin/sh\ncase \"$1\" in +other) {other};; +*) shift;; esac\nexec '{}' \"$@\"\n",
                real(program).display()
            ),
        );
    }
    let gate = with_programs(gate, &proxies);
    let said = |toolchain: &str| {
        gate.write(
            "gate.toml",
            format!(
                "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = \
                 [\"cargo\", \"{toolchain}\", \"test\", \"--locked\"]\n"
            ),
        );
        gate.commit(&format!("Run the tests with {toolchain}"));
        let run = gate.run(["pilot", "--message-format", "json"]);
        assert_eq!(run.code, Some(0), "{run}");
        let report = run.json();
        let checks = report["checks"].as_array().expect("a list of checks");
        let suite = checks.iter().find(|check| check["id"] == "suite.test.unit");
        suite.expect("the suite")["evidence"]["suite"]["tool_version"].clone()
    };
    // The number of the version is not shown in tests.
    let other = said("+other");
    let words = other.as_str().unwrap_or_default();
    assert!(
        words.starts_with("rustc ") && words.ends_with("-nightly of 2026-10-01"),
        "{other}"
    );
    assert!(said("+same").is_null());
}

/// What rustup's proxies do where the toolchain file names a toolchain that is not there.
#[test]
fn without_the_pinned_toolchain_what_needs_no_compiler_is_judged() {
    let gate = package();
    let bin = gate.workspace().join("../proxies");
    for program in ["cargo", "rustc"] {
        let real = real(program);
        script(
            &bin.join(program),
            &format!(
                "#!/bin/sh\nif [ -z \"$RUSTUP_TOOLCHAIN\" ]; then\n  echo \"error: toolchain '9.9.9' is not installed\" >&2\n  exit 1\n\
                 fi\nexec '{}' \"$@\"\n",
                real.display()
            ),
        );
    }
    script(&bin.join("rustup"), "#!/bin/sh\necho 'other-toolchain (default)'\n");
    gate.write("README.md", "[gone](gone.md)\n");
    gate.commit("Link to nothing");
    let gate = with_programs(gate, &bin).env_remove("RUSTUP_TOOLCHAIN");
    let run = gate.run(["pilot", "--message-format", "json"]);
    assert!(
        run.stderr
            .contains("toolchain '9.9.9' is not installed; `other-toolchain` reads the workspace"),
        "{run}"
    );
    let report = run.json();
    let outcome = |id: &str| {
        let checks = report["checks"].as_array().expect("a list of checks");
        checks.iter().find(|check| check["id"] == id).expect("the check")["outcome"].clone()
    };
    assert_eq!(outcome("docs.links"), "warn");
    assert_eq!(outcome("suite.test.workspace"), "not_run");
    assert_ne!(run.code, Some(0), "{run}");
}
