//! Waivers, the register, owners, the checklist, releases and advisories.

use gate_tests::harness::{Gate, day};

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

const POLICY: &str = "gate.toml";

/// An item of the register.
fn item(what: &str, stage: &'static str, rest: impl Fn() -> String + Send + 'static) -> Row {
    row(format!("register {what}"), stage, "register.criticals", move |gate| {
        let head = "\n[[item]]\nid = \"BUG-1\"\ntitle = \"loses writes\"\nopened = 2025-01-02\n";
        gate.append("register.toml", &format!("{head}{}\n", rest()));
    })
}

fn fixed(text: &'static str) -> impl Fn() -> String + Send + 'static {
    move || text.to_owned()
}

/// A waiver after the one that is there.
fn waiver(gate: &Gate, check: &str, rest: &str, expires: &str) {
    gate.append(
        POLICY,
        &format!("\n[[waiver]]\ncheck = \"{check}\"\n{rest}owner = \"a\"\nreason = \"b\"\nexpires = {expires}\n"),
    );
}

/// The expiry of the waiver that is there, which is last.
fn expires(gate: &Gate, when: &str) {
    let text = gate.read(POLICY);
    let at = text.rfind("expires").expect("a waiver");
    gate.write(POLICY, format!("{}expires = {when}\n", &text[..at]));
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        item(
            "an open critical issue",
            PILOT,
            fixed("severity = \"critical\"\nstatus = \"open\""),
        ),
        item(
            "an open issue of high severity",
            BROAD,
            fixed("severity = \"high\"\nstatus = \"open\""),
        ),
        item(
            "a critical issue that is closed by nothing",
            PILOT,
            fixed("severity = \"critical\"\nstatus = \"closed\"\nclosed = 2025-02-01"),
        ),
        item(
            "a critical issue that a commit of nobody closed",
            CONTROLLED,
            fixed(
                "severity = \"critical\"\nstatus = \"closed\"\nclosed = 2025-02-01\ncommit = \"1111111111111111111111111111111111111111\"",
            ),
        ),
        item(
            "an issue that was closed before it was opened",
            BROAD,
            fixed("severity = \"low\"\nstatus = \"closed\"\nclosed = 2024-02-01"),
        )
        .ends(2),
        item("an issue that is closed tomorrow", BROAD, || {
            format!("severity = \"low\"\nstatus = \"closed\"\nclosed = {}", day(3))
        }),
        item("a deferral that has ended", PILOT, || {
            deferred(&day(-1), "owner = \"a\"\nclosure = \"c\"\n")
        }),
        item("a deferral without an owner", PILOT, || {
            deferred(&day(9), "closure = \"c\"\n")
        }),
        item("a deferral without a way to close it", PILOT, || {
            deferred(&day(9), "owner = \"a\"\n")
        }),
        item("a risk that nobody reviews", BROAD, || risk(&day(-1))),
        row("delete the register", PILOT, "register.criticals", |gate| {
            gate.remove("register.toml");
        })
        .ends(2),
        row("break the register", PILOT, "", |gate| {
            gate.append("register.toml", "[[[\n");
        })
        .ends(2),
        row("register an unknown status", PILOT, "", |gate| {
            gate.append(
                "register.toml",
                "\n[[item]]\nid = \"A\"\ntitle = \"x\"\nopened = 2025-01-02\nseverity = \"low\"\nstatus = \"done\"\n",
            );
        })
        .ends(2),
        row("register an item twice", PILOT, "", |gate| {
            let item =
                "\n[[item]]\nid = \"A\"\ntitle = \"x\"\nopened = 2025-01-02\nseverity = \"low\"\nstatus = \"open\"\n";
            gate.append("register.toml", &format!("{item}{item}"));
        })
        .ends(2),
    ];
    rows.extend(waivers());
    rows.extend(releases());
    rows
}

fn deferred(until: &str, rest: &str) -> String {
    format!("severity = \"critical\"\nstatus = \"deferred\"\nreason = \"b\"\n{rest}until = {until}")
}

fn risk(review: &str) -> String {
    format!(
        "kind = \"risk\"\nimpact = \"high\"\nprobability = \"high\"\nmitigation = \"a\"\nfallback = \"b\"\nowner = \"c\"\nreview = \
         {review}\nstatus = \"open\""
    )
}

