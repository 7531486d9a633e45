//! `[decisions]`: whose signatures make a decision count, and how many.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;

use super::authority::{Approvers, one_approval};
use super::value::SshKey;

/// Whose signatures make a decision valid, how many it takes, and from which stage on a signature is required.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DecisionPolicy {
    /// Ed25519 public keys, as in `id_ed25519.pub`. A signature by any other key does not count.
    #[schemars(with = "Vec<SshKey>", length(min = 1), extend("examples" = [["ssh-ed25519 AAAA… release-team"]]))]
    pub authorities: Vec<String>,
    /// How many different keys of `authorities` must sign a decision for it to count.
    #[serde(default = "one_approval")]
    #[schemars(range(min = 1, max = 100), extend("x-why" = "without a signature there is no approval", "examples" = [2]))]
    pub approvals: u32,
    /// Decisions for this stage and later ones only count if they are signed.
    #[schemars(extend("examples" = ["controlled"]))]
    pub require_signature: Option<Stage>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl DecisionPolicy {
    /// Whose signatures count, and how many.
    pub fn approvers(&self) -> Approvers {
        Approvers::new(self.authorities.clone(), self.approvals)
    }

    /// Whether a decision for this stage must be signed to count.
    pub fn asks_for_signature(&self, stage: Stage) -> bool {
        self.require_signature.is_some_and(|first| stage >= first)
    }
}
