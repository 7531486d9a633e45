//! Files that a build reads although they are no files of the workspace: what changes in them must be noticed.

use std::fs;

use gate_tests::harness::Gate;

use super::{assert_not_ready, assert_ready, package};

/// Ready twice, the second time without running; then `change`, and not ready.
fn notices(gate: &Gate, change: impl FnOnce(), what: &str) {
    assert_ready(&gate.run(["pilot"]), what);
    let again = gate.run(["pilot", "--plan"]);
    let suite = again
        .stdout
        .lines()
        .find(|line| line.contains(" suite.test."))
        .unwrap_or_default();
    assert!(suite.starts_with("reuse"), "{what} is not reused: {again}");
    change();
    assert_not_ready(&gate.run(["pilot"]), what);
}

#[test]
fn included_files_outside_the_workspace_count() {
    let gate = package();
    let outside = gate.workspace().join("../included.txt");
    fs::write(&outside, "42\n").expect("a file can be written");
    gate.replace("src/lib.rs", "\"../data/included.txt\"", "\"../../included.txt\"");
    gate.commit("Include what lies outside");
    notices(
        &gate,
        || fs::write(&outside, "41\n").expect("a file can be written"),
        "an included file",
    );
}

/// A clone has none of it.
#[test]
fn sources_outside_the_repository_block_from_controlled_on() {
    for line in [
        "#[path = \"../../elsewhere.rs\"]\nmod elsewhere;\n",
        "const _: &str = include_str!(\"../../elsewhere.rs\");\n",
    ] {
        let gate = package();
        fs::write(gate.workspace().join("../elsewhere.rs"), "").expect("a file can be written");
        gate.append("src/lib.rs", line);
        gate.commit("Read what lies outside");
        let run = gate.run(["pilot"]);
        assert_ready(&run, line);
        let said = "the build read `../elsewhere.rs`, outside the repository, so it is not part of the commit";
        assert!(run.stdout.contains(said), "{run}");
        assert_not_ready(&gate.run(["controlled"]), line);
    }
}

#[test]
fn what_a_build_script_reads_outside_counts() {
    let gate = package();
    let outside = gate.workspace().join("../generated");
    fs::create_dir(&outside).expect("a directory can be made");
    fs::write(outside.join("generated.txt"), "42\n").expect("a file can be written");
    gate.write(
        "build.rs",
        gate.read("build.rs")
            .replace("data/generated.txt", "../generated/generated.txt")
            .replace("changed=../generated/generated.txt", "changed=../generated"),
    );
    gate.commit("Generate from what lies outside");
    notices(
        &gate,
        || fs::write(outside.join("generated.txt"), "41\n").expect("a file can be written"),
        "a directory of a build script",
    );
}

#[test]
fn targets_whose_path_leaves_the_workspace_count() {
    // Manifest, what it says of the target, the file that the target had, right and wrong.
    let rows = [
        (
            "part/Cargo.toml",
            "\n[lib]\npath = \"../../outside.rs\"\n",
            "part/src/lib.rs",
            "= 42",
            "= 41",
        ),
        (
            "Cargo.toml",
            "\n[[test]]\nname = \"it\"\npath = \"../outside.rs\"\n",
            "tests/it.rs",
            "answer(), 42",
            "answer(), 41",
        ),
        (
            "Cargo.toml",
            "build = \"../outside.rs\"\n",
            "build.rs",
            "text.trim()",
            "41",
        ),
    ];
    for (manifest, target, file, right, wrong) in rows {
        let gate = package();
        let outside = gate.workspace().join("../outside.rs");
        fs::write(&outside, gate.read(file)).expect("a file can be written");
        if target.starts_with("build") {
            gate.replace(manifest, "[package]\n", &format!("[package]\n{target}"));
        } else {
            gate.append(manifest, target);
        }
        gate.remove(file);
        gate.commit("Leave the workspace");
        let text = fs::read_to_string(&outside).expect("a file").replace(right, wrong);
        notices(
            &gate,
            || fs::write(&outside, text).expect("a file can be written"),
            file,
        );
    }
}

#[test]
fn ignored_sources_count() {
    let gate = package();
    gate.append(".gitignore", "/part/src\n");
    gate.git(["rm", "-r", "-q", "--cached", "part/src"]);
    gate.commit("Ignore the sources of a member");
    notices(
        &gate,
        || gate.write("part/src/lib.rs", "pub const PART: u32 = 41;\n"),
        "ignored sources",
    );
}

