//! `[decisions]`: whose signature makes a decision count.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::stage::Stage;

/// Whose signature makes a decision count, and from which stage on one is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawDecisions {
    /// Ed25519 keys as in `id_ed25519.pub`. A signature by another key is none.
    #[schemars(extend(
        "minItems" = 1,
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "ssh-key" },
        "examples" = [["ssh-ed25519 AAAA… release-team"]]
    ))]
    pub(in crate::policy) authorities: Vec<String>,
    /// Decisions for this stage and later ones count only when they are signed.
    #[schemars(extend("examples" = ["controlled"]))]
    pub(in crate::policy) require_signature: Option<Stage>,
}
