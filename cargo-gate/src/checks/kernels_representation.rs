//! `kernels.representation`: parameters of locked kernels cross as the policy says.

use std::collections::BTreeSet;

use gate_build::ptx::representation::{Representation, representations};

use crate::base::stage::Stage;
use crate::policy::RepresentationPolicy;
use crate::report::{Dimension, Finding};

use super::images::{Image, images};
use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.representation",
    summary: "Parameters of locked kernels cross to the device as the policy says",
    docs: DOCS,
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 1,
    inputs: &[Input::Cargo, Input::KernelLocks, Input::PolicyKernels],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

Decides from the PTX of every `kernels.lock` how each parameter crosses from the host to the device: by its type, and by \
what the kernel does with it. Decisions that the policy does not list are findings:

```toml
[kernels.representation]
allow = [\"scalar_copied\", \"buffer_read\", \"buffer_written\"]

[[kernels.representation.exception]]
kernel = \"gather_f32\"
parameter = 2
decision = \"aggregate_unfollowed\"
reason = \"four strides, no address\"
```

| decision | passing | address needed | reusable while the launch runs | when |
| --- | --- | --- | --- | --- |
| `scalar_copied` | copied | no | yes | a number that no memory access goes through |
| `aggregate_copied` | copied | no | yes | a structure of less than 8 bytes |
| `aggregate_unfollowed` | shared | yes | no | a structure that has room for addresses: they are not followed |
| `buffer_read` | borrowed | yes | yes | memory that the kernel loads from |
| `buffer_written` | borrowed mutably | yes | no | memory that the kernel stores to |
| `buffer_untouched` | borrowed | no | yes | a pointer that the kernel does not use |
| `pointer_escapes` | shared | yes | no | an address that the kernel stores or hands to a function |
| `opaque_handle` | borrowed | no | yes | a texture, sampler or surface |

The host owns all of it, before and after. An exception that does not say what the kernel does is a finding as well. It \
applies where the table is declared.

## Why it matters

A pointer that a kernel keeps, or a buffer that it writes although nobody expects that, is a fault that shows up \
somewhere else, later. Which parameters are lent, for how long and for what, is the contract between host and device.

## How to fix

Change the kernel, allow the decision for all parameters with `allow`, or for one with an exception and its reason. \
`cargo gate kernels inspect` shows the parameters.

## Requirements

S1.60
";

fn applies(context: &Context<'_>) -> Applies {
    match policy(context) {
        None => Applies::No("`[kernels.representation]` is not declared".into()),
        Some(_) => Applies::Yes,
    }
}

fn policy<'a>(context: &Context<'a>) -> Option<&'a RepresentationPolicy> {
    context.policy().kernels.as_ref()?.representation.as_ref()
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
        let message = "A policy for parameters is declared, and there is no kernel lock";
        let help = "lock the kernels with `cargo gate kernels lock`, or remove `[kernels.representation]`";
        findings.push(blocking(message.into()).help(help).at(policy.location.clone()));
    }
    let mut said: BTreeSet<(&str, usize, Representation)> = BTreeSet::new();
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
                } else if !policy.allow.contains(&decision) && said.insert((&entry.name, index, decision)) {
                    findings.push(
                        blocking(format!(
                            "Parameter {index} of `{}` is `{decision}` ({}), which the policy does not allow",
                            entry.name,
                            decision.passing().name()
                        ))
                        .help(format!(
                            "change the kernel, or add `[[kernels.representation.exception]]` with `decision = \"{decision}\"` and its reason"
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
                "Parameter {} of `{}` is not `{}` in any kernel lock",
                exception.parameter, exception.kernel, exception.decision
            ))
            .help("correct the exception, or remove it")
            .at(exception.location.clone())
            .because(Some(exception.location.clone())),
        );
    }
    findings
}
