//! What a stage makes of findings: they carry the stage at which they block, so any stage can be asked afterwards.

use gate_base::stage::Stage;

use super::{CheckReport, Finding, Outcome};

impl Finding {
    /// Whether it blocks a stage, unless it is covered. A strict stage is blocked by advice too, but not by what is due at
    /// a later stage.
    pub fn blocks(&self, stage: Stage, strict: bool) -> bool {
        self.blocks_at.map_or(strict, |blocks_at| blocks_at <= stage)
    }
}

impl CheckReport {
    /// Outcome at `stage`, were it not strict, whichever stage the check was judged at. Only open findings count.
    pub fn outcome_at(&self, stage: Stage) -> Outcome {
        match self.outcome {
            Outcome::Pass | Outcome::Warn | Outcome::Fail => outcome_of(&self.findings, stage, false),
            unjudged => unjudged,
        }
    }
}

/// Outcome at `stage` of a check that found this. Only open findings count. A strict stage does not admit warnings either,
/// except those that say at which later stage they block.
pub fn outcome_of(findings: &[Finding], stage: Stage, strict: bool) -> Outcome {
    findings
        .iter()
        .filter(|finding| finding.is_open())
        .map(|finding| match finding.blocks(stage, strict) {
            true => Outcome::Fail,
            false => Outcome::Warn,
        })
        .max()
        .unwrap_or(Outcome::Pass)
}
