//! Databases of MLflow: whatever their bytes are, reading them ends, and every check is carried out.
//!
//! `cargo +nightly fuzz run mlflow_database`
#![no_main]

use gate_ready::{Options, Status, validate};
use libfuzzer_sys::fuzz_target;

/// The run of the seed.
const RUN: &str = "f5b4d8a9dfc5493cae8e374872204f02";

fuzz_target!(|bytes: &[u8]| {
    let dir = std::env::temp_dir().join(format!("gate-fuzz-mlflow-{}", std::process::id()));
    let run = dir.join("mlruns/1").join(RUN);
    std::fs::create_dir_all(&run).expect("the temporary directory can be written");
    std::fs::write(dir.join("mlflow.db"), bytes).expect("the temporary directory can be written");
    let report = validate(&run, &Options::default()).expect("the directory can be listed");
    assert_eq!(report.checks.len(), 7);
    assert!(report.checks.iter().all(|check| check.status != Status::Error), "{report:?}");
});
