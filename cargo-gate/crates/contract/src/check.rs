//! A check: its declaration and its rule.

use std::fmt;

use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_policy::Policy;
use gate_report::group::Group;
use gate_report::{Dimension, Finding, Reason};

use super::context::Context;
use super::declared::{Declared, Input, Reads};
use super::info::{CheckInfo, Phase};
use super::input;
use super::inputs::Inputs;

/// A check: its declaration and its rule.
pub struct Check {
    /// Stable id, `area.name`; the file of the check is `area/name.rs`.
    pub id: &'static str,
    /// What it asks, one line in sentence case without a final full stop.
    pub summary: &'static str,
    /// Its page in Markdown, with the sections *What it does*, *Why it matters* and *How to fix*.
    pub docs: &'static str,
    /// What kind of property it is about.
    pub dimension: Dimension,
    /// The group in whose turn it is evaluated, where that is not the group of its dimension.
    pub group: Option<Group>,
    /// Whether its judgement is evidence for its group in the [stage contract](crate::stage_contract), under this policy.
    /// What is judged without being asked for shows little; what a policy declares does.
    pub group_evidence: fn(&Policy) -> bool,
    /// First stage at which its findings block.
    pub blocks_at: Stage,
    /// Which of its findings block from another stage on; the rest is advice, which blocks none.
    pub other_stages: &'static [OtherStage],
    /// Version of the tool that introduced it.
    pub since: &'static str,
    /// Raised whenever the rule changes its mind about the same inputs.
    pub version: u32,
    /// When it is judged.
    pub phase: Phase,
    /// Whether a waiver can cover its findings. None can where it judges waivers or the policy, or sums other checks up.
    pub waivable: bool,
    /// Whether its findings can be recorded as known when the gate is adopted: they are about code or documents that were
    /// written without it. What makes other evidence doubtful never can, and neither can evidence that is missing.
    pub recordable: bool,
    /// Whether a machine can do what its help says.
    pub fixes: Fixes,
    /// What it reads and how it judges.
    pub rule: &'static dyn Judge,
}

/// Whether a machine can do what the help of a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixes {
    /// `--fix` applies this edit, where the files leave no doubt about it.
    Applied(&'static str),
    /// Editors offer this edit, and `--fix` leaves it to them.
    Offered(&'static str),
    /// A command of cargo or of the gate does it: it changes more than the text of a file.
    Command,
    /// Somebody has to decide something, or answer for it.
    Decision,
    /// Code, tests or documents have to be written or changed.
    Work,
    /// It is about the machine, the commit or the run, and not about the text of a file.
    Circumstances,
}

/// Findings of a check that block from another stage on than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherStage {
    /// First stage at which they block.
    pub from: Stage,
    /// What they are about, as it follows "from broad on:".
    pub what: &'static str,
}

impl Check {
    /// What declarations leave to the usual: a check declares the rest, above all its id and its rule.
    pub const USUAL: Self = Self {
        id: "",
        summary: "",
        docs: "",
        dimension: Dimension::Contract,
        group: None,
        group_evidence: |_| false,
        blocks_at: Stage::Pilot,
        other_stages: &[],
        since: "",
        version: 1,
        phase: Phase::Evidence,
        waivable: true,
        recordable: false,
        fixes: Fixes::Decision,
        rule: &Rule::<()>::always(|_| Judgement::Findings(Vec::new())),
    };

    /// The group in whose turn it is evaluated.
    pub fn group(&self) -> Group {
        self.group.unwrap_or(Group::of_dimension(self.dimension))
    }

    /// Everything the rule reads.
    pub fn inputs(&self) -> &'static [Declared] {
        self.rule.inputs()
    }

    /// Whether the rule reads this input.
    pub fn reads<I: Input>(&self) -> bool {
        self.inputs().contains(&Declared::of::<I>())
    }

    /// What other checks may know of it.
    pub fn info(&self, policy: &Policy) -> CheckInfo {
        let momentary = self.reads::<input::CargoEnvironment>()
            || self.reads::<input::GitStatus>()
            || self.reads::<input::History>()
            || self.reads::<input::EvaluatedStage>()
            || self.reads::<input::RegistryIndex>()
            || self.reads::<input::Today>()
            || self.reads::<input::Toolchain>();
        CheckInfo {
            id: self.id,
            summary: self.summary,
            blocks_at: self.blocks_at,
            phase: self.phase,
            group_evidence: self.group() == Group::Integrity || (self.group_evidence)(policy),
            lasting: self.phase == Phase::Evidence && !momentary,
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Check")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The rule of a check over what it declares to read.
#[derive(Debug)]
pub struct Rule<R> {
    /// Whether it applies to this workspace and policy.
    pub applies: fn(&Context<'_, R>) -> Applies,
    /// What it says.
    pub run: fn(&Context<'_, R>) -> Judgement,
}

impl<R> Rule<R> {
    /// A rule that applies to every workspace and policy.
    pub const fn always(run: fn(&Context<'_, R>) -> Judgement) -> Self {
        Self {
            applies: |_| Applies::Yes,
            run,
        }
    }
}

/// A [`Rule`], whatever it reads.
pub trait Judge: Sync {
    /// Everything the rule reads.
    fn inputs(&self) -> &'static [Declared];

    /// Whether it applies to this workspace and policy.
    fn applies(&self, inputs: &Inputs<'_>) -> Applies;

    /// What it says.
    fn run(&self, inputs: &Inputs<'_>) -> Judgement;
}

impl<R: Reads> Judge for Rule<R> {
    fn inputs(&self) -> &'static [Declared] {
        R::INPUTS
    }

    fn applies(&self, inputs: &Inputs<'_>) -> Applies {
        (self.applies)(&Context::new(*inputs))
    }

    fn run(&self, inputs: &Inputs<'_>) -> Judgement {
        (self.run)(&Context::new(*inputs))
    }
}

/// Whether a check applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applies {
    /// It is part of the evaluation.
    Yes,
    /// It is not, and why.
    No(String),
}

/// What a rule says; the engine and the verdict make an outcome of it.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// The rule was carried out; no findings is a pass.
    Findings(Vec<Finding>),
    /// The evidence could not be had.
    NotRun(Reason),
    /// The evidence allows no judgement.
    Inconclusive(Reason),
}

impl From<Judgement> for EvidenceResult {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Findings(findings) => Self::Findings(findings),
            Judgement::NotRun(reason) => Self::NotRun(reason),
            Judgement::Inconclusive(reason) => Self::Inconclusive(reason),
        }
    }
}
