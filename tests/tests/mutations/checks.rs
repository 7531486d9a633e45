//! Mutations of the workspace that built-in checks must find.

use std::fs;

use gate_tests::harness::day;
use gate_tests::planted;

use super::machine::{COMMITTED, turn_the_gate_red};
use super::{Gate, Mutation, Undo};

/// Mutations that built-in checks must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "tear the journal of a migration",
        check: "release.migrations",
        apply: |gate| gate.write("target/gate/migrations/orders/journal", "torn"),
        undo: Undo::By(|gate| gate.remove("target/gate/migrations/orders/journal")),
        ..COMMITTED
    },
    Mutation {
        name: "let nobody answer for the packages",
        check: "stage.contract",
        apply: |gate| gate.replace("gate.toml", "[owners]\ndefault = \"platform team\"\n", ""),
        ..COMMITTED
    },
    Mutation {
        name: "ignore the lockfile",
        check: "lockfile.tracked",
        apply: |gate| {
            gate.append(".gitignore", "Cargo.lock\n");
            gate.git(["rm", "--quiet", "--cached", "Cargo.lock"]);
        },
        ..COMMITTED
    },
    Mutation {
        name: "raise a version past the lockfile",
        check: "lockfile.fresh",
        apply: |gate| gate.replace("Cargo.toml", "version = \"0.1.0\"", "version = \"0.2.0\""),
        ..COMMITTED
    },
    Mutation {
        name: "accept any version of a dependency",
        check: "lockfile.sources",
        apply: |gate| gate.append("Cargo.toml", "\n[workspace.dependencies]\nserde = \"*\"\n"),
        ..COMMITTED
    },
    Mutation {
        name: "let the compiler float",
        check: "toolchain.pinned",
        apply: |gate| gate.remove("rust-toolchain.toml"),
        ..COMMITTED
    },
    Mutation {
        name: "build with another compiler than the pinned one",
        check: "toolchain.matches",
        apply: |gate| gate.replace("rust-toolchain.toml", "1.95.0", "1.96.0"),
        ..COMMITTED
    },
    Mutation {
        name: "promise a newer compiler than the pinned one",
        check: "toolchain.msrv",
        apply: |gate| gate.replace("Cargo.toml", "rust-version = \"1.95\"", "rust-version = \"1.96\""),
        ..COMMITTED
    },
    Mutation {
        name: "declare another oldest Rust than manifests do",
        check: "toolchain.policy",
        apply: |gate| gate.append("gate.toml", &toolchain("1.94", -1)),
        ..COMMITTED
    },
    Mutation {
        name: "raise the oldest Rust on the day on which it is announced",
        check: "toolchain.floor",
        apply: |gate| {
            let announced = format!("\n[[toolchain.floor]]\nminimum = \"1.95\"\nannounced = {}\n", day(0));
            gate.append("gate.toml", &(toolchain("1.95", -1) + &announced));
        },
        ..COMMITTED
    },
    Mutation {
        name: "leave the toolchain unreviewed for a year",
        check: "toolchain.policy",
        apply: |gate| gate.append("gate.toml", &toolchain("1.95", -365)),
        ..COMMITTED
    },
    Mutation {
        name: "change a tracked file and commit nothing",
        check: "git.clean",
        apply: |gate| gate.append(".gitignore", "/notes\n"),
        undo: Undo::WorkTree,
        ..COMMITTED
    },
    Mutation {
        name: "add a file and commit nothing",
        check: "git.clean",
        apply: |gate| gate.write("notes.md", "Remember the milk\n"),
        undo: Undo::WorkTree,
        ..COMMITTED
    },
    Mutation {
        name: "declare what has no effect",
        check: "config.sanity",
        strict: true,
        apply: |gate| {
            gate.replace(
                "gate.toml",
                "scope = \"one internal service\"",
                "scope = \"one\"\nmax-age = \"30d\"",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "lose the history",
        check: "stage.predecessor",
        also: &["history.consistent"],
        apply: |gate| {
            for entry in ["history.jsonl", "runs"] {
                let gate_dir = gate.workspace().join("target/gate");
                fs::rename(gate_dir.join(entry), gate_dir.join(format!("lost-{entry}"))).expect("a move");
            }
        },
        undo: Undo::By(|gate| {
            let gate_dir = gate.workspace().join("target/gate");
            fs::remove_dir_all(gate_dir.join("runs")).expect("the red run left a directory");
            for entry in ["history.jsonl", "runs"] {
                fs::rename(gate_dir.join(format!("lost-{entry}")), gate_dir.join(entry)).expect("a move");
            }
        }),
        ..COMMITTED
    },
    Mutation {
        name: "let a waiver expire",
        check: "waiver.valid",
        also: &["boundary.raw"],
        apply: |gate| {
            let text = gate.read("gate.toml");
            let at = text.rfind("expires").expect("the waiver is last");
            gate.write("gate.toml", format!("{}expires = {}\n", &text[..at], day(-1)));
        },
        ..COMMITTED
    },
    Mutation {
        name: "add a waiver that nothing needs",
        check: "waiver.valid",
        apply: |gate| {
            let waiver = format!(
                "\n[[waiver]]\ncheck = \"git.clean\"\nowner = \"nobody\"\nreason = \"just in case\"\nexpires = {}\n",
                day(30)
            );
            gate.append("gate.toml", &waiver);
        },
        ..COMMITTED
    },
    Mutation {
        name: "drop a required setting of the release profile",
        check: "profile.release",
        apply: |gate| gate.replace("Cargo.toml", "overflow-checks = true", "debug = 1"),
        ..COMMITTED
    },
    Mutation {
        name: "override the release profile by a configuration file",
        check: "profile.release",
        apply: |gate| gate.write(".cargo/config.toml", "[profile.release]\noverflow-checks = false\n"),
        ..COMMITTED
    },
    Mutation {
        name: "override the release profile by a variable",
        check: "profile.release",
        apply: |_| {},
        undo: Undo::Variable("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "false"),
        ..COMMITTED
    },
    Mutation {
        name: "regenerate expected results from the implementation",
        check: "environment.clean",
        apply: |_| {},
        undo: Undo::Variable("INSTA_UPDATE", "always"),
        ..COMMITTED
    },
    Mutation {
        name: "leave a fault-injection variable set",
        check: "environment.clean",
        apply: |_| {},
        undo: Undo::Variable("FAILPOINTS", "read=return"),
        ..COMMITTED
    },
    Mutation {
        name: "leave a tier without an owner",
        check: "profile.tier",
        // The inventory says who answers for what it lists.
        also: &["boundary.inventory"],
        apply: |gate| {
            gate.replace(
                "gate.toml",
                "tier = \"native\"\nowner = \"platform team\"\n",
                "tier = \"native\"\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "write raw code in a portable crate",
        check: "boundary.raw",
        also: &["boundary.inventory"],
        apply: |gate| {
            let raw = "\n/// The second byte.\npub fn second(bytes: &[u8; 2]) -> u8 {\n    // SAFETY: there are two.\n    \
                       unsafe { *bytes.get_unchecked(1) }\n}\n";
            gate.append("logic/src/lib.rs", raw);
        },
        ..COMMITTED
    },
    Mutation {
        name: "do not say why raw code is sound",
        check: "boundary.safety",
        apply: |gate| {
            gate.replace(
                "native/src/lib.rs",
                "    // SAFETY: the caller promises that there is one.\n",
                "",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "add raw code that the inventory does not list",
        check: "boundary.inventory",
        apply: more_raw_code,
        ..COMMITTED
    },
    Mutation {
        name: "list more raw code than before",
        check: "boundary.inventory",
        apply: |gate| {
            more_raw_code(gate);
            let run = gate.run(["source", "boundaries", "--write"]);
            assert_eq!(run.code, Some(0), "{run}");
        },
        ..COMMITTED
    },
    Mutation {
        name: "edit a count in the inventory",
        check: "boundary.inventory",
        apply: |gate| gate.replace("boundary_inventory.json", "\"unsafe_fn\": 1", "\"unsafe_fn\": 0"),
        ..COMMITTED
    },
    Mutation {
        name: "commit a token",
        check: "secrets.tracked",
        apply: |gate| {
            fs::create_dir_all(gate.workspace().join("deploy")).expect("a directory");
            let text = format!("API_TOKEN={}\n", planted::value("github_token"));
            gate.write("deploy/production.env", &text);
        },
        ..COMMITTED
    },
    Mutation {
        name: "plant a secret in the debug information of PTX (12)",
        check: "secrets.tracked",
        apply: |gate| {
            let text = format!(".file 1 \"/build/{}/add.cu\"\n", planted::value("gitlab"));
            gate.write("native/src/add.ptx", &text);
        },
        ..COMMITTED
    },
    Mutation {
        name: "put an absolute home path into a file",
        check: "paths.local",
        apply: |gate| {
            gate.append("gate.toml", "\n[paths]\n");
            gate.write("native/src/add.ptx", ".file 1 \"/home/monika/add.cu\"\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "put an absolute home path into a log (24)",
        check: "redaction.audit",
        also: &["suite.test.logic"],
        apply: |gate| {
            gate.append("gate.toml", "\n[paths]\n");
            print_in_a_test(gate, "println!(\"/home/{}/x\", \"monika\");");
        },
        ..COMMITTED
    },
];

/// Adds a statement to a test, and shows what tests print.
pub(crate) fn print_in_a_test(gate: &Gate, statement: &str) {
    let asserted = "        assert_eq!(next(1), 2);";
    gate.replace(
        "logic/src/lib.rs",
        asserted,
        &format!("        {statement}\n{asserted}"),
    );
    gate.replace("gate.toml", "\"--locked\"]", "\"--locked\", \"--\", \"--nocapture\"]");
}

/// A `[toolchain]` of this minimum, reviewed so many days from now.
fn toolchain(minimum: &str, reviewed: i64) -> String {
    let reviewed = day(reviewed);
    format!("\n[toolchain]\nrelease = \"1.95.0\"\nminimum = \"{minimum}\"\nreviewed = {reviewed}\n")
}

fn more_raw_code(gate: &Gate) {
    let raw = "\n/// The byte behind the front.\n///\n/// # Safety\n/// There are two bytes.\npub unsafe fn next(bytes: \
               *const u8) -> u8 {\n    // SAFETY: the caller promises that there are two.\n    unsafe { *bytes.add(1) \
               }\n}\n";
    gate.append("native/src/lib.rs", raw);
}

#[test]
fn integrity_turns_the_gate_red() {
    turn_the_gate_red(&ALL[..ALL.len() / 2]);
}

#[test]
fn policy_and_boundaries_turn_the_gate_red() {
    turn_the_gate_red(&ALL[ALL.len() / 2..]);
}
