//! Statements of in-toto about a release (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>): how it was built, what
//! was decided, and two summaries for those who only ask whether it passed.

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_evidence::record::DecisionRecord;
use serde_json::{Value, json};

use crate::decided::Decided;
use crate::files::{Recorded, json as bytes_of};
use crate::modules::Modules;
use crate::named::Named;
use crate::predicate::{DecisionPredicate, RunReference};

/// Type of every statement.
pub(crate) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// SLSA provenance (<https://slsa.dev/spec/v1.1/provenance>).
pub(crate) const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// The predicate of decisions, whose schema is published with this project.
pub const DECISION_PREDICATE: &str = "https://github.com/cargo-gate/cargo-gate/decision/v1";
/// SLSA verification summary (<https://slsa.dev/spec/v1.1/verification_summary>).
pub(crate) const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// Simple verification result (<https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md>).
pub(crate) const RESULT: &str = "https://in-toto.io/attestation/svr/v0.1";

const BUILD_TYPE: &str = "https://github.com/cargo-gate/cargo-gate/release/v1";
const TOOL: &str = "https://github.com/cargo-gate/cargo-gate";

/// The statements of a release: the beginning of their file names, and their predicates.
pub(crate) const ALL: [(&str, &str); 4] = [
    ("provenance", PROVENANCE),
    ("decision", DECISION_PREDICATE),
    ("verification-summary", SUMMARY),
    ("verification-result", RESULT),
];

/// What the statements are made of.
pub(crate) struct Facts<'a> {
    pub(crate) named: &'a Named,
    pub(crate) commit: &'a str,
    pub(crate) decided: &'a Decided,
    /// What the statements are about.
    pub(crate) subjects: &'a [Recorded],
    /// Address of the repository, where a remote has one.
    pub(crate) repository: Option<String>,
    pub(crate) targets: Vec<String>,
    pub(crate) profile: &'a str,
    pub(crate) rustc: String,
    /// The machine that built it.
    pub(crate) host: String,
    /// PTX that is handed out.
    pub(crate) modules: &'a Modules,
    /// Files that were built elsewhere.
    pub(crate) attached: &'a [Recorded],
    pub(crate) cargo: String,
}

impl Facts<'_> {
    /// The statements in the order of [`ALL`].
    ///
    /// # Errors
    /// The record of the decision cannot be read.
    pub(crate) fn statements(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let provenance = bytes_of(&self.statement(PROVENANCE, &self.provenance()))?;
        let decision = bytes_of(&self.statement(DECISION_PREDICATE, &self.decision()?))?;
        let inputs = [("provenance", &provenance), ("decision", &decision)];
        let summary = bytes_of(&self.statement(SUMMARY, &self.summary(&inputs)))?;
        let result = bytes_of(&self.statement(RESULT, &self.result()))?;
        let all = [provenance, decision, summary, result];
        Ok(ALL.iter().map(|(name, _)| *name).zip(all).collect())
    }

    fn statement(&self, predicate_type: &str, predicate: &Value) -> Value {
        let subjects = self.subjects.iter();
        let subjects: Vec<Value> = subjects
            .map(|file| json!({ "name": file.path, "digest": { "sha256": file.sha256 } }))
            .collect();
        json!({
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": predicate_type,
            "predicate": predicate,
        })
    }

    fn provenance(&self) -> Value {
        let tag = &self.named.tag;
        let source = match &self.repository {
            Some(address) => format!("git+{address}@refs/tags/{tag}"),
            None => format!("git+refs/tags/{tag}"),
        };
        let lock = self.subjects.iter().find(|file| file.path == "Cargo.lock");
        let mut provenance = json!({
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "release": self.named.name,
                    "version": self.named.version.to_string(),
                    "source": source,
                    "targets": self.targets,
                    "profile": self.profile,
                },
                "internalParameters": { "host": self.host },
                "resolvedDependencies": [
                    { "uri": source, "digest": { "gitCommit": self.commit } },
                    { "name": "Cargo.lock", "digest": { "sha256": lock.map(|file| file.sha256.as_str()) } },
                ],
            },
            "runDetails": {
                "builder": {
                    "id": TOOL,
                    "version": { "cargo-gate": env!("CARGO_PKG_VERSION"), "cargo": self.cargo, "rustc": self.rustc },
                },
                "metadata": { "invocationId": format!("{}/{}", self.decided.entry.run_id, self.named.stem()) },
            },
        });
        if let Some(modules) = self.modules.stated() {
            provenance["buildDefinition"]["externalParameters"]["modules"] = modules;
        }
        // To this build they are inputs, not results.
        if let Some(inputs) = provenance["buildDefinition"]["resolvedDependencies"].as_array_mut() {
            inputs.extend(self.attached.iter().map(|file| {
                json!({
                    "name": file.path,
                    "digest": { "sha256": file.sha256 },
                    "annotations": { "attached": "built elsewhere" },
                })
            }));
        }
        provenance
    }

    fn decision(&self) -> Result<Value> {
        let (entry, report) = (&self.decided.entry, &self.decided.report);
        let record: DecisionRecord = serde_json::from_slice(&self.decided.decision)
            .map_err(|error| Error::tool(format!("cannot parse the decision of run {}: {error}", entry.run_id)))?;
        let waived = report
            .checks
            .iter()
            .filter(|check| check.findings.iter().any(|finding| finding.waived.is_some()));
        let predicate = DecisionPredicate {
            stage: record.stage,
            decision: record.decision,
            scope: record.scope,
            commit: self.commit.to_owned(),
            content: entry.content.clone(),
            policy_sha256: record.policy_sha256,
            catalogue_sha256: record.catalogue_sha256,
            bounds: record.bounds,
            waived_checks: u32::try_from(waived.count()).unwrap_or(u32::MAX),
            run: RunReference {
                id: entry.run_id.clone(),
                started: entry.started.clone(),
                chain: entry.chain.clone(),
                decision_sha256: self.decided.decision_sha256.clone(),
                report_sha256: self.decided.readiness_sha256.clone(),
            },
        };
        serde_json::to_value(predicate).map_err(|error| Error::tool(format!("cannot write the decision: {error}")))
    }

    fn summary(&self, inputs: &[(&str, &Vec<u8>)]) -> Value {
        let inputs: Vec<Value> = inputs
            .iter()
            .map(|(name, bytes)| json!({ "uri": name, "digest": { "sha256": sha256_hex(bytes) } }))
            .collect();
        let policy = self.decided.report.subject.policy_sha256.as_deref();
        json!({
            // Without its version: in-toto's own definition of this predicate has no place for one.
            "verifier": { "id": TOOL },
            "timeVerified": self.decided.entry.started,
            "resourceUri": format!("pkg:cargo/{}@{}", self.named.name, self.named.version),
            // Without a file, the policy is that of the tool.
            "policy": match policy {
                Some(sha256) => json!({ "uri": "gate.toml", "digest": { "sha256": sha256 } }),
                None => json!({ "uri": TOOL }),
            },
            "inputAttestations": inputs,
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_1"],
            "slsaVersion": "1.1",
        })
    }

    fn result(&self) -> Value {
        let (stage, decision) = (self.decided.entry.stage.name(), self.decided.entry.decision.name());
        json!({
            "verifier": { "id": TOOL },
            "timeCreated": self.decided.entry.started,
            "properties": [
                format!("CARGO_GATE_{}_{decision}", stage.to_ascii_uppercase()),
                "CARGO_GATE_BUILT_TWICE_IDENTICAL",
            ],
        })
    }
}
