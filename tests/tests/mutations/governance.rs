//! Mutations that the checks of governance must find.

use gate_tests::harness::day;
use gate_tests::keys::{RELEASE, SECURITY};

use super::machine::{COMMITTED, Undo, reset, turn_the_gate_red};
use super::{Gate, Mutation};

/// Mutations that they must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "leave a critical issue open (S2.53)",
        check: "register.criticals",
        apply: |gate| register(gate, &item("BUG-1", "severity = \"critical\"\nstatus = \"open\"")),
        ..COMMITTED
    },
    Mutation {
        name: "let a deferral expire",
        check: "register.criticals",
        apply: |gate| {
            let deferred = format!(
                "severity = \"low\"\nstatus = \"deferred\"\nowner = \"a\"\nreason = \"b\"\nclosure = \"c\"\nuntil = {}",
                day(-1)
            );
            register(gate, &item("BUG-1", &deferred));
        },
        ..COMMITTED
    },
    Mutation {
        name: "map an open risk to a closed item (9)",
        check: "register.criticals",
        apply: |gate| {
            let risk = format!(
                "kind = \"risk\"\nimpact = \"high\"\nprobability = \"low\"\nmitigation = \"a\"\nfallback = \"b\"\nowner = \
                 \"c\"\nreview = {}\nstatus = \"open\"\ntracked-by = \"BUG-1\"",
                day(30)
            );
            let closed = closed_by(gate.git(["rev-parse", "HEAD"]).trim());
            register(gate, &(item("BUG-1", &closed) + &item("RISK-1", &risk)));
        },
        ..COMMITTED
    },
    Mutation {
        name: "close an issue by a commit that is nowhere (S2.79)",
        check: "register.criticals",
        apply: |gate| register(gate, &item("BUG-1", &closed_by(&"0".repeat(40)))),
        ..COMMITTED
    },
    Mutation {
        name: "keep known findings beyond their date",
        check: "known.findings",
        apply: |gate| {
            gate.append("gate.toml", "\n[known]\nowner = \"a\"\n");
            let dates = format!("version = 1\nrecorded = {}\nuntil = {}\n", day(-90), day(-1));
            gate.write("known_findings.toml", dates);
        },
        ..COMMITTED
    },
    Mutation {
        name: "add a finding to the list of known ones",
        check: "known.ratchet",
        also: &["known.findings", "stage.predecessor"],
        apply: |gate| {
            gate.append("gate.toml", "\n[known]\nowner = \"a\"\n");
            let dates = format!("version = 1\nrecorded = {}\nuntil = {}\n", day(0), day(90));
            gate.write("known_findings.toml", &dates);
            gate.commit("Know nothing");
            let entry = "[finding.\"boundary.raw\".\"src/lib.rs\"]\n\"unsafe block in `f`\" = 1\n";
            gate.write("known_findings.toml", format!("{dates}{entry}"));
            gate.commit("Know more");
        },
        undo: Undo::By(|gate| reset(gate, "HEAD~2")),
        ..COMMITTED
    },
    Mutation {
        name: "ask for an artifact that is not there (2)",
        check: "checklist.stage",
        apply: |gate| checklist(gate, "artifacts = [\"docs/runbook.md\"]"),
        ..COMMITTED
    },
    Mutation {
        name: "change a pinned artifact (2)",
        check: "checklist.stage",
        apply: |gate| {
            gate.write("runbook.md", "anything\n");
            checklist(
                gate,
                &format!(
                    "artifacts = [{{ path = \"runbook.md\", sha256 = \"{}\" }}]",
                    "0".repeat(64)
                ),
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "list a check that fails",
        check: "checklist.stage",
        also: &["lockfile.tracked"],
        apply: |gate| {
            checklist(gate, "checks = [\"waiver.valid\", \"lockfile.*\"]");
            gate.append(".gitignore", "Cargo.lock\n");
            gate.git(["rm", "--quiet", "--cached", "Cargo.lock"]);
        },
        ..COMMITTED
    },
    Mutation {
        name: "do not sign a waiver",
        check: "waiver.authority",
        also: &["boundary.raw"],
        apply: |gate| gate.append("gate.toml", &format!("\n[waivers]\nkeys = [\"{KEY}\"]\n")),
        ..COMMITTED
    },
    Mutation {
        name: "sign a waiver with one key of two",
        check: "waiver.authority",
        also: &["boundary.raw"],
        apply: |gate| {
            let keys = format!("keys = [\"{}\", \"{}\"]", RELEASE.public, SECURITY.public);
            gate.append("gate.toml", &format!("\n[waivers]\n{keys}\napprovals = 2\n"));
            let text = gate.run(["govern", "waiver", "text", "1"]).stdout;
            gate.write("target/signature", RELEASE.private().sign(&text));
            let attached = gate.run(["govern", "waiver", "attach", "1", "--signature", "target/signature"]);
            assert_eq!(attached.code, Some(0), "{attached}");
        },
        ..COMMITTED
    },
    Mutation {
        name: "let a waiver last longer than allowed",
        check: "waiver.authority",
        apply: |gate| gate.append("gate.toml", "\n[waivers]\nmax-days = 1\n"),
        ..COMMITTED
    },
    Mutation {
        name: "ask for more runs than there were",
        check: "history.consistent",
        apply: |gate| gate.replace("gate.toml", "runs = 1\ndays", "runs = 50\ndays"),
        ..COMMITTED
    },
    Mutation {
        name: "ask for evidence that no stage makes",
        check: "evidence.age",
        apply: |gate| {
            let limit = "\n[[evidence.age]]\ncheck = \"toolchain.*\"\nmax-age = \"1h\"\n\n[[evidence.age]]\ncheck = \
                         \"register.criticals\"\nmax-age = \"7d\"\nstage = \"broad\"\n";
            gate.append("gate.toml", limit);
        },
        ..COMMITTED
    },
    Mutation {
        name: "answer for one package alone",
        check: "owners.declared",
        apply: |gate| {
            gate.replace(
                "gate.toml",
                "[owners]\ndefault = \"platform team\"\n",
                "[owners]\npackages = { logic = \"a\" }\nsuites = { \"*\" = \"b\" }\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "leave a warning unreviewed",
        check: "warnings.reviewed",
        also: &["config.sanity"],
        apply: |gate| {
            // `max-age` has no effect at pilot, of which `config.sanity` warns.
            let scope = "scope = \"one internal service\"";
            gate.replace("gate.toml", scope, &format!("{scope}\nmax-age = \"30d\""));
            gate.append("gate.toml", "\n[warnings]\n");
        },
        ..COMMITTED
    },
];

/// A key whose other half is nowhere.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc nobody";

fn register(gate: &Gate, items: &str) {
    gate.append("gate.toml", "\n[register]\n");
    gate.write("register.toml", format!("version = 1\n{items}"));
}

fn item(id: &str, rest: &str) -> String {
    format!("\n[[item]]\nid = \"{id}\"\ntitle = \"loses writes\"\nopened = 2025-01-02\n{rest}\n")
}

/// The rest of an issue that this commit closed.
fn closed_by(commit: &str) -> String {
    format!("severity = \"low\"\nstatus = \"closed\"\nclosed = 2025-02-01\ncommit = \"{commit}\"")
}

fn checklist(gate: &Gate, asks: &str) {
    let item = format!("\n[[checklist.controlled]]\nid = \"known\"\ndescription = \"It is known to work\"\n{asks}\n");
    gate.append("gate.toml", &item);
}

#[test]
fn governance_turns_the_gate_red() {
    turn_the_gate_red(ALL);
}
