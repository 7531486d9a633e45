//! Mutations of what is promised about failure, deprecation and releases. Each declares the promise and breaks it: a
//! workspace that promises nothing owes nothing.

use super::machine::{COMMITTED, turn_the_gate_red};
use super::{Gate, Mutation};

/// Mutations that the checks of promises must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "declare a use that no suite tests",
        check: "scope.uses",
        apply: |gate| declare(gate, "[uses]\nfile = true\n"),
        ..COMMITTED
    },
    Mutation {
        name: "panic in one place more than the inventory says",
        check: "failure.panics",
        apply: |gate| {
            declare(gate, "[failure]\npanic-inventory = \"panics.json\"\n");
            let run = gate.run(["source", "panics", "--write"]);
            assert_eq!(run.code, Some(0), "{run}");
            let panics = "\n/// The last one.\npub fn last(bytes: &[u8]) -> u8 {\n    *bytes.last().unwrap()\n}\n";
            gate.append("native/src/lib.rs", panics);
        },
        ..COMMITTED
    },
    Mutation {
        name: "list more places that panic than before",
        check: "failure.panics",
        apply: |gate| {
            declare(gate, "[failure]\npanic-inventory = \"panics.json\"\n");
            let run = gate.run(["source", "panics", "--write"]);
            assert_eq!(run.code, Some(0), "{run}");
            let empty = gate.read("panics.json");
            let panics = "\n/// The last one.\npub fn last(bytes: &[u8]) -> u8 {\n    bytes[bytes.len() - 1]\n}\n";
            gate.append("native/src/lib.rs", panics);
            let run = gate.run(["source", "panics", "--write"]);
            assert_eq!(run.code, Some(0), "{run}");
            assert_ne!(gate.read("panics.json"), empty);
            // The version in git is the one before.
            let full = gate.read("panics.json");
            gate.write("panics.json", empty);
            gate.git(["add", "panics.json"]);
            gate.git(["commit", "--quiet", "--message", "Start the inventory"]);
            gate.write("panics.json", full);
        },
        undo: super::Undo::By(|gate| {
            gate.git(["reset", "--quiet", "--hard", "HEAD~1"]);
            gate.git(["clean", "--quiet", "--force", "-d"]);
        }),
        also: &["git.clean"],
        ..COMMITTED
    },
    Mutation {
        name: "return an error that no test makes",
        check: "failure.errors",
        apply: |gate| {
            declare(gate, "[failure]\ncoverage = \"lcov.info\"\n");
            let error = "\n/// What went wrong.\n#[derive(Debug)]\npub enum FrontError {\n    /// There is no byte.\n    \
                         Empty,\n}\n\n/// The error.\npub fn error() -> FrontError {\n    FrontError::Empty\n}\n";
            gate.append("native/src/lib.rs", error);
            let text = gate.read("native/src/lib.rs");
            let line = text
                .lines()
                .position(|line| line.trim() == "FrontError::Empty")
                .expect("a line")
                + 1;
            gate.write(
                "lcov.info",
                format!("SF:native/src/lib.rs\nDA:{line},0\nend_of_record\n"),
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "keep an item past the version that was to be without it",
        check: "api.deprecations",
        apply: |gate| {
            let item = "\n/// Two.\n#[deprecated(since = \"0.0.1\")]\npub fn two() -> u8 {\n    2\n}\n";
            gate.append("native/src/lib.rs", item);
            declare(gate, &deprecation("two", "0.1.0"));
        },
        ..COMMITTED
    },
    Mutation {
        name: "remove an item before its time",
        check: "api.deprecations",
        apply: |gate| declare(gate, &deprecation("gone", "1.0.0")),
        ..COMMITTED
    },
    Mutation {
        name: "change what the last release promised in a document",
        check: "api.stability",
        apply: |gate| {
            gate.write("FORMAT.md", "One line.\n");
            gate.git(["add", "--all"]);
            gate.git(["commit", "--quiet", "--message", "Release"]);
            gate.git(["tag", "v0.1.0"]);
            gate.write("FORMAT.md", "Two lines.\n");
            let surface = "[[stability.surface]]\nclass = \"stable\"\npaths = [\"FORMAT.md\"]\n";
            declare(
                gate,
                &format!("[stability]\nreference = \"v*\"\ndefault = \"fluid\"\n{surface}"),
            );
        },
        undo: super::Undo::By(|gate| {
            gate.git(["reset", "--quiet", "--hard", "HEAD~1"]);
            gate.git(["tag", "--delete", "v0.1.0"]);
        }),
        also: &["git.clean"],
        ..COMMITTED
    },
    Mutation {
        name: "promise public items that nothing compares with the last release",
        check: "api.stability",
        apply: |gate| declare(gate, "[stability]\nreference = \"HEAD\"\n"),
        ..COMMITTED
    },
    Mutation {
        name: "claim more than the tests show",
        check: "claims.evidence",
        apply: |gate| {
            let claim = "[[claim]]\nsurface = \"the logic\"\nclass = \"targeted\"\nevidence = [\"suite.test.logic\"]\n";
            declare(gate, claim);
        },
        ..COMMITTED
    },
    Mutation {
        name: "state another version in a file beside the workspace",
        check: "release.manifest",
        apply: |gate| {
            gate.write("VERSION", "0.2.0\n");
            declare(gate, "[[release.version-file]]\npath = \"VERSION\"\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "approve a release tomorrow",
        check: "release.manifest",
        apply: |gate| {
            gate.write("approval.md", "Reviewed.\n");
            let approval = format!(
                "[[release.approval]]\nmajor = 1\nrecord = \"approval.md\"\nby = \"board\"\ndate = {}\n",
                gate_tests::harness::day(2)
            );
            declare(gate, &approval);
        },
        ..COMMITTED
    },
    Mutation {
        name: "release without an entry in the changelog",
        check: "changelog.current",
        apply: |gate| {
            gate.write(
                "CHANGELOG.md",
                "# Changelog\n\n## 0.0.9 - 2026-01-02\n\n- The first version.\n",
            );
            declare(gate, "[release]\nchangelogs = [\"CHANGELOG.md\"]\n");
        },
        ..COMMITTED
    },
];

fn declare(gate: &Gate, section: &str) {
    gate.append("gate.toml", &format!("\n{section}"));
}

fn deprecation(name: &str, remove_in: &str) -> String {
    format!(
        "[[deprecation]]\nitem = \"native::{name}\"\nsince = \"0.0.1\"\nremove-in = \"{remove_in}\"\n\
         replacement = \"nothing\"\n"
    )
}

#[test]
fn broken_promises_turn_the_gate_red() {
    turn_the_gate_red(ALL);
}
