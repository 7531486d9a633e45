//! The order in which a change reaches its users, and how far a decision lets it go.
//!
//! A stage of the gate is a permission; what is rolled out in steps is the native path. Each stage permits the steps up to its own, in their order:
//! pilot the shadow, controlled the canary and then the guarded rollout, broad everything.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Decision;
use gate_base::stage::Stage;

/// Least and most share of the traffic that a canary gets, in per cent.
pub const CANARY_PERCENT: [u8; 2] = [5, 10];

/// A step of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It runs beside what serves, and only its results are compared.
    Shadow,
    /// It serves a small share of the traffic ([`CANARY_PERCENT`]).
    Canary,
    /// It serves under rails that take it back by themselves.
    Guarded,
    /// It serves everything.
    Full,
}

impl Step {
    /// All steps in their order.
    pub const ALL: [Self; 4] = [Self::Shadow, Self::Canary, Self::Guarded, Self::Full];

    /// The stage that permits it.
    pub fn stage(self) -> Stage {
        match self {
            Self::Shadow => Stage::Pilot,
            Self::Canary | Self::Guarded => Stage::Controlled,
            Self::Full => Stage::Broad,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Guarded => "guarded",
            Self::Full => "full",
        }
    }

    /// What happens in it, as part of a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Shadow => "runs alongside the serving version; its results are compared, not used",
            Self::Canary => "serves 5 to 10 % of the traffic",
            Self::Guarded => "serves under rails that roll it back automatically",
            Self::Full => "serves all traffic",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a decision lets a change go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// All steps in the order in which they are taken; none is left out.
    pub order: Vec<Step>,
    /// The steps that the decision permits; empty when the stage may not be entered.
    pub permitted: Vec<Step>,
    /// Least and most share of the traffic of the canary, in per cent.
    pub canary_percent: [u8; 2],
    /// The first step that is not permitted, with the stage that would permit it; absent when all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// The first step that is not permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The step.
    pub step: Step,
    /// The stage that would permit it.
    pub stage: Stage,
}

impl Rollout {
    /// What a decision about a stage permits. One that says no permits nothing, whatever earlier ones said.
    pub fn of(stage: Stage, decision: Decision) -> Self {
        let permitted: Vec<Step> = Step::ALL
            .into_iter()
            .filter(|step| decision.is_ready() && step.stage() <= stage)
            .collect();
        let next = Step::ALL.get(permitted.len()).map(|step| Next {
            step: *step,
            stage: step.stage(),
        });
        Self {
            order: Step::ALL.to_vec(),
            permitted,
            canary_percent: CANARY_PERCENT,
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_permits_the_steps_up_to_its_own() {
        let permitted = |stage, decision| {
            let rollout = Rollout::of(stage, decision);
            assert_eq!(rollout.order, Step::ALL);
            let names: Vec<&str> = rollout.permitted.iter().map(|step| step.name()).collect();
            let next = rollout
                .next
                .map_or("-".to_owned(), |next| format!("{} at {}", next.step, next.stage));
            format!("{}; {next}", names.join(" "))
        };
        use Decision::{NotReady, Ready, ReadyWithBoundedScope};
        assert_eq!(permitted(Stage::Pilot, Ready), "shadow; canary at controlled");
        assert_eq!(
            permitted(Stage::Controlled, ReadyWithBoundedScope),
            "shadow canary guarded; full at broad"
        );
        assert_eq!(permitted(Stage::Broad, Ready), "shadow canary guarded full; -");
        assert_eq!(permitted(Stage::Broad, NotReady), "; shadow at pilot");
    }

    #[test]
    fn the_steps_are_in_the_order_of_their_stages() {
        assert!(Step::ALL.is_sorted_by_key(|step| step.stage()) && Step::ALL.is_sorted());
    }
}