fn waivers() -> Vec<Row> {
    vec![
        row("let the waiver expire yesterday", PILOT, "waiver.valid", |gate| {
            expires(gate, &day(-1));
        }),
        row("let the waiver expire a year ago", BROAD, "boundary.raw", |gate| {
            expires(gate, &day(-365));
        }),
        row("let the waiver last for ever", CONTROLLED, "waiver.authority", |gate| {
            expires(gate, "2999-01-01");
        }),
        row("delete the waiver", PILOT, "boundary.raw", |gate| {
            let text = gate.read(POLICY);
            gate.write(POLICY, &text[..text.find("[[waiver]]").expect("a waiver")]);
        }),
        row("waive nothing", PILOT, "waiver.valid", |gate| {
            waiver(gate, "docs.links", "", &day(9));
        }),
        row("waive a file that is not there", PILOT, "waiver.valid", |gate| {
            waiver(gate, "boundary.raw", "path = \"logic/src/none.rs\"\n", &day(9));
        }),
        row("waive the check of waivers", PILOT, "waiver.valid", |gate| {
            expires(gate, &day(-1));
            waiver(gate, "waiver.valid", "", &day(9));
        }),
        row("waive the stage before", BROAD, "docs.sync", |gate| {
            waiver(gate, "stage.predecessor", "", &day(9));
        }),
        row("waive a failing suite", PILOT, "suite.test.script", |gate| {
            gate.write("script.sh", "exit 1\n");
            waiver(gate, "suite.test.script", "", &day(-9));
        }),
        row("waive what a message does not contain", PILOT, "boundary.raw", |gate| {
            gate.append("logic/src/fast.rs", "\n/// X.\npub static mut X: u8 = 0;\n");
            gate.replace(
                POLICY,
                "path = \"logic/src/fast.rs\"\nowner",
                "path = \"logic/src/fast.rs\"\ncontains = \"no such words\"\nowner",
            );
        }),
    ]
}

fn releases() -> Vec<Row> {
    vec![
        row("state another version in a file", PILOT, "release.manifest", |gate| {
            gate.write("VERSION", "0.9.0\n");
        }),
        row("state no version in a file", PILOT, "release.manifest", |gate| {
            gate.write("VERSION", "");
        }),
        row(
            "delete the file of the version",
            CONTROLLED,
            "release.manifest",
            |gate| gate.remove("VERSION"),
        ),
        row(
            "raise the version without a changelog",
            PILOT,
            "changelog.current",
            |gate| {
                gate.replace("Cargo.toml", "version = \"0.1.0\"", "version = \"0.2.0\"");
                let lock = gate.read("Cargo.lock");
                gate.write("Cargo.lock", lock.replace("version = \"0.1.0\"", "version = \"0.2.0\""));
                gate.write("VERSION", "0.2.0\n");
            },
        ),
        row("empty the changelog", PILOT, "changelog.current", |gate| {
            gate.write("CHANGELOG.md", "");
        }),
        row("delete the changelog", CONTROLLED, "changelog.current", |gate| {
            gate.remove("CHANGELOG.md");
        }),
        row(
            "depend on a version with an advisory",
            PILOT,
            "supply.advisories",
            |gate| {
                for path in ["vendor/greet/Cargo.toml", "Cargo.lock"] {
                    gate.replace(path, "version = \"1.0.1\"", "version = \"1.0.0\"");
                }
            },
        ),
        row("publish an advisory", PILOT, "supply.advisories", |gate| {
            advisory(gate, "[\">= 2\"]");
        }),
        row(
            "publish an advisory without a fix",
            CONTROLLED,
            "supply.advisories",
            |gate| advisory(gate, "[]"),
        ),
        row(
            "change the runbook after it was approved",
            PILOT,
            "checklist.stage",
            |gate| {
                gate.append("docs/runbook.md", "\nOr do not.\n");
            },
        ),
        row("delete the runbook", BROAD, "checklist.stage", |gate| {
            gate.remove("docs/runbook.md");
        }),
        row("fail what the checklist lists", CONTROLLED, "checklist.stage", |gate| {
            gate.append(".gitignore", "Cargo.lock\n");
            gate.git(["rm", "--quiet", "--cached", "Cargo.lock"]);
        }),
        row("add a member that nobody owns", PILOT, "owners.declared", |gate| {
            gate.replace(
                POLICY,
                "packages = { \"*\" = \"platform team\" }",
                "packages = { native = \"a\" }",
            );
        }),
        row("drop a test that a claim rests on", PILOT, "claims.evidence", |gate| {
            gate.replace("logic/src/lib.rs", "fn counts_up()", "fn counts()");
        })
        .with("--keep-going"),
        row(
            "take the mark out of a generated file",
            PILOT,
            "generated.declared",
            |gate| {
                gate.write("schema/reading.json", "{}\n");
            },
        ),
        row(
            "add a generated file without a mark",
            BROAD,
            "generated.declared",
            |gate| {
                gate.write("schema/writing.json", "{}\n");
            },
        ),
    ]
}

fn advisory(gate: &Gate, patched: &str) {
    gate.write(
        "advisory-db/crates/greet/RUSTSEC-2026-0002.md",
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-0002\"\npackage = \"greet\"\ndate = \"{}\"\n\n[versions]\npatched = \
             {patched}\n```\n\n# Greeting is rude\n\nIt is.\n",
            day(-2)
        ),
    );
}
