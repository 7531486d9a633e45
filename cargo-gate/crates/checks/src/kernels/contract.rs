//! `kernels.contract`: every locked kernel has a contract.

use std::collections::{BTreeMap, BTreeSet};

use gate_base::stage::Stage;
use gate_gpu::kernels::{LockedCrate, place};
use gate_policy::{KernelPolicy, RuntimePolicy};
use gate_report::{Dimension, Finding, Location};

use super::runs::{Runs, declared, runs};
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
    id: "kernels.contract",
    summary: "Every locked kernel is registered with a contract",
    docs: include_str!("contract.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if declared(context) && !context.kernel_locks().is_empty() {
        Applies::Yes
    } else {
        Applies::No("there are no run stats of locked kernels".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let runs = match runs(context) {
        Ok(runs) => runs,
        Err(judgement) => return judgement,
    };
    let kernels = context.section::<KernelPolicy>().as_ref();
    let none = BTreeMap::new();
    let findings = judge(
        &context.kernel_locks(),
        &runs,
        kernels.map_or(&none, |kernels| &kernels.variants),
    );
    let because = kernels.map(|kernels| kernels.location.clone());
    Judgement::Findings(
        findings
            .into_iter()
            .map(|finding| finding.because(because.clone()))
            .collect(),
    )
}

fn judge(crates: &[LockedCrate], runs: &Runs, variants: &BTreeMap<String, String>) -> Vec<Finding> {
    let registered: BTreeSet<&str> = runs
        .iter()
        .flat_map(|(_, stats)| &stats.kernels)
        .map(|kernel| kernel.kernel.as_str())
        .collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut findings = Vec::new();
    for found in crates {
        for (unit, locked) in found.lock.iter().flat_map(|lock| &lock.units) {
            for (arch, image) in &locked.images {
                for entry in image.entries.keys().filter(|entry| seen.insert(entry)) {
                    let message = match variants.get(entry) {
                        None if registered.contains(entry.as_str()) => continue,
                        Some(kernel) if registered.contains(kernel.as_str()) => continue,
                        None => format!(
                            "kernel `{entry}` of `{}` has no contract: no run registered it",
                            found.path
                        ),
                        Some(kernel) => {
                            format!("kernel `{entry}` is declared a variant of `{kernel}`, which no run registered")
                        }
                    };
                    let line = place::line(&found.text, unit.as_str(), &arch.to_string(), Some(entry));
                    findings.push(
                        Finding::blocking(CHECK.blocks_at, message)
                            .help(
                                "register it with a contract, or declare the kernel whose contract covers it under \
                                 `variants`",
                            )
                            .at(line
                                .map_or_else(|| Location::file(&found.path), |line| Location::line(&found.path, line))),
                    );
                }
            }
        }
    }
    for (variant, kernel) in variants.iter().filter(|(variant, _)| !seen.contains(variant.as_str())) {
        findings.push(
            Finding::blocking(
                CHECK.blocks_at,
                format!("no kernel lock has `{variant}`, a declared variant of `{kernel}`"),
            )
            .help("remove it from `variants`"),
        );
    }
    findings
}