#[cfg(unix)]
#[test]
fn a_dependency_behind_a_link_counts() {
    let gate = package();
    let outside = gate.workspace().join("../elsewhere");
    fs::rename(gate.workspace().join("part"), &outside).expect("a directory can be moved");
    std::os::unix::fs::symlink(&outside, gate.workspace().join("part")).expect("a link can be made");
    gate.commit("Link a dependency");
    notices(
        &gate,
        || fs::write(outside.join("src/lib.rs"), "pub const PART: u32 = 41;\n").expect("a file can be written"),
        "a linked dependency",
    );
}

#[cfg(unix)]
#[test]
fn data_behind_a_link_counts() {
    let gate = package();
    let outside = gate.workspace().join("../data");
    fs::create_dir(&outside).expect("a directory can be made");
    fs::write(outside.join("one.txt"), "42").expect("a file can be written");
    gate.write(
        "tests/data.rs",
        "#[test]\nfn data() {\n    assert_eq!(std::fs::read_to_string(\"linked/one.txt\").unwrap(), \"42\");\n}\n",
    );
    std::os::unix::fs::symlink(&outside, gate.workspace().join("linked")).expect("a link can be made");
    gate.commit("Link data");
    notices(
        &gate,
        || fs::write(outside.join("one.txt"), "41").expect("a file can be written"),
        "linked data",
    );
}

#[test]
fn variables_that_sources_ask_for_count() {
    let gate = package();
    gate.append(
        "src/lib.rs",
        "pub const FROM: Option<&str> = option_env!(\"APP_FROM\");\n",
    );
    gate.append(
        "tests/it.rs",
        "#[test]\nfn from() {\n    assert_eq!(app::FROM, None);\n}\n",
    );
    gate.commit("Ask for a variable");
    assert_ready(&gate.run(["pilot"]), "not set");
    let set = gate.finish(gate.gate_command().arg("pilot").env("APP_FROM", "here"));
    assert_not_ready(&set, "a variable that a source asks for");
}

#[test]
fn tracked_files_below_the_target_directory_count() {
    let gate = package();
    gate.write(".cargo/config.toml", "[build]\ntarget-dir = \"assets\"\n");
    gate.write("assets/part.txt", "42");
    gate.write(
        "tests/data.rs",
        "#[test]\nfn data() {\n    assert_eq!(std::fs::read_to_string(\"assets/part.txt\").unwrap(), \"42\");\n}\n",
    );
    gate.write(".gitignore", "/assets/*\n!/assets/part.txt\n");
    gate.commit("Build below tracked files");
    notices(&gate, || gate.write("assets/part.txt", "41"), "a tracked file");
}

#[test]
fn declared_inputs_do_not_hide_what_the_compiler_read() {
    let gate = package();
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = [\"cargo\", \"test\", \"--workspace\", \
         \"--locked\"]\ninputs = [\"tests/**\"]\n",
    );
    gate.commit("Declare too few inputs");
    notices(
        &gate,
        || gate.replace("src/lib.rs", "    42\n", "    41\n"),
        "a source outside `inputs`",
    );
}

#[test]
fn a_file_that_appears_while_a_suite_runs_makes_it_inconclusive() {
    let gate = package();
    gate.append(
        "tests/it.rs",
        "#[test]\nfn writes() {\n    std::fs::write(\"left-behind.txt\", \"\").unwrap();\n}\n",
    );
    gate.commit("Leave a file behind");
    let run = gate.run(["pilot"]);
    assert_not_ready(&run, "a file that appears");
    assert!(run.stdout.contains("left-behind.txt"), "{run}");
}

#[test]
fn configuration_of_linters_above_the_workspace_counts() {
    let gate = package();
    let above = gate.workspace().join("../rustfmt.toml");
    fs::write(&above, "max_width = 100\n").expect("a file can be written");
    assert_ready(&gate.run(["pilot"]), "at first");
    fs::write(&above, "max_width = 90\n").expect("a file can be written");
    let plan = gate.run(["pilot", "--plan"]);
    assert!(
        plan.stdout.contains("changed: configuration of clippy and rustfmt"),
        "{plan}"
    );
}

