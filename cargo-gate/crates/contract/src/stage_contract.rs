//! The stage contract: what each stage asks of each group, for the kinds of software at hand. A group has evidence, or an
//! exclusion with a risk label, or it is missing.

use gate_base::stage::Stage;
use gate_policy::{Exclusion, SuiteKind, SuitePolicy};
use gate_report::claim::{GroupClaim, Kind, PackageKind, Standing};
use gate_report::group::Group;
use gate_report::{CheckReport, Outcome};

use super::info::CheckInfo;

/// A row of the contract.
#[derive(Debug)]
pub struct Row {
    /// The group.
    pub group: Group,
    /// Kinds of software that are asked for it; empty where all are.
    pub kinds: &'static [Kind],
    /// First stage that is blocked without it. Earlier ones warn.
    pub blocks_at: Stage,
    /// What is evidence, in words.
    pub evidence: &'static str,
    /// How to get evidence: an edit of `gate.toml`.
    pub remedy: &'static str,
}

/// The contract, in the order of the groups.
pub const ROWS: [Row; 7] = [
    Row {
        group: Group::Integrity,
        kinds: &[],
        blocks_at: Stage::Pilot,
        evidence: "lockfile, toolchain, tree, profiles, boundaries, secrets: built in",
        remedy: "run the built-in checks",
    },
    Row {
        group: Group::Supply,
        kinds: &[],
        blocks_at: Stage::Controlled,
        evidence: "known advisories of the locked packages (built in, with a `Cargo.lock`), or a required suite of cargo-deny or cargo-vet",
        remedy: "commit a `Cargo.lock`, so that its packages can be compared with known advisories",
    },
    Row {
        group: Group::Equivalence,
        kinds: &[],
        blocks_at: Stage::Pilot,
        evidence: "a required test suite; without one, the tests of the workspace",
        remedy: "add a required `[[suite.test]]`",
    },
    Row {
        group: Group::Performance,
        kinds: &[Kind::Service, Kind::Tool, Kind::Model, Kind::Kernels],
        blocks_at: Stage::Broad,
        evidence: "a required benchmark suite, or budgets of kernels",
        remedy: "add `[[suite.bench]]`",
    },
    Row {
        group: Group::Resilience,
        kinds: &[Kind::Service, Kind::Model, Kind::Kernels],
        blocks_at: Stage::Broad,
        evidence: "service levels, drills, the production suites of kernels, the training run of a model, or a required suite with `group = \"resilience\"`",
        remedy: "add `[[suite.slo]]` or `[[suite.drill]]`, for a model `[[suite.ready]]`, or a `[[suite.test]]` with `group = \"resilience\"`",
    },
    Row {
        group: Group::Ergonomics,
        kinds: &[],
        blocks_at: Stage::Broad,
        evidence: "a required suite of clippy, rustfmt or rustdoc, declared documents, stability or changelogs",
        remedy: "add `[[suite.tool]]` with `name = \"clippy\"` and `tool = \"clippy\"`",
    },
    Row {
        group: Group::Governance,
        kinds: &[],
        blocks_at: Stage::Broad,
        evidence: "owners, a register or a checklist; the streak of READY runs is a check of its own",
        remedy: "add `[owners]` with `default = \"…\"`",
    },
];

/// What the contract is held against.
#[derive(Debug, Clone, Copy)]
pub struct Evaluated<'a> {
    /// The stage.
    pub stage: Stage,
    /// Kinds of the packages of the claim.
    pub kinds: &'a [PackageKind],
    /// Exclusions of the policy.
    pub exclusions: &'a [Exclusion],
    /// Suites of the policy.
    pub suites: &'a [SuitePolicy],
    /// Every built-in check.
    pub catalogue: &'a [CheckInfo],
    /// What was judged.
    pub outcomes: &'a [CheckReport],
}

