//! How long a check is likely to take: the median of what its latest runs took.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gate_base::stats::median;
use gate_report::Report;

use super::event::Expected;
use super::history::History;
use super::record::REPORT_JSON;

/// Runs that are looked at, newest first.
const RUNS: usize = 10;

/// What earlier runs lead one to expect of checks with these ids. Reads reports, so only checks that take long should be
/// asked for. A report that cannot be read is passed over: nothing is decided by this.
pub fn expected(history: &History, ids: &BTreeSet<String>) -> BTreeMap<String, Expected> {
    let Some(gate_dir) = history.gate_dir.as_deref().filter(|_| !ids.is_empty()) else {
        return BTreeMap::new();
    };
    // By the time at which the evidence was made, since runs that reused it have it too.
    let mut made: BTreeMap<String, BTreeMap<String, Expected>> = BTreeMap::new();
    for entry in history.entries.iter().rev().take(RUNS) {
        let path = gate_dir.join("runs").join(&entry.run_id).join(REPORT_JSON);
        let Some(report) = std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok())
        else {
            continue;
        };
        for check in report.checks.into_iter().filter(|check| ids.contains(&check.id)) {
            let Some(evidence) = check.evidence else { continue };
            let suite = evidence.suite.as_ref();
            let expected = Expected {
                duration: Duration::from_millis(evidence.duration_ms),
                tests: suite.map_or(0, |suite| suite.passed + suite.failed),
            };
            made.entry(check.id).or_default().insert(evidence.recorded, expected);
        }
    }
    let of_all = |all: BTreeMap<String, Expected>| {
        let times: Vec<f64> = all.values().map(|one| one.duration.as_secs_f64()).collect();
        Some(Expected {
            duration: Duration::try_from_secs_f64(median(&times)?).ok()?,
            // As many as last time: tests are added more often than they go.
            tests: all.values().next_back()?.tests,
        })
    };
    made.into_iter()
        .filter_map(|(id, all)| Some((id, of_all(all)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::HistoryEntry;
    use gate_base::stage::Stage;
    use gate_report::Decision;
    use gate_report::render::samples;

    #[test]
    fn the_median_of_what_was_made_counts_and_reuse_does_not() {
        let gate_dir = tempfile::tempdir().unwrap();
        let id = "suite.test.default".to_owned();
        let mut entries = Vec::new();
        for (run, (recorded, duration_ms, passed)) in
            [("a", 60_000, 3), ("b", 10_000, 4), ("b", 10_000, 4), ("c", 20_000, 5)]
                .into_iter()
                .enumerate()
        {
            let mut report = samples::ready();
            for evidence in report.checks.iter_mut().filter_map(|check| check.evidence.as_mut()) {
                evidence.recorded = recorded.to_owned();
                evidence.duration_ms = duration_ms;
                if let Some(suite) = &mut evidence.suite {
                    (suite.passed, suite.failed) = (passed, 1);
                }
            }
            let run_id = format!("run-{run}");
            let directory = gate_dir.path().join("runs").join(&run_id);
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(directory.join(REPORT_JSON), serde_json::to_vec(&report).unwrap()).unwrap();
            entries.push(HistoryEntry {
                run_id,
                started: String::new(),
                stage: Stage::Pilot,
                decision: Decision::Ready,
                content: String::new(),
                commit: None,
                dirty: false,
                terms: None,
                chain: String::new(),
            });
        }
        let mut history = History::default();
        history.entries = entries;
        history.gate_dir = Some(gate_dir.path().to_owned());
        let found = expected(&history, &BTreeSet::from([id.clone()]));
        let duration = Duration::from_secs(20);
        assert_eq!(found, BTreeMap::from([(id.clone(), Expected { duration, tests: 6 })]));
        // Runs whose directories are gone say nothing.
        history.entries.iter_mut().for_each(|entry| entry.run_id.push('x'));
        assert_eq!(expected(&history, &BTreeSet::from([id])), BTreeMap::new());
    }
}
