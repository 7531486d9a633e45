//! `decision.json`: the decision and everything it rests on, a function of the report.

use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::rollout::Rollout;
use gate_report::{
    Artifact, Bound, CheckReport, Confidence, Decision, Dimension, Outcome, Partition, Reason, Report, SuitePart,
};

use super::format::SCHEMA_VERSION;

/// Contents of `decision.json`. For the same commit and the same inputs it is the same, byte for byte, once `run_id`,
/// `started`, `duration_ms`, `confidence` and every `recorded` are left out: see [`DecisionRecord::without_circumstances`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// Version of this file.
    pub schema_version: u32,
    /// Id of the run, the same as in the manifest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// When the run started, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub started: String,
    /// Wall time of the run in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The stage that was judged.
    pub stage: Stage,
    /// Whether warnings block, except those about a later stage.
    pub strict: bool,
    /// Declared deployment scope of the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The share of the suites that the run had; absent if it had all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// The overall answer.
    pub decision: Decision,
    /// Whether the stage is blocked; the negation of "may be entered".
    pub blocked: bool,
    /// Exit code of the process.
    pub exit_code: i32,
    /// How far the decision lets a change go; absent in runs of versions before this was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// What earlier runs of the stage say: how long nothing got worse. A circumstance of the run; nothing is decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Ids of the checks that block, most severe class first, then in the order of the catalogue.
    pub reasons: Vec<String>,
    /// Classes of blockers, most severe first: the order of `reasons`.
    pub blocker_precedence: Vec<Blocker>,
    /// Commit that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Digest over the paths and contents of all files of the workspace; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// SHA-256 of `gate.toml`; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<String>,
    /// Digest of the checklist the decision was made against.
    pub catalogue_sha256: String,
    /// Every check with its outcome, in the order of the catalogue.
    pub checks: Vec<DecidedCheck>,
    /// Waivers that were applied, in the order of the checks.
    pub waivers: Vec<UsedWaiver>,
    /// Known findings that do not block, one entry for each check in the order of the checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_findings: Vec<KnownFindings>,
    /// Surfaces outside the claim.
    pub bounds: Vec<Bound>,
    /// What each outcome rests on.
    pub evidence: Vec<DecidedEvidence>,
}

/// Class of a blocker. The order is the precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// What was declared is not valid, or nobody answers for it.
    ContractInvalid,
    /// Something leaks.
    Privacy,
    /// Inputs are not what they claim to be.
    Integrity,
    /// Evidence is missing or allows no judgement.
    EvidenceMissing,
    /// A requirement is not met.
    Threshold,
    /// It got worse than it was.
    Regression,
}

impl Blocker {
    /// All classes, most severe first.
    pub const PRECEDENCE: [Blocker; 6] = [
        Blocker::ContractInvalid,
        Blocker::Privacy,
        Blocker::Integrity,
        Blocker::EvidenceMissing,
        Blocker::Threshold,
        Blocker::Regression,
    ];

    /// The class of a check that does not let the stage pass.
    fn of(outcome: Outcome, dimension: Dimension) -> Self {
        match outcome {
            Outcome::Inconclusive | Outcome::NotRun | Outcome::Error => Blocker::EvidenceMissing,
            Outcome::Pass | Outcome::Warn | Outcome::Fail => match dimension {
                Dimension::Contract | Dimension::Governance => Blocker::ContractInvalid,
                Dimension::Privacy => Blocker::Privacy,
                Dimension::Integrity | Dimension::Reproducibility => Blocker::Integrity,
                Dimension::Performance => Blocker::Regression,
                _ => Blocker::Threshold,
            },
        }
    }
}

