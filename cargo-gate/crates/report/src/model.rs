//! The report model, the contract with every reader: additive within a schema version, no logic.
//!
//! Consumers must ignore fields they do not know. Times are RFC 3339 in UTC, durations are milliseconds, paths are
//! relative to the workspace root with `/` between components.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dimension::Dimension;
use crate::group::Group;
pub use gate_base::location::Location;
use gate_base::stage::Stage;

use super::benchmark::BenchmarkResult;
pub use super::bound::{Bound, UnblockStep};
use super::claim::{GroupClaim, PackageKind, Relaxation};
use super::drill::Drill;
use super::equivalence::Equivalence;
use super::fix::{Fix, Remedy};
use super::partition::{Partition, SuitePart};
use super::service_level::ServiceLevel;

/// Version of the report model; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// [Code](Reason::code) of a suite that has no judgement because the evaluation left suites out.
pub const SUITES_LEFT_OUT: &str = "suites_left_out";

/// One thing a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What is wrong: starts in lower case, without a final full stop.
    pub message: String,
    /// What a tool printed about it, on one or more lines: the assertion of a test that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do: contains a command or an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The same as edits that a machine can apply. Set by the engine alone, for findings that nothing covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// What the edits are made of. It is in the evidence of a check, never in a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub remedy: Option<Remedy>,
    /// Where in the workspace; the first one is the primary place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// The line of the policy that made it matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Location>,
    /// Name of the package it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// First stage at which it blocks; absent when it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks_at: Option<Stage>,
    /// The waiver that covers it. Set by the verdict alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<WaiverUse>,
    /// The record of known findings that covers it. Set by the verdict alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownUse>,
    /// What is outside the claim because of it, in words: the surface of the exclusion it falls under, or what the check
    /// itself leaves unjudged. The verdict lists it among the bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
    /// Risk of leaving that out: `low`, `medium`, `high` or `critical`; `medium` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
}

impl Finding {
    /// A finding that blocks from `stage` on.
    pub fn blocking(stage: Stage, message: impl Into<String>) -> Self {
        Self {
            blocks_at: Some(stage),
            ..Self::advice(message)
        }
    }

    /// A finding that warns and never blocks.
    pub fn advice(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            detail: None,
            help: None,
            fix: None,
            remedy: None,
            locations: Vec::new(),
            policy: None,
            package: None,
            blocks_at: None,
            waived: None,
            known: None,
            excluded: None,
            risk: None,
        }
    }

    /// Whether it counts: no waiver, no record of known findings and no exclusion covers it.
    pub fn is_open(&self) -> bool {
        self.waived.is_none() && self.known.is_none() && self.excluded.is_none()
    }

    /// A finding that takes a surface out of the claim: the stage may be entered, and the bounds of the decision list it.
    pub fn bounding(surface: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            excluded: Some(surface.into()),
            ..Self::advice(message)
        }
    }

    /// Labels the risk of what it leaves out.
    #[must_use]
    pub fn risk(mut self, risk: impl Into<String>) -> Self {
        self.risk = Some(risk.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what a machine can do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Option<Remedy>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.locations.push(location);
        self
    }

    /// Adds the policy line that made it matter.
    #[must_use]
    pub fn because(mut self, policy: Option<Location>) -> Self {
        self.policy = policy;
        self
    }

    /// Names the package it is about.
    #[must_use]
    pub fn package(mut self, package: impl Into<String>) -> Self {
        self.package = Some(package.into());
        self
    }
}

/// A waiver as it was applied to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverUse {
    /// Owner: a team or a person.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Last day on which it is valid, `YYYY-MM-DD` in UTC.
    pub expires: String,
}

/// A record of known findings as it was applied to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownUse {
    /// The file that records it, relative to the workspace root.
    pub file: String,
    /// Owner: a team or a person.
    pub owner: String,
    /// Last day on which it does not block, `YYYY-MM-DD` in UTC.
    pub until: String,
}

