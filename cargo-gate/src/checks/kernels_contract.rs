//! `kernels.contract`: every locked kernel has a contract.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::stage::Stage;
use crate::kernels::{LockedCrate, place};
use crate::report::{Dimension, Finding, Location};

use super::runs::{Runs, declared, runs};
use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.contract",
    summary: "Every locked kernel is registered with a contract",
    docs: DOCS,
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 1,
    inputs: &[
        Input::Cargo,
        Input::KernelLocks,
        Input::RuntimeRecords,
        Input::PolicyKernels,
        Input::PolicyRuntime,
    ],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

Compares the entries of every `kernels.lock` with the kernels that the run stats under `[runtime]` list. `gate-runtime` \
registers a kernel with its contract or not at all, and the stats list every registered kernel, called or not. An entry \
of a lock that no run registered can be launched only past the contracts, and is a finding.

An entry that another kernel's contract covers, such as a variant for aligned rows, is declared with \
`variants = { softmax_f32_vec4 = \"softmax_f32\" }` under `[kernels]`. A variant of a kernel that is not registered, and \
one that no lock has, are findings.

It applies where there are a `kernels.lock` and run stats. Stats that are missing or cannot be read are *not run*.

## Why it matters

A kernel trusts its arguments: a wrong length is memory corruption on a device that other work shares. The contract is \
what stands between.

## How to fix

Register the kernel with a contract, remove it from the sources and lock them anew, or declare whose contract covers it.

## Requirements

S1.9
";

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
    let kernels = context.policy().kernels.as_ref();
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
                            "Kernel `{entry}` of `{}` has no contract: no run registered it",
                            found.path
                        ),
                        Some(kernel) => {
                            format!("Kernel `{entry}` is declared a variant of `{kernel}`, which no run registered")
                        }
                    };
                    let line = place::line(&found.text, unit.as_str(), &arch.to_string(), Some(entry));
                    findings.push(
                        Finding::blocking(Stage::Controlled, message)
                            .help("register it with a contract, or declare under `variants` whose contract covers it")
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
                Stage::Controlled,
                format!("No kernel lock has `{variant}`, a declared variant of `{kernel}`"),
            )
            .help("take it out of `variants`"),
        );
    }
    findings
}
