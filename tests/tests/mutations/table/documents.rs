//! Documents: links, commands, boxes and generated blocks.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

const README: &str = "README.md";

/// A link of the README.
fn link(what: &str, stage: &'static str, to: &'static str) -> Row {
    row(format!("link to {what}"), stage, "docs.links", move |gate| {
        gate.append(README, &format!("\n[more]({to})\n"));
    })
}

/// A command of the README.
fn command(what: &str, stage: &'static str, command: &'static str) -> Row {
    row(format!("show {what}"), stage, "docs.commands", move |gate| {
        gate.append(README, &format!("\n```sh\n{command}\n```\n"));
    })
}

/// A box of the roadmap.
fn tick(what: &str, stage: &'static str, line: &'static str) -> Row {
    row(what, stage, "status.drift", move |gate| {
        gate.append("ROADMAP.md", &format!("{line}\n"));
    })
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        link("a page that is not there", PILOT, "docs/none.md"),
        link("a heading that is not there", CONTROLLED, "docs/guide.md#none"),
        link("a heading of its own that is not there", BROAD, "#none"),
        link("a page in another case", PILOT, "docs/Guide.md"),
        row("link by a reference that is not there", PILOT, "docs.links", |gate| {
            gate.append(README, "\n[more][more]\n\n[more]: docs/none.md\n");
        }),
        row("show an image that is not there", PILOT, "docs.links", |gate| {
            gate.append(README, "\n![more](docs/none.png)\n");
        }),
        row("link from a page below `docs`", CONTROLLED, "docs.links", |gate| {
            gate.append("docs/guide.md", "\n[x](none.md)\n");
        }),
        row("rename the page that others lead to", PILOT, "docs.links", |gate| {
            gate.git(["mv", "docs/guide.md", "docs/manual.md"]);
        }),
        row("rename the heading that others lead to", BROAD, "docs.links", |gate| {
            gate.replace("docs/guide.md", "## Usage", "## Use");
        }),
        command("a package that is not there", PILOT, "cargo test --package none"),
        command(
            "an example that is not there",
            CONTROLLED,
            "cargo run --package logic --example none",
        ),
        command(
            "a binary that is not there",
            BROAD,
            "cargo run --package logic --bin none",
        ),
        command(
            "a test that is not there",
            PILOT,
            "cargo test --package logic --test none",
        ),
        command(
            "a feature that is not there",
            PILOT,
            "cargo build --package logic --features none",
        ),
        command("a command of the gate that is not there", PILOT, "cargo gate none"),
        command(
            "a flag of the gate that is not there",
            CONTROLLED,
            "cargo gate pilot --none",
        ),
        tick(
            "tick a box of an unknown check",
            PILOT,
            "- [x] None <!-- gate: none.none -->",
        ),
        tick(
            "tick a box of an unknown suite",
            CONTROLLED,
            "- [x] None <!-- gate: suite.test.none -->",
        ),
        tick(
            "leave a box open that a check closes",
            BROAD,
            "- [ ] The lockfile is tracked <!-- gate: lockfile.tracked -->",
        ),
        tick("tick a whole with an open part", PILOT, "- [x] All\n  - [ ] One"),
        row("delete the roadmap", PILOT, "status.drift", |gate| {
            gate.remove("ROADMAP.md");
        }),
        row("edit a generated block", PILOT, "docs.sync", |gate| {
            gate.replace("CLAIMS.md", "one internal service", "every service");
        }),
        row("empty a generated block", CONTROLLED, "docs.sync", |gate| {
            gate.write("CLAIMS.md", "<!-- gate:generated claims -->\n<!-- gate:end -->\n");
        }),
        row("open a generated block twice", BROAD, "docs.sync", |gate| {
            gate.append("CLAIMS.md", "\n<!-- gate:generated claims -->\n");
        }),
        row("generate an unknown block", PILOT, "docs.sync", |gate| {
            gate.append("CLAIMS.md", "\n<!-- gate:generated none -->\n<!-- gate:end -->\n");
        }),
        row("delete the generated document", PILOT, "docs.sync", |gate| {
            gate.remove("CLAIMS.md");
        }),
    ]
}