/// Why evidence is missing, or why a check does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Stable code in `snake_case`: `tool_missing`, `blocked_by`, `no_lockfile`, `timed_out`, …
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// With the code `blocked_by`: the first group that must pass before this is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Reason {
    /// A reason with its stable code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            group: None,
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Outcome of a check at the stage under evaluation. Only `Pass` and `Warn` can let a stage pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No finding, or every finding is waived, known or excluded.
    Pass,
    /// Findings that do not block this stage.
    Warn,
    /// A finding that blocks this stage: by its own stage, or because the stage is strict.
    Fail,
    /// The evidence does not allow a decision.
    Inconclusive,
    /// The evidence is missing; the reason explains why.
    NotRun,
    /// The tool failed while judging.
    Error,
}

impl Outcome {
    /// Whether this outcome lets a stage pass.
    pub fn passes(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::Warn)
    }
}

/// A file that belongs to the evidence of a check, kept in the run directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Path inside the run directory, `/`-separated.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
}

/// Result of one test of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestResult {
    /// Test binary or doc-test group it belongs to; empty when the output does not say.
    pub binary: String,
    /// Name of the test.
    pub name: String,
    /// How it ended.
    pub status: TestStatus,
    /// Why it failed: the message of its panic; absent if the output has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// It passed on the first try.
    Passed,
    /// It failed at least once and passed on a retry.
    Flaky,
    /// It failed, crashed or timed out.
    Failed,
    /// It was ignored or skipped.
    Skipped,
}

/// Result of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteResult {
    /// The command that ran, as argument vector.
    pub command: Vec<String>,
    /// Exit code of the command; absent when a signal ended it or it was never started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Number of the signal that ended the command (Unix).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Whether the time limit ended the command.
    #[serde(default)]
    pub timed_out: bool,
    /// Tests that passed (flaky ones included).
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were ignored, skipped or filtered out.
    pub skipped: u64,
    /// Each test, sorted by binary and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestResult>,
    /// Measurements of a benchmark suite, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<BenchmarkResult>,
    /// What a suite of service levels showed, in the order of its objectives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_levels: Vec<ServiceLevel>,
    /// What a suite of drills showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Box<Drill>>,
    /// What a suite of equivalence showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equivalence: Option<Box<Equivalence>>,
    /// Declared files that it made, by their paths in the workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Artifact>,
    /// Which part of it ran, where its runner divided it among machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<SuitePart>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// Version of the tool of a tool suite, as printed by the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_version: Option<String>,
}

/// The evidence behind an outcome: where it came from and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceRecord {
    /// Hash of everything the check read. Equal fingerprints mean that the evidence may be reused.
    pub fingerprint: String,
    /// Whether it was reused instead of collected in this run.
    pub reused: bool,
    /// When it was collected, RFC 3339 in UTC.
    pub recorded: String,
    /// Wall time it took to collect, in milliseconds.
    pub duration_ms: u64,
    /// Commit that was checked out when it was collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Result of a suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<SuiteResult>,
    /// Files kept in the run directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
}

/// One check of the evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// Stable id, `area.name`.
    pub id: String,
    /// One-line summary of what it requires.
    pub summary: String,
    /// What kind of property it is about.
    pub dimension: Dimension,
    /// Its group in the stage contract; absent in reports of versions before this was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// Outcome at the stage under evaluation.
    pub outcome: Outcome,
    /// Why it was not run, was inconclusive or ended in an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What it found; waived, known and excluded findings stay, marked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The evidence behind the outcome; absent if nothing was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRecord>,
}

/// A check that does not apply to this workspace or policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotApplicable {
    /// Stable id of the check.
    pub id: String,
    /// Why it does not apply.
    pub reason: String,
}

/// The overall answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// The stage may be entered.
    Ready,
    /// The stage may be entered for less than the whole workspace; the bounds list what is excluded.
    ReadyWithBoundedScope,
    /// The stage may not be entered.
    NotReady,
}

impl Decision {
    /// The word as written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Ready => "READY",
            Decision::ReadyWithBoundedScope => "READY_WITH_BOUNDED_SCOPE",
            Decision::NotReady => "NOT_READY",
        }
    }

    /// Whether the stage may be entered.
    pub fn is_ready(self) -> bool {
        !matches!(self, Decision::NotReady)
    }
}

