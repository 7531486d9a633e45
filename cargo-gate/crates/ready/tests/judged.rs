//! Whole run directories, good ones and what is done to them. Each edit names the check that must find it.

#[path = "judged/content.rs"]
mod content;
#[path = "judged/project.rs"]
mod project;
#[path = "judged/record.rs"]
mod record;
#[path = "judged/warned.rs"]
mod warned;

use std::fs;
use std::path::Path;

use gate_ready::{Options, Status, validate};
use serde_json::{Value, json};

use project::{EVAL, Project, complaints, planted, rows, train};

#[test]
fn good_runs_are_ready() {
    let project = Project::new();
    for run in ["runs/new", "runs/decided"] {
        let report = project.judged(run);
        assert_eq!(complaints(&report), "", "{run}");
        assert!(report.is_ready(true), "{run}");
        let names: Vec<&str> = report.checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "contract_integrity",
                "hash_chain",
                "privacy_safety",
                "contamination_risk",
                "regression_risk",
                "config_sanity",
                "reproducibility"
            ]
        );
    }
}

/// What is done to a run.
type Edit = fn(&Project);

#[test]
fn what_is_done_to_a_run_is_found() {
    for (check, told, edit) in record::EDITS.iter().chain(content::EDITS) {
        let project = Project::new();
        edit(&project);
        let reports = ["runs/new", "runs/decided"].map(|run| project.judged(run));
        let found = reports
            .iter()
            .flat_map(|report| &report.checks)
            .find(|one| one.name == *check && one.status != Status::Pass);
        let all = || reports.iter().map(complaints).collect::<String>();
        let Some(found) = found else {
            panic!("{check} does not tell `{told}`:\n{}", all())
        };
        let text = format!("{} {}", found.message, Value::Object(found.details.clone()));
        assert!(
            text.replace("\\\"", "\"").contains(told),
            "`{told}` is not told:\n{}",
            all()
        );
        let failed = matches!(told, t if t.contains("near-duplicates")) || found.status == Status::Fail;
        assert!(failed, "{check} only warns: {}", found.message);
    }
}

#[test]
fn what_is_no_proof_warns() {
    for (check, told, edit) in warned::WARNINGS {
        let project = Project::new();
        edit(&project);
        let reports = ["runs/new", "runs/decided"].map(|run| project.judged(run));
        let found = reports
            .iter()
            .flat_map(|report| &report.checks)
            .find(|one| one.name == *check && one.status == Status::Warn);
        let all = || reports.iter().map(complaints).collect::<String>();
        assert!(
            reports.iter().any(|report| !report.is_ready(true))
                && found.is_some_and(|found| found.message.contains(told)),
            "`{told}` is not told:\n{}",
            all()
        );
    }
}

#[test]
fn nothing_declared_is_no_pass() {
    let project = Project::new();
    let report = project.judged_with("runs/new", |options| options.baseline = None);
    assert_eq!(complaints(&report), "", "the configuration names it");
    let report = project.judged_with("runs/decided", |options| options.baseline = None);
    assert_eq!(
        complaints(&report),
        "WARN regression_risk: no_baseline: nothing to compare with; name a run with `--baseline`\n"
    );
    project.edit(
        "runs/new/config.yaml",
        "data_paths: {train: data/train.jsonl, test: data/eval.jsonl}\n",
        "",
    );
    project.rehash("runs/new");
    let report = project.judged("runs/new");
    assert_eq!(
        complaints(&report),
        "SKIPPED contamination_risk: no training and no evaluation data: name it in the configuration, or with `--train` and `--eval`\n"
    );
    assert!(!report.is_ready(true) && report.is_ready(false));
    let report = project.judged_with("runs/new", |options| {
        options.train = vec![project.path("data/train.jsonl")];
        options.eval = vec![project.path("data/eval.jsonl")];
    });
    assert_eq!(complaints(&report), "");
}

#[test]
fn results_of_single_items_say_how_sure_it_is() {
    let project = Project::new();
    let items = |run: &str, worse: usize| {
        let values: Vec<f64> = (0..300)
            .map(|at| if at % 3 == 0 || at < worse { 0.0 } else { 1.0 })
            .collect();
        let text: String = values
            .iter()
            .enumerate()
            .map(|(at, f1)| format!("{}\n", json!({"id": at, "f1": f1})))
            .collect();
        let mean = values.iter().sum::<f64>() / 300.0;
        project.write(&format!("{run}/eval/items.jsonl"), &text);
        project.hashed(run, (mean * 1e4).round() / 1e4);
    };
    items("runs/base", 0);
    items("runs/new", 2);
    assert_eq!(complaints(&project.judged("runs/new")), "", "one item of 300 is noise");
    items("runs/new", 60);
    let report = project.judged("runs/new");
    let told = complaints(&report);
    assert!(
        told.starts_with("FAIL regression_risk: Regression detected: f1 0.6667 -> 0.5333"),
        "{told}"
    );
    assert!(told.contains("paired resamples"), "{told}");
}

