//! `kernels.representation`: parameters of locked kernels cross as the policy says.

use std::collections::BTreeSet;

use gate_build::ptx::representation::{Representation, representations};

use gate_base::stage::Stage;
use gate_policy::{KernelPolicy, RepresentationPolicy};
use gate_report::{Dimension, Finding};

use super::images::{Image, images};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::KernelLocks, KernelPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.representation",
    summary: "Parameters of locked kernels are passed to the device as the policy declares",
    docs: include_str!("representation.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match policy(context) {
        None => Applies::No("`[kernels.representation]` is not declared".into()),
        Some(_) => Applies::Yes,
    }
}

fn policy<'a>(context: &Context<'a>) -> Option<&'a RepresentationPolicy> {
    context.section::<KernelPolicy>().as_ref()?.representation.as_ref()
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = policy(context) else {
        return Judgement::Findings(Vec::new());
    };
    let crates = context.kernel_locks();
    match images(context, &crates) {
        Ok(images) => Judgement::Findings(judge(policy, &images)),
        Err(judgement) => judgement,
    }
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

fn judge(policy: &RepresentationPolicy, images: &[Image<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if images.is_empty() {
        let message = "`[kernels.representation]` is declared, but there is no kernel lock";
        let help = "lock the kernels with `cargo gate kernels lock`, or remove `[kernels.representation]`";
        findings.push(blocking(message.into()).help(help).at(policy.location.clone()));
    }
    let mut said: BTreeSet<(&str, usize, Representation)> = BTreeSet::new();
    let mut needed: BTreeSet<Representation> = BTreeSet::new();
    let mut exceptions: Vec<_> = policy.exceptions.iter().map(|exception| (exception, false)).collect();
    for image in images {
        for entry in &image.module.entries {
            for (index, decision) in representations(&image.text, entry).into_iter().enumerate() {
                let exception = exceptions
                    .iter_mut()
                    .find(|(exception, _)| exception.kernel == entry.name && exception.parameter == index)
                    .filter(|(exception, _)| exception.decision == decision);
                if let Some((_, met)) = exception {
                    *met = true;
                } else if policy.allow.contains(&decision) {
                    needed.insert(decision);
                } else if said.insert((&entry.name, index, decision)) {
                    findings.push(
                        blocking(format!(
                            "parameter {index} of `{}` is `{decision}` ({}), which the policy does not allow",
                            entry.name,
                            decision.passing().name()
                        ))
                        .help(format!(
                            "change the kernel, or add `[[kernels.representation.exception]]` with `decision = \
                             \"{decision}\"` and a reason"
                        ))
                        .at(image.place(&entry.name))
                        .because(Some(policy.location.clone())),
                    );
                }
            }
        }
    }
    for (exception, _) in exceptions.into_iter().filter(|(_, met)| !met) {
        findings.push(
            blocking(format!(
                "parameter {} of `{}` is not `{}` in any kernel lock",
                exception.parameter, exception.kernel, exception.decision
            ))
            .help("correct the exception, or remove it")
            .at(exception.location.clone())
            .because(Some(exception.location.clone())),
        );
    }
    // A permission that stays would cover what is written later.
    let unneeded = policy.allow.iter().filter(|decision| !needed.contains(decision));
    for decision in unneeded.filter(|_| !images.is_empty()) {
        let message = format!("`allow` of `[kernels.representation]` has `{decision}`, and no parameter needs it");
        findings.push(
            Finding::advice(message)
                .help("remove it from `allow`")
                .at(policy.location.clone())
                .because(Some(policy.location.clone())),
        );
    }
    findings
}
