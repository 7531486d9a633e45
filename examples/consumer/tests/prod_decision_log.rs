//! Production suite: every call is in the decision log, complete and in order.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use gate_runtime::decision_log::DecisionLog;
use gate_runtime::decision_log::read::{self, Event};
use gate_runtime::{Runtime, Status};

use gate_consumer::{launch, register};

#[test]
fn every_call_is_logged_with_every_field() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prod_decision_log.jsonl");
    // Records of an earlier run would be read too.
    let _ = fs::remove_file(&path);
    let runtime = Runtime::builder()
        .decision_log(DecisionLog::to_file(&path))
        .build()
        .expect("a log that can be written");
    let kernel = register(&runtime).expect("a contract that holds together");
    let mut y = [0.0; 2];
    let statuses = [
        launch(&kernel, 2.0, &[1.0, 2.0], &mut y).status(),
        launch(&kernel, 2.0, &[1.0], &mut y).status(),
    ];
    runtime.flush().expect("the disk has room");
    assert_eq!(runtime.stats().decision_log.dropped, 0);
    // The log ends with the runtime and its kernels.
    drop((runtime, kernel));

    // A line with a missing or an extra field is rejected.
    let file = File::open(&path).expect("the log is there");
    let lines = read::read(BufReader::new(file)).expect("the log keeps its schema");
    let logged: Vec<(String, Status)> = lines
        .into_iter()
        .filter_map(|line| match line.event {
            Event::Decision(decision) => Some((decision.kernel, decision.outcome.status())),
            _ => None,
        })
        .collect();
    assert_eq!(logged, statuses.map(|status| ("scale".to_owned(), status)));
    assert_eq!(statuses, [Status::Ok, Status::InvalidArgument]);
}
