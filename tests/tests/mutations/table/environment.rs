//! Variables that change what tools do, and programs in front of others.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row, variable};
use super::toolchain::shim;

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        ("INSTA_UPDATE", "always"),
        ("INSTA_UPDATE", "unseen"),
        ("INSTA_UPDATE", "force"),
        ("INSTA_FORCE_PASS", "1"),
        ("INSTA_FORCE_UPDATE", "1"),
        ("TRYBUILD", "overwrite"),
        ("TRYCMD", "overwrite"),
        ("SNAPSHOTS", "overwrite"),
        ("MACROTEST", "overwrite"),
        ("UPDATE_EXPECT", "1"),
        ("UPDATE_GOLDENFILES", "1"),
        ("FAILPOINTS", "write=panic"),
        ("FAKETIME", "-400d"),
        ("GATE_CUDA_DISABLE", "1"),
        ("GATE_CUDA_FORCE_ERROR", "launch"),
        ("GATE_CUDA_FORCE_FALLBACK", "1"),
        ("GATE_CUDA_SIMULATE_AVAILABLE", "1"),
        ("GATE_COMPILE_DELAY_MS", "10"),
        ("PROPTEST_CASES", "0"),
        ("QUICKCHECK_TESTS", "0"),
    ]
    .into_iter()
    .zip([PILOT, CONTROLLED, BROAD].into_iter().cycle())
    .map(|((name, value), stage)| variable(name, value, stage, "environment.clean"))
    .collect();
    rows.extend(builds());
    rows.extend(elsewhere());
    rows
}

/// What changes how the tests are built or started: they run again, and fail.
fn builds() -> Vec<Row> {
    let broken = "exit 1";
    let mut rows: Vec<Row> = [
        ("RUSTFLAGS", "--cfg no_such=flag=x"),
        ("CARGO_ENCODED_RUSTFLAGS", "--no-such-flag"),
        ("CARGO_BUILD_RUSTFLAGS", "--no-such-flag"),
        ("CARGO_BUILD_TARGET", "no-such-target"),
        ("CARGO_PROFILE_TEST_OPT_LEVEL", "nine"),
        ("CARGO_PROFILE_DEV_PANIC", "never"),
        ("CARGO_BUILD_RUSTC_WRAPPER", "/nowhere/wrapper"),
    ]
    .into_iter()
    .map(|(name, value)| variable(name, value, PILOT, "suite.test.logic"))
    .collect();
    // Cargo asks the first about itself, and calls the second for members alone.
    for (name, check) in [
        ("RUSTC_WRAPPER", "lockfile.fresh"),
        ("RUSTC_WORKSPACE_WRAPPER", "suite.test.logic"),
    ] {
        rows.push(
            row(format!("wrap the compiler by `{name}`"), PILOT, check, move |gate| {
                shim(gate, "wrapper", broken);
            })
            .uncommitted()
            .variable(name, "../bin/wrapper"),
        );
    }
    for (key, value) in [
        ("rustc-wrapper", "../bin/wrapper"),
        ("rustc-workspace-wrapper", "../bin/wrapper"),
    ] {
        rows.push(row(
            format!("configure `{key}`"),
            PILOT,
            "suite.test.logic",
            move |gate| {
                shim(gate, "wrapper", broken);
                gate.append(".cargo/config.toml", &format!("\n[build]\n{key} = \"{value}\"\n"));
            },
        ));
    }
    rows.extend([
        row(
            "configure flags that break the build",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.append(".cargo/config.toml", "\n[build]\nrustflags = [\"--no-such-flag\"]\n");
            },
        ),
        row(
            "configure a runner that runs nothing",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.append(".cargo/config.toml", "\n[target.'cfg(all())']\nrunner = \"true\"\n");
            },
        ),
        row(
            "configure a linker that links nothing",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.append(".cargo/config.toml", "\n[target.'cfg(all())']\nlinker = \"false\"\n");
            },
        ),
        row(
            "configure a variable that fails tests",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.append(".cargo/config.toml", "\n[env]\nBROKEN = \"1\"\n");
                gate.replace(
                    "logic/src/lib.rs",
                    "        assert_eq!(next(1), 2);",
                    "        assert!(option_env!(\"BROKEN\").is_none());\n        assert_eq!(next(1), 2);",
                );
            },
        ),
        row(
            "configure flags above the workspace",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.write("../.cargo/config.toml", "[build]\nrustflags = [\"--no-such-flag\"]\n");
            },
        )
        .uncommitted(),
        row(
            "run the tests of a profile that is not there",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.replace(
                    "gate.toml",
                    "\"--lib\", \"--locked\"]",
                    "\"--lib\", \"--locked\", \"--profile\", \"fast\"]",
                );
            },
        ),
    ]);
    rows
}

/// What points the gate somewhere else: there, nothing was judged.
fn elsewhere() -> Vec<Row> {
    vec![
        row(
            "build in another target directory",
            CONTROLLED,
            "stage.predecessor",
            |_| {},
        )
        .uncommitted()
        .variable("CARGO_TARGET_DIR", "../other-target"),
        row(
            "build in another target directory by cargo's other variable",
            BROAD,
            "stage.predecessor",
            |_| {},
        )
        .uncommitted()
        .variable("CARGO_BUILD_TARGET_DIR", "../other-target"),
        row(
            "build in the target directory of an argument",
            CONTROLLED,
            "stage.predecessor",
            |_| {},
        )
        .uncommitted()
        .with("--target-dir")
        .with("../other-target"),
        row(
            "configure another target directory",
            CONTROLLED,
            "stage.predecessor",
            |gate| {
                gate.append(".cargo/config.toml", "\n[build]\ntarget-dir = \"elsewhere\"\n");
                gate.append(".gitignore", "/elsewhere\n");
            },
        ),
        row(
            "use the key of another machine",
            CONTROLLED,
            "stage.predecessor",
            |_| {},
        )
        .uncommitted()
        .variable("CARGO_GATE_EVIDENCE_KEY", "0123456789abcdef0123456789abcdef"),
        row("use a short key", CONTROLLED, "", |_| {})
            .ends(2)
            .uncommitted()
            .variable("CARGO_GATE_EVIDENCE_KEY", "short"),
        row("use another home, with another key", BROAD, "stage.predecessor", |_| {})
            .uncommitted()
            .variable("HOME", "/nowhere"),
        row("delete the key of this machine", BROAD, "stage.predecessor", |gate| {
            gate.remove("../home/.local/state/cargo-gate/evidence.key");
        })
        .uncommitted(),
        row(
            "name an advisory database that is not there",
            PILOT,
            "supply.advisories",
            |gate| {
                gate.replace(
                    "gate.toml",
                    "advisory-db = \"advisory-db\"",
                    "advisory-db = \"nowhere\"",
                );
            },
        ),
        row("judge another manifest", PILOT, "", |_| {})
            .ends(2)
            .uncommitted()
            .with("--manifest-path")
            .with("logic/none.toml"),
        row("judge with a policy that is not there", PILOT, "", |_| {})
            .ends(2)
            .uncommitted()
            .with("--policy")
            .with("none.toml"),
        row(
            "judge one package after all were judged by a policy that is not there",
            PILOT,
            "",
            |_| {},
        )
        .ends(2)
        .uncommitted()
        .with("--package")
        .with("nowhere"),
        row("leave the suites out", CONTROLLED, "suite.test.runner", |gate| {
            gate.append("runner.sh", "# More.\n");
        })
        .with("--no-suites"),
    ]
}
