//! A machine that is against us: a target directory that cannot be written, a clock that runs backwards, missing tools.

use insta::assert_snapshot;

use super::sample;

#[test]
fn a_target_directory_that_cannot_be_made_is_a_failure_of_the_tool() {
    let gate = sample().file("target", "a file\n").git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.starts_with("error: cannot write to `[TARGET]/gate`: "),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("help: choose a writable directory with `--target-dir`"),
        "{run}"
    );
    for arguments in [["status"].as_slice(), &["pilot", "--plan"]] {
        let run = gate.run(arguments);
        assert_eq!(run.code, Some(0), "what only reads needs no directory: {run}");
    }
    assert_eq!(gate.read("target"), "a file\n");
    let run = gate.run(["pilot", "--target-dir", "elsewhere"]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn a_gate_directory_that_is_a_file_is_a_failure_of_the_tool() {
    let gate = sample().file("target/gate", "a file\n").git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
    let gate = sample().file("target/gate/store", "a file\n").git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert_eq!(run.stdout, "", "no verdict without a record: {run}");
    let gate = sample().file("target/gate/runs", "a file\n").git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("[TARGET]/gate/runs"), "{run}");
    let gate = sample().file("target/gate/history.jsonl/inside", "a file\n").git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
}

#[test]
fn a_machine_without_cargo_lacks_a_toolchain() {
    let gate = sample().git_init();
    let mut command = gate.gate_command();
    command.env("PATH", gate.workspace().join("empty")).arg("pilot");
    let run = gate.finish(&mut command);
    assert_snapshot!("no-cargo", run);
}

/// A run in the future, as a clock that was wrong would have left it: made through the product's own library.
#[test]
fn a_clock_that_runs_backwards_opens_no_stage() {
    let gate = sample().git_init();
    let first = gate.run(["pilot"]);
    assert_eq!(first.code, Some(0), "{first}");
    future::run(gate.workspace());
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
    // What could be reused depends on the variables of this process.
    let run = gate.run(["controlled", "--fresh"]);
    assert_snapshot!("clock-backwards", run);
    // The stage without a predecessor is judged all the same, and the history goes on.
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
}

mod future {
    use std::path::Path;

    use gate_base::process::cancel::Cancel;
    use gate_base::stage::Stage;
    use gate_engine::evaluate::{Request, Surroundings};
    use gate_engine::plan::SuiteMode;
    use gate_evidence::event::Tee;
    use gate_evidence::history::History;
    use gate_evidence::run_dir::{AuditRecorder, EnvironmentRecord, RunRecord, Runs};
    use gate_evidence::store::Store;
    use gate_world::environment::Environment;
    use gate_world::{Options, Workspace};
    use jiff::Timestamp;

    /// A fixed day: the report names it.
    const LATER: &str = "2199-01-01T00:00:00Z";

    /// Evaluates `pilot` as if it were [`LATER`], and records the run.
    pub(super) fn run(root: &Path) {
        let workspace = Workspace::open(Options {
            cwd: root.to_owned(),
            manifest_path: None,
            target_dir: Some(root.join("target")),
            offline: true,
            environment: Environment::of_process(),
        })
        .map(gate_surveys::Surveys::from)
        .unwrap_or_else(|error| panic!("{error}"));
        let policy = gate_policy::load(root, None, &gate_checks::catalogue()).unwrap_or_else(|error| panic!("{error}"));
        let gate_dir = workspace.gate_dir();
        let history = History::load(&gate_dir);
        let store = Store::new(&gate_dir);
        let runs = Runs::new(&gate_dir);
        let now = LATER.parse::<Timestamp>().unwrap_or_else(|error| panic!("{error}"));
        let run_id = runs.new_id(now, &workspace.files().content_digest().to_hex());
        let request = Request {
            stage: Stage::Pilot,
            strict: false,
            keep_going: false,
            jobs: 1,
            packages: Vec::new(),
            since: None,
            fresh: false,
            suites: SuiteMode::WithoutEvidence,
            now,
            began: std::time::Instant::now(),
            run_id: run_id.clone(),
        };
        let surroundings = Surroundings {
            workspace: &workspace,
            policy: &policy,
            history: &history,
            store: &store,
            checks: gate_checks::ALL,
        };
        let audit = AuditRecorder::default();
        let evaluation = surroundings
            .evaluate(&request, &Tee(&[&audit]), &Cancel::default())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut report = evaluation.report;
        report.set_run_dir(&format!("target/gate/runs/{run_id}"));
        let environment = EnvironmentRecord::collect(Some(workspace.toolchain()), workspace.environment(), root);
        runs.write(&RunRecord {
            run_id: &run_id,
            report: &report,
            json: &report.json(),
            markdown: &report.markdown(None),
            html: &report.html(&gate_report::render::html::HtmlContext::default()),
            command: &["cargo".to_owned(), "gate".to_owned(), "pilot".to_owned()],
            catalogue_sha256: &gate_checks::catalogue_sha256(),
            environment: &environment,
            audit: &audit.steps(&report, []),
            files: &evaluation.files,
        })
        .unwrap_or_else(|error| panic!("{error}"));
    }
}
