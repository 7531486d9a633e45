//! What a decision claims, as one sentence.

use crate::Report;
use crate::claim::{Kind, Standing};

impl Report {
    /// What is claimed and what is not, in one sentence; `None` where nothing is claimed because the stage may not be
    /// entered.
    pub fn claim(&self) -> Option<String> {
        if !self.decision.is_ready() || self.claims.is_empty() {
            return None;
        }
        let named = |standing: Standing| {
            let of_standing = self.claims.iter().filter(move |claim| claim.standing == standing);
            of_standing
                .map(|claim| claim.group.name())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut sentence = "claimed".to_owned();
        let kinds: Vec<String> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, self.kinds.iter().filter(|package| package.kind == kind).count()))
            .filter(|(_, number)| *number > 0)
            .map(|(kind, number)| kind.count(number))
            .collect();
        if !kinds.is_empty() {
            sentence.push_str(&format!(" of {}", kinds.join(", ")));
        }
        sentence.push_str(&format!(": {}", named(Standing::Claimed)));
        let mut not: Vec<String> = Vec::new();
        let later = named(Standing::Later);
        if !later.is_empty() {
            not.push(format!("{later} (declared for a later stage)"));
        }
        let missing = named(Standing::Missing);
        if !missing.is_empty() {
            not.push(format!("{missing} (nothing declared)"));
        }
        for claim in self.claims.iter().filter(|claim| claim.standing == Standing::Excluded) {
            let risk = claim.risk.as_deref().unwrap_or("unknown");
            not.push(format!("{} (excluded, risk {risk})", claim.group));
        }
        if !not.is_empty() {
            sentence.push_str(&format!("; not claimed: {}", not.join(", ")));
        }
        for relaxed in &self.relaxed {
            sentence.push_str(&format!("; declared otherwise: {} ({})", relaxed.rule, relaxed.reason));
        }
        Some(sentence)
    }
}
