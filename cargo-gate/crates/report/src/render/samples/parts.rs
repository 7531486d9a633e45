//! What the samples are built from.

use crate::claim::{GroupClaim, Standing};
use crate::group::Group;
use crate::{
    Applicability, CheckReport, Confidence, Counts, Decision, Dimension, Edit, EvidenceRecord, Fix, Outcome, Report,
    SCHEMA_VERSION, Subject, SuiteResult, TestResult, TestStatus, Tool,
};
use gate_base::stage::Stage;

/// Every group is claimed, but for these.
pub(super) fn claims(others: &[(Group, Standing, Option<&str>)]) -> Vec<GroupClaim> {
    let of_group = |group| {
        let other = others.iter().find(|(other, _, _)| *other == group);
        GroupClaim {
            group,
            standing: other.map_or(Standing::Claimed, |(_, standing, _)| *standing),
            asked: Vec::new(),
            evidence: Vec::new(),
            risk: other.and_then(|(_, _, risk)| risk.map(str::to_owned)),
        }
    };
    Group::ALL.map(of_group).into()
}

pub(super) fn check(id: &str, summary: &str, dimension: Dimension, outcome: Outcome) -> CheckReport {
    CheckReport {
        id: id.into(),
        summary: summary.into(),
        group: Some(Group::of_dimension(dimension)),
        dimension,
        outcome,
        reason: None,
        findings: Vec::new(),
        evidence: Some(evidence()),
    }
}

pub(super) fn evidence() -> EvidenceRecord {
    EvidenceRecord {
        fingerprint: "fe".repeat(32),
        reused: true,
        recorded: "2026-03-01T11:58:00Z".into(),
        duration_ms: 3,
        commit: None,
        suite: None,
        artifacts: Vec::new(),
    }
}

/// What a test that fails says.
pub(super) const ASSERTION: &str = "assertion `left == right` failed: 12 digits\n  left: 11\n right: 12";

pub(super) fn test(binary: &str, name: &str, status: TestStatus) -> TestResult {
    TestResult {
        binary: binary.into(),
        name: name.into(),
        status,
        message: (status == TestStatus::Failed).then(|| ASSERTION.to_owned()),
    }
}

/// Three tests, of which the second ended like this.
pub(super) fn suite_result(exit_code: i32, second: TestStatus) -> SuiteResult {
    let failed = u64::from(second == TestStatus::Failed);
    SuiteResult {
        tool_version: None,
        command: ["cargo", "test", "--locked"].map(str::to_owned).to_vec(),
        exit_code: Some(exit_code),
        signal: None,
        timed_out: false,
        passed: 2 - failed,
        failed,
        skipped: 1,
        tests: vec![
            test("demo", "parses_empty", TestStatus::Passed),
            test("demo", "parses_long", second),
            test("demo", "reads_the_network", TestStatus::Skipped),
        ],
        made: Vec::new(),
        part: None,
        duration_ms: 4_210,
        measurements: Vec::new(),
        service_levels: Vec::new(),
        drill: None,
        equivalence: None,
    }
}

/// Counts what the checks say.
pub(super) fn finish(mut report: Report) -> Report {
    let counts = &mut report.counts;
    for check in &report.checks {
        match check.outcome {
            Outcome::Pass => counts.pass += 1,
            Outcome::Warn => counts.warn += 1,
            Outcome::Fail => counts.fail += 1,
            Outcome::Inconclusive => counts.inconclusive += 1,
            Outcome::NotRun => counts.not_run += 1,
            Outcome::Error => counts.error += 1,
        }
        counts.known += check.findings.iter().filter(|finding| finding.known.is_some()).count() as u32;
        counts.waived += check.findings.iter().filter(|finding| finding.waived.is_some()).count() as u32;
        counts.reused += u32::from(check.evidence.as_ref().is_some_and(|evidence| evidence.reused));
    }
    report
}

/// What replaces the `*` of `rand`.
pub(super) fn fix() -> Fix {
    Fix {
        title: "write the version in `Cargo.lock`".into(),
        applicability: Applicability::MachineApplicable,
        edits: vec![Edit {
            path: "Cargo.toml".into(),
            sha256: Some("cd".repeat(32)),
            byte_start: 82,
            byte_end: 85,
            line_start: 7,
            column_start: 8,
            line_end: 7,
            column_end: 11,
            replacement: "\"0.9.1\"".into(),
        }],
    }
}

/// A report without any check.
pub fn empty() -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: "cargo-gate".into(),
            version: "0.1.0".into(),
        },
        run_id: "20260301T120000Z-5d1a8b2c".into(),
        started: "2026-03-01T12:00:00Z".into(),
        duration_ms: 41,
        stage: Stage::Pilot,
        strict: false,
        scope: None,
        partition: None,
        decision: Decision::NotReady,
        exit_code: 1,
        bounds: Vec::new(),
        claims: Vec::new(),
        kinds: Vec::new(),
        relaxed: Vec::new(),
        counts: Counts::default(),
        subject: Subject {
            name: "demo".into(),
            commit: Some("8f3c1d2e4b5a69788796a5b4c3d2e1f001122334".into()),
            branch: Some("main".into()),
            dirty: Some(false),
            content: "c0ffee00".repeat(8),
            directory: String::new(),
            selected: Vec::new(),
            packages: 2,
            files: 31,
            policy_sha256: None,
            kernels: None,
        },
        checks: Vec::new(),
        checklist: None,
        not_applicable: Vec::new(),
        unblock: Vec::new(),
        confidence: Some(Confidence::new(90, 3, 1)),
        run_dir: Some("target/gate/runs/20260301T120000Z-5d1a8b2c".into()),
        chain: Some("0123456789abcdef".repeat(4)),
    }
}