#[test]
fn configuration_of_clippy_that_a_variable_names_counts() {
    let gate = package();
    let named = gate.workspace().join("../clippy-of-the-team");
    fs::create_dir(&named).expect("a directory can be made");
    fs::write(named.join("clippy.toml"), "too-many-arguments-threshold = 9\n").expect("a file can be written");
    let gate = gate.env("CLIPPY_CONF_DIR", &named);
    assert_ready(&gate.run(["pilot"]), "at first");
    fs::write(named.join("clippy.toml"), "too-many-arguments-threshold = 2\n").expect("a file can be written");
    let plan = gate.run(["pilot", "--plan"]);
    assert!(
        plan.stdout.contains("changed: configuration of clippy and rustfmt"),
        "{plan}"
    );
}

#[test]
fn cargo_configuration_of_the_directory_of_a_suite_counts() {
    let gate = package();
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = [\"cargo\", \
         \"test\", \"--locked\"]\ndirectory = \"sub\"\ninputs = [\"src/**\", \"tests/**\"]\n",
    );
    gate.write("sub/.cargo/config.toml", "[build]\njobs = 1\n");
    gate.commit("Run the tests in a directory");
    assert_ready(&gate.run(["pilot"]), "at first");
    gate.write(
        "sub/.cargo/config.toml",
        "[build]\njobs = 1\nrustflags = [\"--cfg\", \"broken\"]\n",
    );
    let plan = gate.run(["pilot", "--plan"]);
    assert!(
        plan.stdout.contains("changed: cargo configuration of its directory"),
        "{plan}"
    );
}

#[test]
fn a_failure_is_told_as_one_whatever_else_changes() {
    let gate = package();
    gate.append(
        "tests/it.rs",
        "#[test]\nfn writes() {\n    std::fs::write(\"left-behind.txt\", \"\").unwrap();\n    panic!(\"no\");\n}\n",
    );
    gate.commit("Fail, and leave a file behind");
    let run = gate.run(["pilot"]);
    assert_not_ready(&run, "a failure");
    assert!(run.stdout.contains("writes` failed"), "{run}");
}

#[test]
fn pending_snapshots_are_no_inputs() {
    let gate = package();
    gate.append(
        "tests/it.rs",
        "#[test]\nfn writes() {\n    std::fs::write(\"tests/.it.rs.pending-snap\", \"\").unwrap();\n}\n",
    );
    gate.commit("Leave a pending snapshot behind");
    assert_ready(&gate.run(["pilot"]), "a pending snapshot");
}

/// Programs outside the repository that cargo runs are part of what a suite was, however they are named.
#[cfg(unix)]
#[test]
fn programs_that_cargo_runs_count() {
    use std::os::unix::fs::PermissionsExt as _;
    let suite = "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"thing\"]\n";
    let runner = "[target.'cfg(unix)']\nrunner = \"../programs/cargo-thing\"\n";
    let wrapper = "[build]\nrustc-wrapper = \"../programs/cargo-thing\"\n";
    let works = "#!/bin/sh\nexec \"$@\"\n";
    for (file, text, program) in [
        (".cargo/config.toml", runner, works),
        (".cargo/config.toml", wrapper, works),
        ("RUSTC_WRAPPER", "", works),
        ("gate.toml", suite, "#!/bin/sh\nexec cargo test --locked\n"),
    ] {
        let mut gate = package();
        let programs = gate.workspace().parent().expect("a directory").join("programs");
        fs::create_dir(&programs).expect("a directory can be made");
        let thing = programs.join("cargo-thing");
        fs::write(&thing, program).expect("a file can be written");
        fs::set_permissions(&thing, fs::Permissions::from_mode(0o755)).expect("it may run");
        if text.is_empty() {
            gate = gate.env(file, &thing);
        } else {
            gate.write(file, text);
        }
        if file == "gate.toml" {
            let path = std::env::var_os("PATH").expect("a path");
            let path = std::iter::once(programs).chain(std::env::split_paths(&path));
            gate = gate.env("PATH", std::env::join_paths(path).expect("a path"));
        }
        gate.commit("Run a program");
        if file.starts_with(".cargo") {
            let run = gate.run(["pilot", "--no-suites"]);
            let named =
                "`../programs/cargo-thing`, which .cargo/config.toml tells cargo to run, is outside the repository";
            assert!(run.stdout.contains(named), "{run}");
        }
        let breaks = || fs::write(&thing, "#!/bin/sh\nexit 3\n").expect("a file can be written");
        notices(&gate, breaks, &format!("a program of {file} {text}"));
    }
}