/// A check with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedCheck {
    /// Stable id.
    pub id: String,
    /// Outcome at the stage.
    pub outcome: Outcome,
    /// Class of the blocker; absent when the check lets the stage pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocker: Option<Blocker>,
    /// Why it was not run, was inconclusive or ended in an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// A waiver that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedWaiver {
    /// Id of the check whose findings it covers.
    pub check: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD` in UTC.
    pub expires: String,
    /// Number of findings it covers.
    pub findings: u32,
}

/// Known findings of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFindings {
    /// Id of the check.
    pub check: String,
    /// The file that records them.
    pub file: String,
    /// Who answers for them.
    pub owner: String,
    /// Last day on which they do not block, `YYYY-MM-DD` in UTC.
    pub until: String,
    /// How many there are.
    pub findings: u32,
}

/// What an outcome rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedEvidence {
    /// Id of the check.
    pub check: String,
    /// Hash of everything the check read.
    pub fingerprint: String,
    /// Outcome of the check.
    pub status: Outcome,
    /// The command of a suite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Exit code of that command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Which part of a suite ran, where its runner divided it among machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<RanPart>,
    /// The circumstances in which it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
}

/// A part of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RanPart {
    /// Which part, and how many tests all parts together must run.
    #[serde(flatten)]
    pub part: SuitePart,
    /// Number of tests that ran.
    pub ran: u64,
}

/// Circumstances in which evidence was made. They differ between two makings of the same evidence: the commit because
/// evidence made at an earlier commit is reused while its fingerprint matches, the logs because they contain durations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// When, RFC 3339 in UTC.
    pub timestamp: String,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// Whether it was reused instead of made in this run.
    pub reused: bool,
    /// Commit that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Files it left in the run directory.
    pub artifacts: Vec<Artifact>,
}

impl DecisionRecord {
    /// The decision of a report.
    pub fn of(report: &Report, catalogue_sha256: &str) -> Self {
        let checks: Vec<DecidedCheck> = report.checks.iter().map(decided).collect();
        Self {
            schema_version: SCHEMA_VERSION,
            run_id: report.run_id.clone(),
            started: report.started.clone(),
            duration_ms: Some(report.duration_ms),
            stage: report.stage,
            strict: report.strict,
            scope: report.scope.clone(),
            partition: report.partition,
            decision: report.decision,
            blocked: !report.decision.is_ready(),
            exit_code: report.exit_code,
            rollout: Some(Rollout::of(report.stage, report.decision)),
            confidence: report.confidence.clone(),
            reasons: reasons(&checks),
            blocker_precedence: Blocker::PRECEDENCE.to_vec(),
            commit: report.subject.commit.clone(),
            content: Some(report.subject.content.clone()),
            policy_sha256: report.subject.policy_sha256.clone(),
            catalogue_sha256: catalogue_sha256.to_owned(),
            waivers: report.checks.iter().flat_map(waivers).collect(),
            known_findings: report.checks.iter().filter_map(known_findings).collect(),
            bounds: report.bounds.clone(),
            evidence: report.checks.iter().filter_map(evidence).collect(),
            checks,
        }
    }

    /// The part that the same commit and the same inputs determine: without run id, times, durations and the
    /// circumstances in which evidence was made.
    #[must_use]
    pub fn without_circumstances(&self) -> Self {
        let mut this = self.clone();
        this.run_id.clear();
        this.started.clear();
        this.duration_ms = None;
        this.confidence = None;
        for evidence in &mut this.evidence {
            evidence.recorded = None;
        }
        this
    }
}

/// The decision that checks with these outcomes add up to. An evaluation without checks has judged nothing and is never
/// ready, and neither is one that had a share of the suites.
pub fn aggregate(checks: &[DecidedCheck], bounded: bool, partition: Option<Partition>) -> Decision {
    if checks.is_empty()
        || partition.is_some_and(Partition::is_partial)
        || !checks.iter().all(|check| check.outcome.passes())
    {
        Decision::NotReady
    } else if bounded {
        Decision::ReadyWithBoundedScope
    } else {
        Decision::Ready
    }
}

/// Ids of the blocking checks in their order of precedence.
pub(crate) fn reasons(checks: &[DecidedCheck]) -> Vec<String> {
    let mut blocking: Vec<&DecidedCheck> = checks.iter().filter(|check| check.blocker.is_some()).collect();
    blocking.sort_by_key(|check| check.blocker);
    blocking.into_iter().map(|check| check.id.clone()).collect()
}

fn decided(check: &CheckReport) -> DecidedCheck {
    let blocks = !check.outcome.passes();
    DecidedCheck {
        id: check.id.clone(),
        outcome: check.outcome,
        blocker: blocks.then(|| Blocker::of(check.outcome, check.dimension)),
        reason: check.reason.clone(),
    }
}

fn waivers(check: &CheckReport) -> Vec<UsedWaiver> {
    let mut used: Vec<UsedWaiver> = Vec::new();
    for waiver in check.findings.iter().filter_map(|finding| finding.waived.as_ref()) {
        let same = |other: &&mut UsedWaiver| {
            (&other.owner, &other.reason, &other.expires) == (&waiver.owner, &waiver.reason, &waiver.expires)
        };
        match used.iter_mut().find(same) {
            Some(known) => known.findings += 1,
            None => used.push(UsedWaiver {
                check: check.id.clone(),
                owner: waiver.owner.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires.clone(),
                findings: 1,
            }),
        }
    }
    used
}

fn known_findings(check: &CheckReport) -> Option<KnownFindings> {
    let known: Vec<_> = check
        .findings
        .iter()
        .filter_map(|finding| finding.known.as_ref())
        .collect();
    let record = known.first()?;
    Some(KnownFindings {
        check: check.id.clone(),
        file: record.file.clone(),
        owner: record.owner.clone(),
        until: record.until.clone(),
        findings: u32::try_from(known.len()).unwrap_or(u32::MAX),
    })
}

fn evidence(check: &CheckReport) -> Option<DecidedEvidence> {
    let record = check.evidence.as_ref()?;
    let suite = record.suite.as_ref();
    Some(DecidedEvidence {
        check: check.id.clone(),
        fingerprint: record.fingerprint.clone(),
        status: check.outcome,
        command: suite.map(|suite| suite.command.clone()).unwrap_or_default(),
        exit_code: suite.and_then(|suite| suite.exit_code),
        part: suite.and_then(|suite| {
            Some(RanPart {
                part: suite.part?,
                ran: suite.passed + suite.failed,
            })
        }),
        recorded: Some(Recorded {
            timestamp: record.recorded.clone(),
            duration_ms: record.duration_ms,
            reused: record.reused,
            commit: record.commit.clone(),
            artifacts: record.artifacts.clone(),
        }),
    })
}
