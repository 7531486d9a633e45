//! A run as the engine leaves it, for tests of writing and of verification.

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::record::*;
use gate_base::digest::sha256_hex;
use gate_base::stage::Stage;
use gate_report::{
    Artifact, CheckReport, Counts, Decision, Dimension, EvidenceRecord, Finding, MaskedReport, Outcome, Report,
    Subject, SuiteResult, Tool, WaiverUse,
};
use gate_text::secrets::Masked;
use gate_world::environment::Environment;

/// The parts of a [`RunRecord`].
pub(crate) struct Run {
    pub(crate) report: Report,
    pub(crate) files: Vec<RunFile>,
    pub(crate) environment: EnvironmentRecord,
    pub(crate) command: Vec<String>,
    masked: MaskedReport,
    pub(crate) json: Masked<'static>,
    markdown: Masked<'static>,
    html: Masked<'static>,
    pub(crate) audit: Vec<AuditStep>,
}

impl Run {
    pub(crate) fn new(run_id: &str) -> Self {
        let log = b"running 3 tests\ntest result: ok. 3 passed; finished in 0.02s\n";
        let waiver = WaiverUse {
            owner: "ada".into(),
            reason: "replaced in 0.3".into(),
            expires: "2026-12-31".into(),
        };
        let mut finding = Finding::advice("the toolchain is not pinned");
        finding.waived = Some(waiver);
        let report = Report {
            schema_version: gate_report::SCHEMA_VERSION,
            tool: Tool {
                name: "cargo-gate".into(),
                version: "0.1.0".into(),
            },
            run_id: run_id.into(),
            started: "2026-11-21T10:15:00Z".into(),
            duration_ms: 42,
            stage: Stage::Pilot,
            strict: false,
            scope: None,
            partition: None,
            decision: Decision::Ready,
            exit_code: 0,
            bounds: Vec::new(),
            claims: Vec::new(),
            kinds: Vec::new(),
            relaxed: Vec::new(),
            counts: Counts::default(),
            subject: Subject {
                name: "demo".into(),
                commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
                branch: None,
                dirty: Some(false),
                content: "c0ffee".into(),
                directory: String::new(),
                selected: Vec::new(),
                packages: 1,
                files: 2,
                policy_sha256: None,
                kernels: None,
            },
            checks: vec![
                check("toolchain.pinned", Dimension::Reproducibility, vec![finding], None),
                check("suite.test.default", Dimension::Correctness, Vec::new(), Some(log)),
            ],
            checklist: None,
            not_applicable: Vec::new(),
            unblock: Vec::new(),
            confidence: None,
            run_dir: Some(format!("target/gate/runs/{run_id}")),
            chain: None,
        };
        let files = vec![RunFile {
            path: "suites/default.log".into(),
            check: "suite.test.default".into(),
            bytes: log.to_vec(),
        }];
        let environment = EnvironmentRecord::collect(None, &Environment::default(), Path::new("/workspace"));
        let recorder = AuditRecorder::default();
        let audit = recorder.steps(&report, []);
        let mut this = Self {
            files,
            environment,
            command: vec!["cargo".into(), "gate".into(), "pilot".into()],
            masked: MaskedReport::from(report.clone()),
            json: Masked::from(""),
            markdown: Masked::from("# demo\n\nREADY for pilot\n"),
            html: Masked::from("<!DOCTYPE html>\n<title>READY for pilot</title>\n"),
            audit,
            report,
        };
        this.render();
        this
    }

    /// Renders the report again after a change to it.
    pub(crate) fn render(&mut self) {
        self.json = Masked::from(serde_json::to_string_pretty(&self.report).unwrap());
        self.masked = MaskedReport::from(self.report.clone());
    }

    pub(crate) fn record(&self) -> RunRecord<'_> {
        RunRecord {
            run_id: &self.report.run_id,
            report: &self.masked,
            json: &self.json,
            markdown: &self.markdown,
            html: &self.html,
            command: &self.command,
            catalogue_sha256: "catalogue",
            environment: &self.environment,
            audit: &self.audit,
            files: &self.files,
        }
    }
}

/// Writes `count` runs, a second apart, and returns their ids.
pub(crate) fn write_runs(gate_dir: &Path, count: i64) -> Vec<String> {
    let runs = Runs::new(gate_dir);
    (0..count)
        .map(|second| {
            let started = Timestamp::from_second(1_795_256_100 + second).unwrap();
            let id = runs.new_id(started, "c0ffee");
            runs.write(&Run::new(&id).record()).unwrap();
            id
        })
        .collect()
}

fn check(id: &str, dimension: Dimension, findings: Vec<Finding>, log: Option<&[u8]>) -> CheckReport {
    let artifacts = log.map(|log| Artifact {
        path: "suites/default.log".into(),
        sha256: sha256_hex(log),
        size: log.len() as u64,
    });
    CheckReport {
        id: id.into(),
        summary: "asks something".into(),
        dimension,
        group: None,
        outcome: Outcome::Pass,
        reason: None,
        findings,
        evidence: Some(EvidenceRecord {
            fingerprint: sha256_hex(id.as_bytes()),
            reused: false,
            recorded: "2026-11-21T10:15:01Z".into(),
            duration_ms: 20,
            commit: None,
            suite: log.map(|_| SuiteResult {
                tool_version: None,
                command: vec!["cargo".into(), "test".into()],
                exit_code: Some(0),
                signal: None,
                timed_out: false,
                passed: 3,
                failed: 0,
                skipped: 0,
                tests: Vec::new(),
                measurements: Vec::new(),
                service_levels: Vec::new(),
                drill: None,
                equivalence: None,
                made: Vec::new(),
                part: None,
                duration_ms: 20,
            }),
            artifacts: artifacts.into_iter().collect(),
        }),
    }
}
