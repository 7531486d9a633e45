//! Subcommands that hold documents against the evidence, and correct them.

use insta::assert_snapshot;

use gate_tests::harness::Gate;

use super::applying::applying;
use super::good;

fn declare(gate: &Gate, key: &str) {
    gate.append("gate.toml", &format!("\n[docs]\n{key}\n"));
}

#[test]
fn boxes_are_set_from_evidence() {
    let gate = good();
    assert_snapshot!("drift-undeclared", gate.run(["source", "drift"]));
    declare(&gate, "status = [\"ROADMAP.md\"]");
    assert_snapshot!("drift-nothing-matches", gate.run(["source", "drift"]));

    let roadmap = "# Roadmap\r\n\r\n- [ ] Lockfile <!-- gate: lockfile.tracked -->\r\n\
                   - [x] Commands <!-- gate: docs.commands -->\r\n- [x] Tests <!-- gate: suite.test.logic -->\r\n\
                   - [x] Somebody uses it\r\n- [x] All\r\n  - [ ] Part\r\n";
    gate.write("ROADMAP.md", roadmap);
    gate.commit("Add a roadmap");
    assert_snapshot!("drift", gate.run(["source", "drift"]));
    assert_eq!(gate.read("ROADMAP.md"), roadmap, "a report changes nothing");
    assert_snapshot!("drift-fix", gate.run(["source", "drift", "--fix"]));
    let fixed = roadmap
        .replace("[ ] Lockfile", "[x] Lockfile")
        .replace("[x] Commands", "[ ] Commands")
        .replace("[x] All", "[ ] All");
    assert_eq!(gate.read("ROADMAP.md"), fixed);

    // With fresh evidence of the suite there is nothing left to say.
    gate.commit("Update the checkboxes");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_snapshot!("drift-none", gate.run(["source", "drift"]));
    assert_snapshot!("drift-json", gate.run(["source", "drift", "--message-format", "json"]));
    assert_eq!(gate.run(["source", "drift", "--fix"]).code, Some(0));
    assert_eq!(gate.read("ROADMAP.md"), fixed);
}

#[test]
fn what_is_no_utf_8_is_not_rewritten() {
    let gate = good();
    declare(&gate, "status = [\"ROADMAP.md\"]");
    gate.write("ROADMAP.md", b"- [ ] Lockfile \xff <!-- gate: lockfile.tracked -->\n");
    gate.commit("Add a roadmap");
    assert_snapshot!("drift-fix-bytes", gate.run(["source", "drift", "--fix"]));
}

#[test]
fn blocks_are_generated() {
    let gate = good();
    assert_snapshot!("docs-undeclared", gate.run(["source", "docs"]));
    declare(&gate, "generated = [\"docs/*.md\"]");
    let block = |kind: &str| format!("<!-- gate:generated {kind} -->\n<!-- gate:end -->\n");
    gate.write("docs/claims.md", format!("# Claims\n\n{}\nThe end.\n", block("claims")));
    gate.write("docs/support.md", block("support-matrix"));
    gate.write("docs/status.md", block("status"));
    gate.commit("Add documents");
    let check = gate.run(["source", "docs", "--check"]).to_string();
    assert_snapshot!("docs-check", applying(&check));
    assert_snapshot!("docs", gate.run(["source", "docs"]));
    gate.commit("Write the blocks");
    assert_snapshot!("docs-check-fresh", gate.run(["source", "docs", "--check"]));
    assert_snapshot!("docs-again", gate.run(["source", "docs"]));
    // The gate comes to the same blocks, at every stage.
    for stage in ["pilot", "controlled", "broad"] {
        let run = gate.run([stage]);
        assert_eq!(run.code, Some(0), "{run}");
    }

    gate.write("docs/claims.md", block("claim"));
    gate.commit("Misspell a kind");
    assert_snapshot!("docs-unknown", gate.run(["source", "docs"]));
}