impl Evaluated<'_> {
    /// Where each group stands, in their order.
    pub fn claims(&self) -> Vec<GroupClaim> {
        ROWS.iter().map(|row| self.claim(row)).collect()
    }

    fn claim(&self, row: &Row) -> GroupClaim {
        let mut claim = GroupClaim {
            group: row.group,
            standing: Standing::NotAsked,
            asked: Vec::new(),
            evidence: Vec::new(),
            risk: None,
        };
        let mut unjudged = false;
        for check in self.outcomes.iter().filter(|check| self.is_evidence(check, row.group)) {
            match check.outcome {
                Outcome::Pass | Outcome::Warn | Outcome::Fail => claim.evidence.push(check.id.clone()),
                Outcome::Inconclusive | Outcome::NotRun | Outcome::Error => unjudged = true,
            }
        }
        let asked = self
            .kinds
            .iter()
            .filter(|package| row.kinds.is_empty() || row.kinds.contains(&package.kind));
        let asked: Vec<&str> = asked.map(|package| package.package.as_str()).collect();
        let excluded = |package: &&str| self.exclusion(row.group, package).is_some();
        let (out, mut left): (Vec<&str>, Vec<&str>) = asked.iter().copied().partition(excluded);
        // A training run says how a model was made; of a service or a kernel it shows nothing.
        let of_models = !claim.evidence.is_empty() && claim.evidence.iter().all(|id| self.is_of_models(id));
        let beyond = |package: &&str| self.kind(package) != Some(Kind::Model);
        if of_models && left.iter().any(beyond) {
            left.retain(beyond);
            claim.evidence.clear();
        }
        claim.standing = if !claim.evidence.is_empty() {
            Standing::Claimed
        } else if unjudged {
            Standing::Unjudged
        } else if !left.is_empty() {
            let beyond_models = left.iter().any(beyond);
            if self.is_declared_for_later(row.group, beyond_models) {
                Standing::Later
            } else {
                Standing::Missing
            }
        } else if let Some(exclusion) = out.first().and_then(|package| self.exclusion(row.group, package)) {
            claim.risk = Some(exclusion.risk.clone());
            Standing::Excluded
        } else {
            Standing::NotAsked
        };
        if !row.kinds.is_empty() {
            claim.asked = left.into_iter().map(str::to_owned).collect();
        }
        claim
    }

    fn kind(&self, package: &str) -> Option<Kind> {
        let mut kinds = self.kinds.iter();
        kinds.find(|known| known.package == package).map(|known| known.kind)
    }

    /// Whether a required suite of the group is declared for a later stage. A training run does not count where it must show
    /// something of other software, too.
    fn is_declared_for_later(&self, group: Group, without_training: bool) -> bool {
        let later = self
            .suites
            .iter()
            .filter(|suite| suite.required && suite.stage > self.stage);
        let mut later = later.filter(|suite| !(without_training && suite.kind == SuiteKind::Ready));
        later.any(|suite| gate_suites::group(suite) == group)
    }

    /// Whether a suite shows something of models only.
    fn is_of_models(&self, id: &str) -> bool {
        let mut models = self.suites.iter().filter(|suite| suite.kind == SuiteKind::Ready);
        models.any(|suite| gate_suites::check_id(suite) == id)
    }

    /// The exclusion that leaves a group out of the claim about a package.
    pub fn exclusion(&self, group: Group, package: &str) -> Option<&Exclusion> {
        let mut exclusions = self.exclusions.iter();
        exclusions.find(|exclusion| exclusion.leaves_out(group, package))
    }

    /// Whether a check or suite is evidence for its group. A suite that is not required shows nothing.
    fn is_evidence(&self, check: &CheckReport, group: Group) -> bool {
        if check.group != Some(group) {
            return false;
        }
        if let Some(info) = self.catalogue.iter().find(|info| info.id == check.id) {
            return info.group_evidence;
        }
        let declared = self
            .suites
            .iter()
            .find(|suite| gate_suites::check_id(suite) == check.id);
        declared.is_none_or(|suite| suite.required)
    }
}

#[cfg(test)]
mod tests;
