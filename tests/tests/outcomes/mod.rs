//! What the other checks say about a fixture, for a check that reads their outcomes.

use std::collections::BTreeMap;

use gate_base::stage::Stage;
use gate_contract::{Applies, Check, Inputs, Phase};
use gate_engine::verdict::{self, Afterwards, Judged, Rules};
use gate_evidence::EvidenceResult;
use gate_evidence::history::History;
use gate_policy::Policy;
use gate_report::group::Group;
use gate_report::{CheckReport, Dimension, EvidenceRecord, SuiteResult, TestResult, TestStatus};
use gate_surveys::Surveys;
use jiff::Timestamp;

/// Outcomes of every check that reads none, of suites that passed these tests, and at pilot of one suite for each group: such a
/// fixture is about one check, and declares no more.
pub(crate) fn of_the_others(
    workspace: &Surveys,
    policy: &Policy,
    history: &History,
    (now, stage): (Timestamp, Stage),
    suites: &BTreeMap<String, Vec<String>>,
) -> Vec<CheckReport> {
    let inputs = Inputs::new(workspace, policy, history, now, stage);
    let others = gate_checks::ALL.iter().filter(|other| other.phase == Phase::Evidence);
    let apply = others.filter(|other| other.rule.applies(&inputs) == Applies::Yes);
    let judged = apply.map(|other| Judged {
        id: other.id.to_owned(),
        summary: other.summary.to_owned(),
        dimension: other.dimension,
        group: other.group(),
        result: other.rule.run(&inputs).into(),
        evidence: None,
    });
    let rules = Rules {
        stage,
        strict: false,
        today: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
        packages: &[],
        since: None,
        partition: None,
    };
    let judged = judged.chain(suites.iter().map(|(name, tests)| suite(name, tests)));
    let groups = Group::ALL.into_iter().filter(|_| stage == Stage::Pilot);
    let judged = judged.chain(groups.map(|group| Judged {
        group,
        ..suite(group.name(), &[])
    }));
    let waivers: Vec<&'static Check> = gate_checks::ALL
        .iter()
        .copied()
        .filter(|check| check.phase == Phase::Waivers && check.rule.applies(&inputs) == Applies::Yes)
        .collect();
    let afterwards = Afterwards {
        checks: &waivers,
        inputs,
    };
    verdict::decide(judged.collect(), Some(afterwards), policy, rules, Vec::new()).checks
}

/// A suite that passed these tests, each with its binary in front.
fn suite(name: &str, tests: &[String]) -> Judged {
    let tests: Vec<TestResult> = tests
        .iter()
        .map(|test| {
            // `demo (doc-tests) src/lib.rs - axpy (line 9)`
            let at = test
                .find(" (doc-tests) ")
                .map_or_else(|| test.find(' '), |at| Some(at + " (doc-tests)".len()));
            let (binary, name) = test.split_at(at.expect("a binary and a test"));
            TestResult {
                binary: binary.to_owned(),
                name: name.trim_start().to_owned(),
                status: TestStatus::Passed,
                message: None,
            }
        })
        .collect();
    Judged {
        id: format!("suite.test.{name}"),
        summary: "Runs tests".to_owned(),
        dimension: Dimension::Correctness,
        group: Group::Equivalence,
        result: EvidenceResult::Findings(Vec::new()),
        evidence: Some(EvidenceRecord {
            fingerprint: String::new(),
            reused: false,
            recorded: String::new(),
            duration_ms: 0,
            commit: None,
            suite: Some(SuiteResult {
                command: Vec::new(),
                exit_code: Some(0),
                signal: None,
                timed_out: false,
                passed: tests.len() as u64,
                failed: 0,
                skipped: 0,
                tests,
                measurements: Vec::new(),
                service_levels: Vec::new(),
                drill: None,
                equivalence: None,
                made: Vec::new(),
                part: None,
                duration_ms: 0,
                tool_version: None,
            }),
            artifacts: Vec::new(),
        }),
    }
}
