//! What is said while a suite runs.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use gate_base::process::cancel::Cancel;
use gate_base::stage::Stage;
use gate_engine::evaluate::{Request, Surroundings};
use gate_engine::plan::SuiteMode;
use gate_evidence::event::{Event, Observer};
use gate_evidence::history::History;
use gate_evidence::store::Store;
use gate_policy::Policy;
use gate_surveys::Surveys;
use gate_tests::gate;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};
use jiff::Timestamp;

const MANIFEST: &str = "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const LOCKFILE: &str = "version = 4\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n";

/// One test ends at once, the other when nobody holds the lock on a file any more.
const TESTS: &str = "//! Sample.\n\n#[test]\nfn at_once() {}\n\n#[test]\nfn when_released() {\n    \
    std::fs::File::open(\"released\").unwrap().lock_shared().unwrap();\n}\n";

/// Holds the lock until a tick comes while one of two tests has ended.
struct Watch {
    lock: Mutex<Option<File>>,
    seen: Mutex<Vec<String>>,
}

impl Observer for Watch {
    fn event(&self, event: &Event<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::CheckStarted { expected, .. } => {
                seen.push(format!("expects {} tests", expected.map_or(0, |one| one.tests)));
            }
            Event::Tests { tests, .. } => seen.push(format!("{} of {}", tests.done, tests.announced)),
            Event::Tick if seen.last().is_some_and(|last| last == "1 of 2") => {
                seen.push("tick".to_owned());
                self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            _ => {}
        }
    }
}

#[test]
fn time_passes_and_tests_are_counted_while_a_suite_runs() {
    let gate = gate!()
        .file("Cargo.toml", MANIFEST)
        .file("Cargo.lock", LOCKFILE)
        .file(".gitignore", "/target\n")
        .file("released", "")
        .file("src/lib.rs", TESTS)
        .git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let workspace = Workspace::open(Options {
        cwd: gate.workspace().to_owned(),
        manifest_path: None,
        target_dir: Some(gate.workspace().join("target")),
        offline: true,
        environment: Environment::of_process(),
    })
    .map(Surveys::from)
    .unwrap_or_else(|error| panic!("{error}"));
    let policy = Policy::default();
    let gate_dir = workspace.gate_dir();
    let surroundings = Surroundings {
        workspace: &workspace,
        policy: &policy,
        history: &History::load(&gate_dir),
        store: &Store::new(&gate_dir),
        checks: gate_checks::ALL,
    };
    let request = Request {
        stage: Stage::Pilot,
        strict: false,
        keep_going: true,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: true,
        suites: SuiteMode::WithoutEvidence,
        now: Timestamp::now(),
        began: std::time::Instant::now(),
        run_id: String::new(),
    };
    let held = File::open(gate.workspace().join("released")).expect("a file");
    held.lock().expect("nobody else holds it");
    let watch = Watch {
        lock: Mutex::new(Some(held)),
        seen: Mutex::default(),
    };
    let suites = gate_suites::of_policy(&policy, &workspace, &[], Stage::Pilot);
    let evidence = surroundings
        .run_suites(suites, &request, &watch, &Cancel::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let suite = evidence[0].suite.as_ref().expect("it ran");
    assert_eq!((suite.passed, suite.failed), (2, 0));
    let seen = watch.seen.into_inner().expect("nobody panicked");
    assert_eq!(seen, ["expects 2 tests", "0 of 2", "1 of 2", "tick", "2 of 2"]);
}
