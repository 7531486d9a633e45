//! `[kernels]`: what GPU kernels must show.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use gate_build::resources::{Budget, Limit};

use crate::report::Location;

use super::raw::RawKernels;

/// What GPU kernels must show.
#[derive(Debug, Clone, Serialize)]
pub struct KernelPolicy {
    /// Whether compilers have to make the locked PTX again.
    pub reproducible: bool,
    /// Limits in the order of the file.
    pub budgets: Vec<KernelBudget>,
    /// Where `[kernels]` is declared.
    pub location: Location,
}

/// Most that one kernel may take.
#[derive(Debug, Clone, Serialize)]
pub struct KernelBudget {
    /// Symbol of its entry.
    pub kernel: String,
    /// Limits by name, in the order of reports.
    pub limits: Vec<(&'static str, u32)>,
    /// Where it is declared.
    pub location: Location,
}

impl KernelBudget {
    /// The limits.
    pub fn budget(&self) -> Budget {
        let limit = |name: &str| Limit::ALL.into_iter().find(|limit| limit.name() == name);
        self.limits.iter().fold(Budget::new(), |budget, (name, most)| {
            limit(name).map_or(budget, |limit| budget.at_most(limit, *most))
        })
    }
}

pub(super) fn convert(raw: Spanned<RawKernels>, at: &impl Fn(Range<usize>) -> Location) -> KernelPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let reproducible = raw.reproducible;
    let budgets = raw.budget.into_iter().map(|budget| {
        let location = at(budget.span());
        let budget = budget.into_inner();
        let limits = [
            (Limit::Registers, budget.registers),
            (Limit::Spills, budget.spills),
            (Limit::Shared, budget.shared),
            (Limit::Constant, budget.constant),
            (Limit::Stack, budget.stack),
            (Limit::Barriers, budget.barriers),
        ];
        KernelBudget {
            kernel: budget.kernel,
            limits: limits
                .into_iter()
                .filter_map(|(limit, most)| Some((limit.name(), most?)))
                .collect(),
            location,
        }
    });
    KernelPolicy {
        reproducible,
        budgets: budgets.collect(),
        location,
    }
}
