//! Applies a mutation to a workspace that is ready for every stage, looks, and takes it back.

use std::collections::BTreeSet;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};
use serde_json::Value;

/// One thing that is wrong, and the check that must say so.
pub(crate) struct Mutation {
    /// What is done, as a sentence fragment; unique.
    pub(crate) name: &'static str,
    /// Id of the check that must fail.
    pub(crate) check: &'static str,
    /// Other checks that fail for the same reason.
    pub(crate) also: &'static [&'static str],
    /// Whether warnings block: some checks do no more than warn.
    pub(crate) strict: bool,
    /// Does it.
    pub(crate) apply: fn(&Gate),
    /// How it is taken back.
    pub(crate) undo: Undo,
    /// Variables of the run that must be red, besides.
    pub(crate) variables: &'static [(&'static str, &'static str)],
}

/// How a mutation is taken back.
pub(crate) enum Undo {
    /// It becomes a commit, which is reset.
    Commit,
    /// It stays in the work tree, which is reset.
    WorkTree,
    /// It lies below the target directory, or wherever git does not help.
    By(fn(&Gate)),
    /// It is a variable with this value, and nothing else.
    Variable(&'static str, &'static str),
}

/// What most mutations have in common.
pub(crate) const COMMITTED: Mutation = Mutation {
    name: "",
    check: "",
    also: &[],
    strict: false,
    apply: |_| {},
    undo: Undo::Commit,
    variables: &[],
};

/// A workspace in which `pilot`, `controlled` and `broad` have passed, in this order.
pub(crate) fn ready() -> Gate {
    let gate = gate!().fixture("good").git_init();
    for stage in ["pilot", "controlled", "broad"] {
        let run = gate.run([stage]);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(
            run.stdout.lines().last().is_some_and(|line| line.starts_with("READY")),
            "{run}"
        );
    }
    gate
}

/// Applies and takes back one mutation after the other; the stage is `broad`, where everything blocks.
pub(crate) fn turn_the_gate_red(mutations: &[Mutation]) {
    let gate = ready();
    let mut complaints = Vec::new();
    for mutation in mutations {
        (mutation.apply)(&gate);
        let mut command = gate.gate_command();
        command.args(["broad", "--message-format", "json"]);
        command.envs(mutation.variables.iter().copied());
        if mutation.check.starts_with("suite.") || mutation.check == "redaction.audit" {
            // The content is new, so that the stage before did not judge it: that alone would hold suites back.
            command.arg("--keep-going");
        }
        match mutation.undo {
            Undo::Commit => gate.commit(mutation.name),
            Undo::Variable(name, value) => drop(command.env(name, value)),
            Undo::WorkTree | Undo::By(_) => {}
        }
        if mutation.strict {
            command.arg("--strict");
        }
        let red = gate.finish(&mut command);
        let other_content =
            matches!(mutation.undo, Undo::Commit | Undo::WorkTree) || mutation.also.contains(&"git.clean");
        let unjudged = other_content.then_some("stage.predecessor");
        let also = mutation.also.iter().copied().chain(unjudged);
        let expected = also.chain([mutation.check]).collect();
        expect(mutation.name, &red, 1, "NOT_READY", &expected, &mut complaints);

        match mutation.undo {
            Undo::Commit => reset(&gate, "HEAD~1"),
            Undo::WorkTree => reset(&gate, "HEAD"),
            Undo::By(undo) => undo(&gate),
            Undo::Variable(..) => {}
        }
        let green = gate.run(["broad", "--message-format", "json"]);
        let name = format!("{}, undone", mutation.name);
        expect(&name, &green, 0, "READY", &BTreeSet::new(), &mut complaints);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

pub(crate) fn reset(gate: &Gate, commit: &str) {
    gate.git(["reset", "--quiet", "--hard", commit]);
    gate.git(["clean", "--quiet", "--force", "-d"]);
}

fn expect(name: &str, run: &Run, code: i32, decision: &str, expected: &BTreeSet<&str>, complaints: &mut Vec<String>) {
    let report = run.json();
    let failing = blocking(&report);
    if run.code != Some(code) || report["decision"] != decision || failing != *expected {
        complaints.push(format!(
            "{name}: exit code {:?}, {}, {failing:?} instead of {expected:?} fail\n{}",
            run.code, report["decision"], run.stderr
        ));
    }
}

/// Ids of the checks that block.
pub(crate) fn blocking(report: &Value) -> BTreeSet<&str> {
    let checks = report["checks"].as_array().expect("a list of checks");
    checks
        .iter()
        .filter(|check| {
            let outcome = &check["outcome"];
            outcome == "fail" || outcome == "inconclusive"
        })
        .map(|check| check["id"].as_str().expect("an id"))
        .collect()
}
