//! The deployment workflow of the guide, carried out: nothing is deployed unless the gate said that it may be.

use std::fs;

use gate_ci::yaml::{self, Node};
use gate_tests::gate;
use gate_tests::harness::Gate;

const DEPLOY: &str = "./deploy";

/// The workflow as the guide shows it.
fn workflow() -> Node {
    let page = fs::read_to_string(xtask::project_root().join("docs/src/guide/ci.md")).expect("the guide");
    let (_, behind) = page
        .split_once("```yaml deploy.yml\n")
        .expect("the guide shows the workflow");
    let (text, _) = behind.split_once("```").expect("a block ends");
    yaml::parse(text, 0).expect("YAML").remove(0)
}

/// Commands of a job in their order.
fn commands(job: &Node) -> Vec<String> {
    let steps = job.get("steps").expect("steps").items().iter();
    steps
        .filter_map(|step| Some(step.get("run")?.text()?.to_owned()))
        .collect()
}

/// Carries the workflow out as the service does: a job starts once the jobs that it needs have succeeded, and ends with
/// its first step that fails. Returns whether something was deployed.
fn deploys(gate: &Gate) -> bool {
    let workflow = workflow();
    let jobs = workflow.get("jobs").expect("jobs").entries();
    let marker = gate.workspace().join("target/deployed");
    let mut succeeded: Vec<&str> = Vec::new();
    for (name, job) in jobs {
        let needs = job.get("needs").map(Node::scalars).unwrap_or_default();
        if !needs
            .iter()
            .all(|need| need.text().is_some_and(|need| succeeded.contains(&need)))
        {
            continue;
        }
        let success = commands(job).iter().all(|command| {
            let words: Vec<&str> = command.split_whitespace().collect();
            match words.as_slice() {
                // Nothing is installed in a test: the binary is there.
                ["cargo", "install", "cargo-gate", "--locked"] => true,
                ["cargo", "gate", arguments @ ..] => gate.run(arguments).code == Some(0),
                [DEPLOY] => fs::write(&marker, "").is_ok(),
                other => panic!("the test does not know {other:?}"),
            }
        });
        if success {
            succeeded.extend(name.text());
        }
    }
    marker.exists()
}

#[test]
fn what_is_ready_is_deployed_and_nothing_else() {
    let gate = gate!().fixture("good").git_init();
    assert!(deploys(&gate));

    fs::remove_file(gate.workspace().join("target/deployed")).expect("a marker");
    gate.replace("Cargo.toml", "overflow-checks = true", "overflow-checks = false");
    gate.commit("Break what the policy declares");
    assert!(!deploys(&gate));
}
