//! Promotion: which artifact may go to which stage, by the run that judged the workspace it was built from.
//!
//! A promotion is derived from a verified run over the content that the artifact was built from; nothing is asserted. What was decided is
//! kept in a [`registry`] of events that can be compared with the run directory and the artifact, and whose replay gives the [`state`].

mod entry;
pub mod kernel;
pub mod registry;
pub mod scores;
pub mod state;
mod states;

use gate_base::stage::Stage;
use gate_report::{Decision, Report};

/// What a run says about an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promotion {
    /// It may enter this stage.
    Promoted(Stage),
    /// It may not enter the stage that was asked for; one below it may.
    Held {
        /// The stage below.
        stage: Stage,
        /// What keeps it from the stage that was asked for.
        because: String,
    },
    /// It may enter no stage on the strength of this run.
    Rejected {
        /// Why not.
        because: String,
    },
}

/// Judges by the report of a run of the stage that is asked for. A run that passed without a warning promotes; one that
/// warns, or is ready for a bounded scope, is good for one stage below; anything else rejects.
pub fn judge(asked: Stage, report: &Report) -> Promotion {
    let warnings = report.counts.warn;
    let because = match report.decision {
        Decision::Ready if warnings == 0 => return Promotion::Promoted(asked),
        Decision::Ready => format!(
            "run {} has {warnings} {}",
            report.run_id,
            if warnings == 1 { "warning" } else { "warnings" }
        ),
        Decision::ReadyWithBoundedScope => format!("run {} is only ready for a bounded scope", report.run_id),
        Decision::NotReady => {
            return Promotion::Rejected {
                because: format!("run {} is not ready for {asked}{}", report.run_id, report.blocked_by()),
            };
        }
    };
    match below(asked) {
        Some(stage) => Promotion::Held { stage, because },
        None => Promotion::Rejected {
            because: format!("{because}, and there is no stage below {asked}"),
        },
    }
}

fn below(stage: Stage) -> Option<Stage> {
    Stage::ALL.into_iter().rev().find(|lower| *lower < stage)
}

#[cfg(test)]
mod tests {
    use gate_report::render::samples;

    use super::*;

    fn report(decision: Decision, warnings: u32) -> Report {
        let mut report = samples::ready();
        report.run_id = "R".into();
        report.decision = decision;
        report.counts.warn = warnings;
        report
    }

    #[test]
    fn a_run_promotes_holds_or_rejects() {
        use Decision::{NotReady, Ready, ReadyWithBoundedScope};
        use Stage::{Broad, Controlled, Pilot};
        let held = |stage, because: &str| Promotion::Held {
            stage,
            because: because.into(),
        };
        let rejected = |because: &str| Promotion::Rejected {
            because: because.into(),
        };
        for (asked, decision, warnings, expected) in [
            (Broad, Ready, 0, Promotion::Promoted(Broad)),
            (Pilot, Ready, 0, Promotion::Promoted(Pilot)),
            (Broad, Ready, 1, held(Controlled, "run R has 1 warning")),
            (Controlled, Ready, 2, held(Pilot, "run R has 2 warnings")),
            (
                Broad,
                ReadyWithBoundedScope,
                0,
                held(Controlled, "run R is only ready for a bounded scope"),
            ),
            (
                Pilot,
                Ready,
                1,
                rejected("run R has 1 warning, and there is no stage below pilot"),
            ),
            (Controlled, NotReady, 0, rejected("run R is not ready for controlled")),
        ] {
            assert_eq!(judge(asked, &report(decision, warnings)), expected);
        }
    }
}
