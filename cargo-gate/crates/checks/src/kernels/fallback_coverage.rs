//! `kernels.fallback-coverage`: kernels in scope have both paths for every type.

use std::collections::BTreeSet;

use gate_base::stage::Stage;
use gate_gpu::kernels::LockedCrate;
use gate_policy::{KernelPolicy, KernelScope, RuntimePolicy};
use gate_report::{Dimension, Finding};

use super::runs::{Runs, runs};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::KernelLocks,
    input::RuntimeRecords,
    KernelPolicy,
    RuntimePolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.fallback-coverage",
    summary: "Kernels in scope have PTX and a tested CPU fallback for every type",
    docs: include_str!("fallback_coverage.md"),
    dimension: Dimension::Platform,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context
        .section::<KernelPolicy>()
        .as_ref()
        .is_some_and(|kernels| !kernels.scopes.is_empty())
    {
        Applies::Yes
    } else {
        Applies::No("no scope of kernels is declared".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let runs = match runs(context) {
        Ok(runs) => runs,
        Err(judgement) => return judgement,
    };
    let scopes = context
        .section::<KernelPolicy>()
        .as_ref()
        .map(|kernels| kernels.scopes.as_slice())
        .unwrap_or_default();
    Judgement::Findings(judge(scopes, &context.kernel_locks(), &runs))
}

fn judge(scopes: &[KernelScope], crates: &[LockedCrate], runs: &Runs) -> Vec<Finding> {
    let units = crates
        .iter()
        .filter_map(|found| found.lock.as_ref())
        .flat_map(|lock| lock.units.values());
    let locked: BTreeSet<&str> = units
        .flat_map(|unit| unit.images.values())
        .flat_map(|image| image.entries.keys())
        .map(String::as_str)
        .collect();
    let kernels = runs.iter().flat_map(|(_, stats)| &stats.kernels);
    let proven: BTreeSet<&str> = kernels
        .filter(|kernel| kernel.calls.fallback > 0)
        .map(|kernel| kernel.kernel.as_str())
        .collect();
    let mut findings = Vec::new();
    for scope in scopes {
        for dtype in &scope.dtypes {
            let entry = scope.entry(dtype);
            let mut missing = Vec::new();
            if !locked.contains(entry.as_str()) {
                missing.push("no kernel lock has PTX for it");
            }
            if !proven.contains(entry.as_str()) {
                missing.push("no run executed it on the CPU");
            }
            if !missing.is_empty() {
                findings.push(
                    Finding::blocking(
                        CHECK.blocks_at,
                        format!(
                            "`{}` for `{dtype}` (`{entry}`) is in scope, but {}",
                            scope.kernel,
                            missing.join(" and ")
                        ),
                    )
                    .help("add what is missing, or remove the type from the scope")
                    .at(scope.location.clone())
                    .because(Some(scope.location.clone())),
                );
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::runs::samples::stats;
    use gate_contract::testing::findings_text;
    use gate_report::Location;

    #[test]
    fn both_paths_are_asked_for() {
        let scope = KernelScope {
            kernel: "sum".into(),
            dtypes: vec!["f32".into(), "f64".into()],
            entry: None,
            location: Location::line("gate.toml", 3),
        };
        let runs = vec![(
            "run.json".to_owned(),
            stats(&[("sum_f32", 5, 0, 0), ("sum_f64", 0, 1, 0)]),
        )];
        insta::assert_snapshot!(findings_text(&judge(&[scope], &[], &runs)));
    }
}
