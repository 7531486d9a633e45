//! Whose signature makes a decision count.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::base::stage::Stage;
use crate::report::Location;

use super::raw::RawDecisions;
use super::section::section;

/// Whose signature makes a decision count, and from which stage on one is needed.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionPolicy {
    /// Ed25519 keys in the form of OpenSSH, at least one.
    pub authorities: Vec<String>,
    /// Decisions for this stage and later ones count only when they are signed.
    pub require_signature: Option<Stage>,
    /// Where it is declared.
    pub location: Location,
}

impl DecisionPolicy {
    /// Whether a decision for this stage must be signed to count.
    pub fn asks_for_signature(&self, stage: Stage) -> bool {
        self.require_signature.is_some_and(|first| stage >= first)
    }
}

pub(super) fn convert(raw: Spanned<RawDecisions>, at: &impl Fn(Range<usize>) -> Location) -> DecisionPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    DecisionPolicy {
        authorities: raw.authorities,
        require_signature: raw.require_signature,
        location,
    }
}

section!(DecisionPolicy, "decisions", decisions: Option<DecisionPolicy>);
