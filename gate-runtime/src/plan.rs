//! Which kernels of a workload run natively, and where that chain breaks.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::reason::{Causes, Reason};

/// A native implementation that could be chosen for a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Symbol of its entry.
    pub symbol: String,
    /// Declared preference.
    pub score: u32,
    /// Why this device cannot run it.
    pub unusable: Option<Causes>,
}

/// The candidate to run: the usable one with the highest score, and of equal ones the lexically smallest symbol. Depends on
/// nothing but the candidates, not on their order.
#[must_use]
pub fn select(candidates: &[Candidate]) -> Option<usize> {
    let usable = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.unusable.is_none());
    let best = usable.min_by(|(_, a), (_, b)| (b.score, &a.symbol).cmp(&(a.score, &b.symbol)));
    best.map(|(index, _)| index)
}

/// A workload: kernels that a program calls for one purpose, in order. A *graph break* is an operation without a native
/// variant for the device, which another backend executes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    name: String,
    operations: usize,
    breaks: Vec<(String, Reason)>,
}

impl Plan {
    /// A workload of these operations: each with its kernel's name and, where it breaks the chain, why.
    pub(crate) fn new<'a>(name: &str, operations: impl Iterator<Item = (&'a str, Option<Reason>)>) -> Plan {
        let mut plan = Plan {
            name: name.to_owned(),
            operations: 0,
            breaks: Vec::new(),
        };
        for (kernel, broken) in operations {
            plan.operations += 1;
            plan.breaks.extend(broken.map(|reason| (kernel.to_owned(), reason)));
        }
        plan
    }

    /// Name of the workload.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of operations.
    #[must_use]
    pub const fn operations(&self) -> usize {
        self.operations
    }

    /// The operations that break the chain, in order, each with its reason.
    #[must_use]
    pub fn breaks(&self) -> &[(String, Reason)] {
        &self.breaks
    }

    /// How often each reason breaks the chain, by code.
    #[must_use]
    pub fn break_counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, reason) in &self.breaks {
            *counts.entry(reason.code()).or_default() += 1;
        }
        counts
    }

    /// The part of the operations that runs natively: (operations − breaks) / operations, and 0 for a workload without
    /// operations.
    #[must_use]
    pub fn compilability(&self) -> f64 {
        match self.operations {
            0 => 0.0,
            operations => (operations - self.breaks.len()) as f64 / operations as f64,
        }
    }
}

/// A workload that a runtime knows.
#[derive(Debug, Clone)]
pub struct PlanId {
    pub(crate) number: u32,
    pub(crate) plan: Arc<Plan>,
}

impl PlanId {
    /// What it consists of.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, proptest};
    use proptest::strategy::Strategy;
    use proptest::{prop_assert, prop_assert_eq};

    use super::*;

    fn candidate(symbol: &str, score: u32, usable: bool) -> Candidate {
        Candidate {
            symbol: symbol.to_owned(),
            score,
            unusable: (!usable).then(|| Causes::of(Reason::ArchUnsupported)),
        }
    }

    #[test]
    fn of_equal_scores_the_lexically_smaller_symbol_wins() {
        let candidates = [
            candidate("softmax_b", 5, true),
            candidate("softmax_a", 5, true),
            candidate("softmax_0", 4, true),
            candidate("softmax_z", 9, false),
        ];
        assert_eq!(select(&candidates), Some(1));
        assert_eq!(select(&candidates[3..]), None);
        assert_eq!(select(&[]), None);
    }

    fn shuffled() -> impl Strategy<Value = (Vec<Candidate>, Vec<Candidate>)> {
        let one = ("[ab]{1,2}", 0..3_u32, proptest::bool::ANY);
        let list = proptest::collection::vec(one, 0..6).prop_map(|list| {
            let made = list
                .iter()
                .map(|(symbol, score, usable)| candidate(symbol, *score, *usable));
            made.collect::<Vec<_>>()
        });
        list.prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))
    }

    proptest! {
        #[test]
        fn the_order_of_candidates_does_not_matter((list, shuffled) in shuffled()) {
            let chosen = |list: &[Candidate]| select(list).map(|index| (list[index].symbol.clone(), list[index].score));
            prop_assert_eq!(chosen(&list), chosen(&shuffled));
            if let Some(index) = select(&list) {
                prop_assert!(list.iter().all(|other| other.unusable.is_some() || other.score <= list[index].score));
            }
        }
    }

    #[test]
    fn compilability_is_the_part_without_breaks() {
        let breaks = [None, Some(Reason::NoNativeVariant), None, Some(Reason::NoNativeVariant)];
        let plan = Plan::new("decoder", breaks.iter().map(|reason| ("softmax", *reason)));
        assert_eq!(plan.compilability(), 0.5);
        assert_eq!(
            plan.break_counts().into_iter().collect::<Vec<_>>(),
            [("no_native_variant", 2)]
        );
        assert_eq!(Plan::new("nothing", std::iter::empty()).compilability(), 0.0);
    }
}