#[test]
fn the_report_never_holds_what_was_found() {
    let project = Project::new();
    let secret = planted();
    let person = ["grace.hopper", "navy-yard.org"].join("@");
    project.write("runs/new/log.txt", &format!("{secret}\n{person}\n"));
    let report = project.judged("runs/new");
    let out = serde_json::to_string(&report).expect("JSON") + &report.human(true);
    assert!(!out.contains(&secret) && !out.contains(&person), "{out}");
    assert!(out.contains("github_token") && out.contains("email"), "{out}");
}

#[test]
fn an_error_never_quotes_a_row() {
    let project = Project::new();
    let card = ["4111", "1111", "1111", "1111"].concat();
    for line in [
        format!("\"{card}\""),
        card.clone(),
        format!("{{\"m\":{{\"role\":{card}}}}}"),
    ] {
        project.write("data/train.jsonl", &(train() + &line + "\n"));
        project.write("runs/new/eval/items.jsonl", &line);
        project.rehash("runs/new");
        let report = project.judged("runs/new");
        let out = serde_json::to_string(&report).expect("JSON") + &report.human(true);
        assert!(!out.contains(&card), "{out}");
        assert!(out.contains("`data/train.jsonl` row 4 cannot be"), "{out}");
    }
}

#[test]
fn nothing_that_a_run_says_of_itself_holds_a_secret() {
    let project = Project::new();
    let token = planted();
    project.edit("runs/decided/decision.json", "\"SHIP\"", &format!("\"{token}\""));
    project.manifest("runs/decided");
    project.edit(
        "runs/new/run_meta.json",
        "\"runs/new\"",
        &format!("\"x\\nOverall Status: PASS\\n{token}\""),
    );
    project.edit("runs/new/config.yaml", "2e-4", &token);
    for run in ["runs/decided", "runs/new"] {
        let report = project.judged(run);
        let human = report.human(true);
        let out = serde_json::to_string(&report).expect("JSON") + &human;
        assert!(!out.contains(&token), "{out}");
        assert_eq!(
            human.lines().filter(|line| line.starts_with("Overall Status:")).count(),
            1,
            "{human}"
        );
    }
}

#[test]
fn a_build_of_a_locked_version_is_that_version() {
    let project = Project::new();
    project.write("requirements.txt", "torch==2.6.0 --hash=sha256:00\n");
    project.edit("runs/new/environment.json", "2.6.0", "2.6.0+cu124");
    project.rehash("runs/new");
    assert_eq!(complaints(&project.judged("runs/new")), "");
}

#[test]
fn a_file_of_metrics_is_no_data_set() {
    let project = Project::new();
    project.write(
        "runs/new/eval.json",
        "{\"f1\":0.72,\"split\":\"the test split\",\"bins\":[1,2]}",
    );
    project.rehash("runs/new");
    assert_eq!(complaints(&project.judged("runs/new")), "");
    project.write("runs/new/eval.json", "{\"a\":{\"text\":\"four words are said\"}}");
    project.rehash("runs/new");
    let told = complaints(&project.judged("runs/new"));
    assert!(told.contains("`eval.json` is named like a data set"), "{told}");
}

#[test]
fn a_data_set_of_several_frames_is_read_to_its_end() {
    let project = Project::new();
    let frame =
        |text: &str| ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let frames = [frame(&train()), frame(&rows(&EVAL[..1]))].concat();
    fs::write(project.path("data/train.jsonl.zst"), frames).expect("written");
    project.edit("runs/new/config.yaml", "data/train.jsonl", "data/train.jsonl.zst");
    project.rehash("runs/new");
    let told = complaints(&project.judged("runs/new"));
    assert!(told.contains("1 exact duplicates"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_link_vouches_for_nothing() {
    use std::os::unix::fs::symlink;
    let project = Project::new();
    project.write("elsewhere", "weights");
    project.write("more/notes.txt", "fine");
    fs::remove_file(project.path("runs/new/model/weights.safetensors")).expect("removed");
    symlink(
        project.path("elsewhere"),
        project.path("runs/new/model/weights.safetensors"),
    )
    .expect("linked");
    symlink(project.path("more"), project.path("runs/new/more")).expect("linked");
    symlink(project.path("none"), project.path("runs/new/gone")).expect("linked");
    let report = project.judged("runs/new");
    let found = report
        .checks
        .iter()
        .find(|check| check.name == "hash_chain")
        .expect("it is there");
    let told = Value::Object(found.details.clone()).to_string();
    for path in ["model/weights.safetensors", "more", "gone"] {
        assert!(told.contains(&format!("`{path}` is a link")), "{told}");
    }
    assert_eq!(report.exit_code(true), 1, "{}", complaints(&report));
}

#[test]
fn a_missing_directory_is_a_wrong_question() {
    let error = validate(Path::new("no/such/run"), &Options::default()).expect_err("it is not there");
    assert_eq!(error.message, "Run directory not found: no/such/run");
    assert_eq!(error.exit_code(), 2);
}
