//! Documents that commands write, and what is built before they run.

use gate_policy::JsonPolicy;

use super::*;

const DOCUMENT: &str =
    "{\"results\": [{\"name\": \"parse\", \"ms\": [1.1, 1.2, 1.3]}, {\"name\": \"size\", \"ms\": [7.5]}]}";

/// Writes the document to the last argument, whose directory it makes.
#[test]
#[ignore = "started by the other tests"]
fn writes_a_document() {
    let file = std::env::args().next_back().unwrap();
    fs::create_dir_all(Path::new(&file).parent().unwrap()).unwrap();
    fs::write(file, DOCUMENT).unwrap();
}

fn json() -> JsonPolicy {
    JsonPolicy {
        file: None,
        pointer: Some("/results/*".into()),
        name: Some("/name".into()),
        value: Some("/ms/*".into()),
        unit: Some("ms".into()),
        better: None,
    }
}

/// A suite that reads a document which the last argument names.
fn reads(argument: &str, file: Option<&str>) -> SuitePolicy {
    let mut suite = bench("documents::writes_a_document", None);
    suite.command.push(argument.into());
    let policy = suite.bench.as_mut().unwrap();
    policy.json = vec![JsonPolicy {
        file: file.map(str::to_owned),
        ..json()
    }];
    policy.metrics = vec![gate_policy::MetricPolicy {
        at_most: Some(8.0),
        ..metric("*")
    }];
    policy.rounds = 5;
    suite
}

fn measured(run: &SuiteRun) -> Vec<(&str, u64, f64)> {
    let all = &run.suite.as_ref().unwrap().measurements;
    all.iter()
        .map(|one| (one.name.as_str(), one.samples, one.median.0))
        .collect()
}

#[test]
fn a_document_in_a_file_is_read() {
    for (argument, file) in [("{output}", None), ("{target}/a/b.json", Some("{target}/a/b.json"))] {
        let (run, log) = run(&reads(argument, file));
        let expected = [("parse", 15, 1.2e6), ("size", 5, 7.5e6)];
        assert_eq!(measured(&run), expected, "{}{log}", said(&run));
    }
}

/// Standard output is one document then, and no lines of measurements.
#[test]
#[cfg(unix)]
fn a_document_on_standard_output_is_read() {
    let mut suite = reads("{output}", None);
    suite.command = [
        "printf",
        "{\n\"results\": [{\"name\": \"parse\",\n\"ms\": [2, 3, 4]}]\n}\n",
    ]
    .map(str::to_owned)
    .into();
    let (run, log) = run(&suite);
    assert_eq!(measured(&run), [("parse", 15, 3e6)], "{}{log}", said(&run));
}

/// What an earlier run left is not what this one measured.
#[test]
fn a_file_that_is_not_written_again_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let old = directory.path().join("target").join("old.json");
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    fs::write(&old, DOCUMENT).unwrap();
    let run = run_in(&workspace, &reads("{target}/new.json", Some("{target}/old.json")));
    let said = said(&run);
    assert!(said.contains("{target}/old.json was not written"), "{said}");
    assert!(!old.exists());
}

#[test]
fn a_document_that_does_not_fit_says_where() {
    let mut suite = reads("{output}", None);
    suite.bench.as_mut().unwrap().json[0].value = Some("/us/*".into());
    let (run, _) = run(&suite);
    let said = said(&run);
    let why = "{output} has nothing at `/results/0/us`: `/results/0` is an object with `ms`, `name`";
    assert!(said.contains(why), "{said}");
}

#[test]
fn each_side_is_built_before_it_is_measured() {
    let mut suite = bench("fast", Some("fast"));
    suite.bench.as_mut().unwrap().build = Some(command("silent"));
    let (run, log) = run(&suite);
    assert!(said(&run).starts_with("1 passed"), "{}", said(&run));
    let builds = log
        .lines()
        .filter_map(|line| line.strip_prefix("== build, ")?.split_once(':'));
    assert_eq!(
        builds.map(|(side, _)| side).collect::<Vec<_>>(),
        ["measured", "reference"]
    );

    // What is worse is built again, elsewhere.
    let mut suite = bench("slow", Some("fast"));
    suite.bench.as_mut().unwrap().build = Some(command("silent"));
    let (_, log) = super::run(&suite);
    assert_eq!(log.matches("== build, measured: ").count(), 2, "{log}");
}

#[test]
fn what_cannot_be_built_is_not_measured() {
    let mut suite = bench("fast", Some("fast"));
    suite.bench.as_mut().unwrap().build = Some(command("fails"));
    let (run, log) = run(&suite);
    assert!(
        said(&run).contains("bench::tests::fails --ignored --nocapture` exited with code 101"),
        "{}",
        said(&run)
    );
    assert!(processes(&log).is_empty(), "{log}");
}
