//! What services, editors and scripts are given besides the report: summaries, annotations, notices, badges, exit codes.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};
use insta::assert_snapshot;
use serde_json::Value;

use super::stages::timeless;
use super::{bad, good};

/// Paths below the target directory that tell of a run.
fn runs(gate: &Gate) -> usize {
    std::fs::read_dir(gate.workspace().join("target/gate/runs")).map_or(0, Iterator::count)
}

fn messages(run: &Run) -> Vec<cargo_metadata::Message> {
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn an_editor_gets_what_cargo_would_print_and_leaves_no_run() {
    let gate = bad();
    let run = gate.run(["pilot", "--no-suites", "--message-format", "cargo-json"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_snapshot!("editor", timeless(&run.to_string()));
    let codes: Vec<String> = messages(&run)
        .iter()
        .filter_map(|message| match message {
            cargo_metadata::Message::CompilerMessage(message) => Some(message.message.code.as_ref()?.code.clone()),
            _ => None,
        })
        .collect();
    assert!(codes.contains(&"cargo-gate::boundary.raw".to_owned()), "{codes:?}");
    assert_eq!(runs(&gate), 0, "looking is no run");
    assert!(!gate.workspace().join("target/debug").exists(), "no suite has run");

    // Evidence that is there counts, until something changes.
    let gate = good();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let before = runs(&gate);
    let fresh = gate.run(["pilot", "--no-suites", "--quiet"]);
    assert_eq!(fresh.code, Some(0), "{fresh}");
    gate.append("logic/src/lib.rs", "// One line more.\n");
    let stale = gate.run(["pilot", "--no-suites"]);
    assert_eq!(stale.code, Some(1), "{stale}");
    assert_snapshot!("no-suites-stale", timeless(&stale.to_string()));
    assert_eq!(runs(&gate), before);
    // And what was left out is made up for.
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("Running suite.test"), "{run}");
}

#[test]
fn one_run_is_written_in_as_many_formats_as_are_asked_for() {
    let gate = bad();
    let run = gate.run([
        "pilot",
        "--quiet",
        "--report=gitlab=target/code-quality.json",
        "--report=junit=target/junit.xml",
    ]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(runs(&gate), 2, "one run, and `latest`");
    let issues: Value = serde_json::from_str(&gate.read("target/code-quality.json")).expect("JSON");
    assert!(issues.as_array().is_some_and(|issues| !issues.is_empty()), "{issues}");
    assert!(gate.read("target/junit.xml").starts_with("<?xml "));
    assert_snapshot!("report-unknown", gate.run(["pilot", "--report=gitlba=x.json"]));
    assert_snapshot!("report-nowhere", gate.run(["pilot", "--report=target/x.json"]));
    // What was asked for and cannot be written is no success, and stdout has the answer all the same.
    gate.write("in-the-way", "");
    let refused = gate.run(["pilot", "--quiet", "--report=json=in-the-way/x.json"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stdout.starts_with("NOT READY"), "{refused}");
}

#[test]
fn timings_say_what_each_check_costs_and_leave_stdout_alone() {
    let gate = good();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let plain = gate.run(["pilot", "--message-format", "json"]);
    let timed = gate.run(["pilot", "--message-format", "json", "--timings"]);
    // Confidence counts the runs before.
    let one_more = plain.stdout.replace("\"runs\": 2", "\"runs\": 3");
    assert_ne!(one_more, plain.stdout, "{plain}");
    assert_eq!(timed.stdout, one_more);
    let checks = timed.json()["checks"].as_array().expect("checks").len();
    let rows = timed
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("check "))
        .count();
    assert_eq!(rows - 1, checks, "a row for each: {timed}");
    for phase in [
        "read the workspace",
        "plan",
        "checks",
        "suites",
        "verdict",
        "write the run",
    ] {
        assert!(timed.stderr.contains(phase), "{phase}: {timed}");
    }
}

#[test]
fn a_job_summary_is_written_inside_github_and_never_in_the_way() {
    let gate = bad();
    let summary = gate.workspace().with_file_name("summary.md");
    let gate = gate
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_REPOSITORY", "acme/bad");
    let run = gate.run(["pilot", "--quiet"]);
    assert_eq!(run.code, Some(1), "{run}");
    let text = std::fs::read_to_string(&summary).expect("a summary");
    assert!(text.starts_with("# `bad`: NOT READY for pilot\n"), "{text}");
    assert!(text.contains("https://github.com/acme/bad/blob/"), "{text}");
    // Markdown on stdout is the same text: whoever asks for it says where it goes.
    let run = gate.run(["pilot", "--message-format", "markdown"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(std::fs::read_to_string(&summary).expect("a summary"), text);

    let nowhere = gate.env("GITHUB_STEP_SUMMARY", summary.join("nowhere"));
    let run = nowhere.run(["pilot"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("warning: cannot write the job summary: "), "{run}");
}

#[test]
fn paths_count_from_the_top_of_the_repository() {
    let gate = gate!()
        .file(
            "rust/app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )
        .file(
            "rust/app/Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n",
        )
        .file("rust/app/.gitignore", "/target\n")
        .file("rust/app/src/lib.rs", "pub unsafe fn raw() {}\n")
        .git_init();
    let run = |format: &str| {
        gate.run([
            "controlled",
            "--no-suites",
            "--manifest-path=rust/app/Cargo.toml",
            "--message-format",
            format,
        ])
    };
    let github = run("github");
    assert!(
        github.stdout.contains("::error file=rust/app/src/lib.rs,line=1,"),
        "{github}"
    );
    let gitlab = run("gitlab").json();
    let paths: Vec<&Value> = gitlab
        .as_array()
        .expect("issues")
        .iter()
        .map(|it| &it["location"]["path"])
        .collect();
    assert!(paths.iter().any(|path| **path == "rust/app/src/lib.rs"), "{paths:?}");
    assert!(
        paths
            .iter()
            .all(|path| path.as_str().is_some_and(|it| it.starts_with("rust/app/"))),
        "{paths:?}"
    );
    let sarif = run("sarif").json();
    assert!(sarif.to_string().contains("\"uri\":\"rust/app/src/lib.rs\""), "{sarif}");
    // What cargo prints counts from the workspace.
    assert!(run("cargo-json").stdout.contains("\"file_name\":\"src/lib.rs\""));
}

#[test]
fn an_index_links_to_the_report_of_each_run() {
    let gate = good();
    assert_snapshot!("index-nothing", gate.run(["evidence", "index"]));
    assert!(gate.read("target/gate/index.html").contains("No run is recorded"));
    for stage in ["pilot", "controlled"] {
        gate.run([stage]);
    }
    assert_eq!(gate.run(["evidence", "index"]).code, Some(0));
    let index = gate.read("target/gate/index.html");
    let links: Vec<&str> = index
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next().filter(|link| link.ends_with("report.html")))
        .collect();
    assert_eq!(links.len(), 2, "{index}");
    for link in links {
        let page = gate.read(&format!("target/gate/{link}"));
        assert!(
            page.starts_with("<!DOCTYPE html>") && !page.contains("<script"),
            "{link}"
        );
    }
    assert_eq!(gate.run(["verify"]).code, Some(0), "an index changes no run");
}

#[test]
fn a_report_knows_the_runs_before_it() {
    let gate = good();
    gate.run(["pilot"]);
    gate.run(["pilot"]);
    let written = gate.run(["pilot", "--report", "html=target/report.html"]);
    assert_eq!(written.code, Some(0), "{written}");
    let page = gate.read("target/report.html");
    assert!(page.contains("2 earlier runs"), "{page}");
    assert!(
        page.contains("Every check has the same outcome, and no finding is new or gone."),
        "{page}"
    );
    assert!(
        !page.contains("report.html\""),
        "what is elsewhere links to nothing: {page}"
    );
}

#[test]
fn a_badge_shows_the_latest_decision_that_verifies() {
    let gate = good();
    assert_snapshot!("badge-nothing", gate.run(["evidence", "badge"]));
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    assert_snapshot!("badge", gate.run(["evidence", "badge"]));
    let written = gate.run(["evidence", "badge", "--output", "target/badge.json"]);
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""), "{written}");
    assert_eq!(gate.read("target/badge.json"), gate.run(["evidence", "badge"]).stdout);
    let latest = std::fs::read_to_string(gate.workspace().join("target/gate/history.jsonl")).expect("a history");
    let latest: Value = serde_json::from_str(latest.trim()).expect("one line");
    let report = format!(
        "target/gate/runs/{}/report.md",
        latest["run_id"].as_str().expect("an id")
    );
    gate.append(&report, "READY\n");
    let tampered = gate.run(["evidence", "badge"]);
    assert_eq!(tampered.code, Some(1), "{tampered}");
    assert_eq!(tampered.json()["message"], "not verified");
}

#[test]
fn others_are_told_of_a_decision_and_cannot_change_it() {
    let gate = bad();
    // A program below a home directory, whose name nobody outside needs to know.
    let program = gate.workspace().with_file_name("home").join("no-such-program");
    let program = program.display().to_string();
    let literal = format!("'{program}'");
    gate.append(
        "gate.toml",
        &format!(
            "\n[[notify]]\nfile = \"alerts.jsonl\"\n\n[[notify]]\ncommand = [{literal}]\n\n\
             [[notify]]\nfile = \"ready.jsonl\"\non = [\"ready\"]\n"
        ),
    );
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("cannot notify `") && run.stderr.contains("no-such-program` of the decision: "),
        "{run}"
    );
    let alert: Value = serde_json::from_str(&gate.read("target/gate/notify/alerts.jsonl")).expect("one line");
    assert_eq!(alert["decision"], "NOT_READY");
    assert!(
        alert["failing"].as_array().is_some_and(|failing| !failing.is_empty()),
        "{alert}"
    );
    assert!(!gate.workspace().join("target/gate/notify/ready.jsonl").exists());
    let directory = format!("target/gate/runs/{}", alert["run_id"].as_str().expect("an id"));
    let audit = gate.read(&format!("{directory}/audit.jsonl"));
    let steps: Vec<Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|step: &Value| step["step"] == "notify")
        .collect();
    let statuses: Vec<&Value> = steps.iter().map(|step| &step["status"]).collect();
    assert_eq!(statuses, ["told", "failed"], "{audit}");
    let summary = steps[1]["summary"].as_str().expect("text");
    assert!(
        summary.contains("no-such-program") && !summary.contains(&program),
        "{audit}"
    );
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
    // A look tells nobody.
    let before = gate.read("target/gate/notify/alerts.jsonl");
    assert_eq!(gate.run(["pilot", "--no-suites"]).code, Some(1));
    assert_eq!(gate.read("target/gate/notify/alerts.jsonl"), before);
}

/// What a deployment script does: it asks, and goes on only when the answer is 0.
fn deploy(gate: &Gate) -> Option<i32> {
    let code = gate.run(["pilot", "--locked"]).code;
    if code == Some(0) {
        gate.write("target/deployed", "yes");
    }
    code
}

#[test]
fn nothing_is_deployed_unless_the_gate_is_ready() {
    let deployed = |gate: &Gate| gate.workspace().join("target/deployed").exists();
    let gate = good();
    assert_eq!(deploy(&gate), Some(0));
    assert!(deployed(&gate));

    let gate = bad();
    assert_eq!(deploy(&gate), Some(1), "a check fails");
    assert!(!deployed(&gate));

    let gate = good();
    gate.append("gate.toml", "[nonsense]\n");
    assert_eq!(deploy(&gate), Some(2), "the policy cannot be read");
    assert!(!deployed(&gate));

    let gate = good();
    gate.write("target/gate", "in the way");
    assert_eq!(deploy(&gate), Some(3), "nothing can be recorded");
    assert!(!deployed(&gate));
}
