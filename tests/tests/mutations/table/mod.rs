//! The table of attempts: each changes one thing of a workspace that is ready for every stage, and the gate must not say
//! READY. The snapshot shows what was changed, at which stage, what had to refuse it, and what the gate said.

mod ci;
mod documents;
mod environment;
mod evidence;
mod git;
mod governance;
mod manifests;
mod measured;
mod outputs;
mod policy;
mod reports;
mod row;
mod saved;
mod secrets;
mod sources;
mod toolchain;
mod workspace;

use std::collections::BTreeSet;

use row::{Attempted, Row, attempt_all};

/// Rows by what they change. Each group has a workspace of its own.
fn groups() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("evidence", evidence::rows()),
        ("outputs of suites", outputs::rows()),
        ("files of a run", reports::rows()),
        ("manifests and the lockfile", manifests::rows()),
        ("toolchain", toolchain::rows()),
        ("environment", environment::rows()),
        ("git", git::rows()),
        ("policy", policy::rows()),
        ("measurements", measured::rows()),
        ("sources", sources::rows()),
        ("governance", governance::rows()),
        ("continuous integration", ci::rows()),
        ("documents", documents::rows()),
        ("secrets and paths", secrets::rows()),
    ]
}

#[test]
fn no_mutation_of_a_ready_workspace_is_ready() {
    let attempted: Vec<(&str, Vec<Attempted>)> = std::thread::scope(|scope| {
        let running: Vec<_> = groups()
            .into_iter()
            .map(|(group, rows)| (group, scope.spawn(move || attempt_all(rows))))
            .collect();
        let ended = running.into_iter();
        ended
            .map(|(group, rows)| (group, rows.join().expect("a group of rows ends")))
            .collect()
    });
    let mut table = String::new();
    let mut complaints = Vec::new();
    for (group, rows) in &attempted {
        table += &format!("\n# {group}\n\n");
        for row in rows {
            table += &format!("{row}\n");
            complaints.extend(row.complaint());
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n\n"));
    insta::assert_snapshot!("table", table);
}

#[test]
fn the_table_has_three_hundred_rows_and_none_expects_ready() {
    let groups = groups();
    let rows: Vec<&Row> = groups.iter().flat_map(|(_, rows)| rows).collect();
    assert!(rows.len() >= 300, "{} rows", rows.len());
    let names: BTreeSet<&str> = rows.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "what rows change is unique");
    for stage in ["pilot", "controlled", "broad"] {
        assert!(rows.iter().any(|row| row.stage == stage), "no row is at {stage}");
    }
    for row in rows {
        assert!(row.refuses(), "{} may be READY", row.what);
    }
}
