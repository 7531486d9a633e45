//! What a stage makes of findings: they carry the stage at which they block, so any stage can be asked afterwards.

use gate_base::stage::Stage;

use super::{CheckReport, Finding, Outcome};

impl CheckReport {
    /// Outcome at `stage`, whichever stage the check was judged at. Only open findings count.
    pub fn outcome_at(&self, stage: Stage) -> Outcome {
        match self.outcome {
            Outcome::Pass | Outcome::Warn | Outcome::Fail => outcome_of(&self.findings, stage),
            unjudged => unjudged,
        }
    }
}

/// Outcome at `stage` of a check that found this. Only open findings count.
pub fn outcome_of(findings: &[Finding], stage: Stage) -> Outcome {
    findings
        .iter()
        .filter(|finding| finding.is_open())
        .map(|finding| match finding.blocks_at {
            Some(blocks_at) if blocks_at <= stage => Outcome::Fail,
            _ => Outcome::Warn,
        })
        .max()
        .unwrap_or(Outcome::Pass)
}