/// Number of checks by outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Checks that passed.
    pub pass: u32,
    /// Checks that warned.
    pub warn: u32,
    /// Checks that failed.
    pub fail: u32,
    /// Checks whose evidence does not allow a decision.
    pub inconclusive: u32,
    /// Checks that were not run.
    pub not_run: u32,
    /// Checks that ended in an error.
    pub error: u32,
    /// Findings under a waiver.
    pub waived: u32,
    /// Known findings; absent when there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub known: u32,
    /// Checks whose evidence was reused.
    pub reused: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Exit checklists, computed from checks and files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checklist {
    /// Number of items that are met.
    pub met: u32,
    /// Number of items.
    pub total: u32,
    /// The items, by stage and then in the order of the policy.
    pub items: Vec<ChecklistEntry>,
}

/// One item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChecklistEntry {
    /// Its name.
    pub id: String,
    /// What must be true.
    pub description: String,
    /// First stage that requires it.
    pub stage: Stage,
    /// Whether it is met.
    pub met: bool,
}

/// Confidence from earlier runs of the stage: how long nothing got worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Confidence {
    /// How far back runs count: a number and `d`.
    pub window: String,
    /// Runs of the stage within the window that ended ready since the last that did not, this one included. 0 after a
    /// regression.
    pub runs: u32,
    /// How often within the window a run that was not ready followed a ready one.
    pub regressions: u32,
}

impl Confidence {
    /// What so many runs and regressions within so many days say.
    pub fn new(days: u64, runs: u32, regressions: u32) -> Self {
        Self {
            window: format!("{days}d"),
            runs,
            regressions,
        }
    }
}

/// The workspace that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Name of the workspace: its root package, or else its directory.
    pub name: String,
    /// Commit that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether the work tree differs from the commit; absent outside version control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// Digest over the paths and contents of all files of the workspace.
    pub content: String,
    /// Directory of the workspace below the root of its repository, `/`-separated; empty at the root, and outside version
    /// control.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub directory: String,
    /// Packages that the claim is limited to, sorted; empty for the whole workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selected: Vec<String>,
    /// Number of workspace members.
    pub packages: u32,
    /// Number of files.
    pub files: u32,
    /// SHA-256 of `gate.toml`; absent when there is none. Where it extends other files, that of the lines that `sha256sum
    /// gate.toml ../gate.base.toml` prints in the workspace root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<String>,
    /// Fingerprint of the kernel set: SHA-256 over the kernel locks and the files they name; absent without a lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernels: Option<String>,
}

/// The tool that judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `cargo-gate`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One evaluation of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "cargo gate report")]
pub struct Report {
    /// Version of this model, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The tool that judged.
    pub tool: Tool,
    /// Id of the run: its time and part of its content, sortable by time.
    pub run_id: String,
    /// When the run started, RFC 3339 in UTC.
    pub started: String,
    /// Wall time of the run in milliseconds.
    pub duration_ms: u64,
    /// The stage under evaluation.
    pub stage: Stage,
    /// Whether warnings block, except those about a later stage.
    pub strict: bool,
    /// Declared deployment scope of the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The share of the suites that it ran; absent if it ran all of them. One share of several is never ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// The overall answer.
    pub decision: Decision,
    /// Exit code of the process.
    pub exit_code: i32,
    /// Surfaces outside the claim; never empty when the decision is `READY_WITH_BOUNDED_SCOPE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Bound>,
    /// What the decision claims of each group, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<GroupClaim>,
    /// Kinds of the packages that were judged, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<PackageKind>,
    /// Defaults of the stage that the policy replaces by weaker rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relaxed: Vec<Relaxation>,
    /// Number of checks by outcome.
    pub counts: Counts,
    /// The workspace that was judged.
    pub subject: Subject,
    /// Every check, in the order of the catalogue.
    pub checks: Vec<CheckReport>,
    /// The exit checklists up to this stage, as computed; absent when none is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checklist: Option<Checklist>,
    /// Checks that do not apply here, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_applicable: Vec<NotApplicable>,
    /// What would unblock the stage, one command or edit each, most blocking first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unblock: Vec<UnblockStep>,
    /// Confidence from earlier runs of the stage; absent if the history is damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Run directory, relative to the workspace root if it is inside it; absent if nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_dir: Option<String>,
    /// Chain hash of the run in the history; keep it elsewhere as an anchor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}
