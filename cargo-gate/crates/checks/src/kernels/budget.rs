//! `kernels.budget`: kernels take no more of the hardware than they may.

use gate_build::lock::{KernelLock, RELOCK};
use gate_build::resources::{Budget, Excess, Ratchet, Usage};

use gate_base::stage::Stage;
use gate_gpu::kernels::{LockedCrate, place};
use gate_policy::KernelPolicy;
use gate_report::{Dimension, Finding, Location, Reason};

use crate::ratchet::{Previous, inconclusive_unless, previous, unix_lines};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::KernelLocks,
    // The previous version of a lock is a function of the commit.
    input::GitHead,
    KernelPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.budget",
    summary: "Kernels stay within their budgets of registers, spills and memory",
    docs: include_str!("budget.md"),
    dimension: Dimension::Performance,
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let declared = context
        .section::<KernelPolicy>()
        .as_ref()
        .is_some_and(|kernels| !kernels.budgets.is_empty());
    let has_report = |lock: &KernelLock| {
        let mut images = lock.units.values().flat_map(|unit| unit.images.values());
        !lock.budgets.is_empty() || images.any(|image| image.ptxas.is_some())
    };
    // What cannot be understood may hold a budget.
    if declared
        || context
            .kernel_locks()
            .iter()
            .any(|found| found.lock.as_ref().is_none_or(has_report))
    {
        Applies::Yes
    } else {
        Applies::No("there is no kernel lock with a ptxas report or a budget".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let crates = context.kernel_locks();
    if let Some(found) = crates.iter().find(|found| found.lock.is_none()) {
        return Judgement::Inconclusive(
            Reason::new(
                "unreadable_lock",
                format!("cannot parse `{}`; see `kernels.locked`", found.path),
            )
            .help(format!(
                "restore it from version control, or regenerate it with `{RELOCK}`"
            )),
        );
    }
    let mut unknown = None;
    let mut findings = policy_findings(context.section::<KernelPolicy>().as_ref(), &crates);
    for found in &crates {
        let before = match context.kernel_lock_history() {
            Some(git) => previous(git, &found.path, &unix_lines(found.text.as_bytes())),
            None => Previous::None,
        };
        let before = match before {
            Previous::Bytes(bytes) => String::from_utf8(bytes)
                .ok()
                .and_then(|text| KernelLock::parse(&text).ok()),
            Previous::None => None,
            Previous::Unknown(reason) => {
                unknown.get_or_insert(reason);
                None
            }
        };
        findings.extend(judge(
            context.section::<KernelPolicy>().as_ref(),
            found,
            before.as_ref(),
        ));
    }
    match unknown {
        Some(reason) => inconclusive_unless(findings, reason),
        None => Judgement::Findings(findings),
    }
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

/// Budgets of the policy for kernels that no lock has.
fn policy_findings(policy: Option<&KernelPolicy>, crates: &[LockedCrate]) -> Vec<Finding> {
    let locks = || crates.iter().filter_map(|found| found.lock.as_ref());
    let has = |kernel: &str| locks().any(|lock| entries(lock).any(|entry| entry.name == kernel));
    let budgets = policy.into_iter().flat_map(|policy| &policy.budgets);
    let unknown = budgets.filter(|budget| !has(&budget.kernel));
    let finding = |budget: &gate_policy::KernelBudget| {
        blocking(format!(
            "budget for unknown kernel `{}`: no kernel lock has it",
            budget.kernel
        ))
        .help("correct `kernel`, or lock the kernel with `cargo gate kernels lock`")
        .at(budget.location.clone())
        .because(Some(budget.location.clone()))
    };
    unknown.map(finding).collect()
}

/// An entry of a lock with its place.
struct EntryOf<'a> {
    unit: &'a str,
    arch: String,
    name: &'a str,
    usage: Option<&'a Usage>,
}

fn entries(lock: &KernelLock) -> impl Iterator<Item = EntryOf<'_>> {
    lock.units.iter().flat_map(|(unit, locked)| {
        locked.images.iter().flat_map(move |(arch, image)| {
            image.entries.iter().map(move |(name, entry)| EntryOf {
                unit: unit.as_str(),
                arch: arch.to_string(),
                name,
                usage: entry.usage.as_ref(),
            })
        })
    })
}

fn judge(policy: Option<&KernelPolicy>, found: &LockedCrate, before: Option<&KernelLock>) -> Vec<Finding> {
    let Some(lock) = &found.lock else { return Vec::new() };
    let mut findings = Vec::new();
    for kernel in lock
        .budgets
        .keys()
        .filter(|kernel| !entries(lock).any(|entry| entry.name == **kernel))
    {
        findings.push(
            blocking(format!(
                "`{}` has a budget for a kernel `{kernel}` that it does not contain",
                found.path
            ))
            .help("correct `.budget(…)` in the build script, and lock the kernels with `cargo gate kernels lock`")
            .at(Location::file(&found.path)),
        );
    }
    for entry in entries(lock) {
        let place = || match place::line(&found.text, entry.unit, &entry.arch, Some(entry.name)) {
            Some(line) => Location::line(&found.path, line),
            None => Location::file(&found.path),
        };
        let declared = policy
            .into_iter()
            .flat_map(|policy| &policy.budgets)
            .filter(|budget| budget.kernel == entry.name);
        let declared = declared.map(|budget| (budget.budget(), Some(budget.location.clone())));
        let budgets: Vec<(Budget, Option<Location>)> = lock
            .budgets
            .get(entry.name)
            .map(|budget| (*budget, None))
            .into_iter()
            .chain(declared)
            .collect();
        let Some(usage) = entry.usage else {
            if let Some((_, location)) = budgets.into_iter().next() {
                findings.push(
                    blocking(format!(
                        "kernel `{}` for {} has a budget but no ptxas report",
                        entry.name, entry.arch
                    ))
                    .help(format!("`{RELOCK}` on a machine with ptxas"))
                    .at(place())
                    .because(location),
                );
            }
            continue;
        };
        for (budget, location) in &budgets {
            for excess in budget.exceeded_by(usage) {
                findings.push(
                    blocking(format!(
                        "kernel `{}` for {} exceeds its budget: {excess}",
                        entry.name, entry.arch
                    ))
                    .help("change the kernel or its launch bounds, or raise the budget")
                    .at(place())
                    .because(location.clone()),
                );
            }
        }
        if budgets.is_empty() {
            let locked = before.and_then(|before| {
                entries(before)
                    .find(|old| old.unit == entry.unit && old.arch == entry.arch && old.name == entry.name)?
                    .usage
            });
            let grown = locked
                .map(|locked| Ratchet { locked }.exceeded_by(usage))
                .unwrap_or_default();
            findings.extend(grown.into_iter().map(|excess| {
                let Excess { limit, taken, most } = excess;
                let unit = limit.unit();
                blocking(format!(
                    "kernel `{}` for {} grew: {} {taken}{unit}, was {most}",
                    entry.name,
                    entry.arch,
                    limit.name()
                ))
                .help("change the kernel, or declare its budget with `[[kernels.budget]]` in gate.toml")
                .at(place())
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, findings_text};
    use gate_policy::KernelBudget;

    fn lock(registers: u32, budget: &str) -> LockedCrate {
        let text = format!(
            "version = 1\n{budget}\n[[image]]\nunit = \"k.cu\"\narch = \"sm_80\"\ncompiler = \"nvcc 13.0.1\"\nflags = []\nisa = \"7.0\"\n\
             ptx = \"ptx/k.cu.sm_80.ptx\"\nptx-digest = \"{0}\"\nnormalised-digest = \"{0}\"\nsource-fingerprint = \"{1}\"\n\n\
             [image.sources]\n\n[[image.entry]]\nname = \"f\"\nparams = []\n\n[[image.entry]]\nname = \"g\"\nparams = []\n",
            "0".repeat(64),
            gate_build::lock::source_fingerprint(&gate_build::Map::new()),
        );
        let mut lock = KernelLock::parse(&text).expect("a lock");
        let images = lock.units.iter_mut().flat_map(|(_, unit)| unit.images.iter_mut());
        for (_, image) in images {
            image.ptxas = Some("13.0.1".to_owned());
            let entry = image.entries.get_mut("f").expect("an entry");
            entry.usage = Some(Usage {
                registers,
                shared: 64,
                constant: 9,
                ..Usage::default()
            });
        }
        let text = lock.to_toml();
        LockedCrate {
            directory: "crates/k".into(),
            path: "crates/k/kernels.lock".into(),
            lock: Some(KernelLock::parse(&text).expect("a lock")),
            text,
            problems: Vec::new(),
            stray: Vec::new(),
        }
    }

    fn policy(kernel: &str, limits: &[(&'static str, u32)]) -> KernelPolicy {
        KernelPolicy {
            reproducible: false,
            path: None,
            variants: std::collections::BTreeMap::new(),
            workloads: std::collections::BTreeMap::new(),
            semantics: Vec::new(),
            known_deltas: Vec::new(),
            representation: None,
            source_map: None,
            scopes: Vec::new(),
            budgets: vec![KernelBudget {
                kernel: kernel.into(),
                limits: limits.to_vec(),
                location: Location::line("gate.toml", 7),
            }],
            location: Location::line("gate.toml", 6),
        }
    }

    #[test]
    fn a_lock_that_cannot_be_understood_is_inconclusive() {
        let mut world = World::new();
        world.texts(&[("Cargo.toml", ""), ("kernels.lock", "version = [\n")]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        inconclusive (unreadable_lock): cannot parse `kernels.lock`; see `kernels.locked`
          help: restore it from version control, or regenerate it with `cargo gate kernels lock`
        ");
        world.texts(&[("Cargo.toml", "")]);
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: there is no kernel lock with a ptxas report or a budget");
    }

    #[test]
    fn a_budget_is_kept_wherever_it_is_declared() {
        let found = lock(40, "\n[[budget]]\nkernel = \"f\"\nlimits = { registers = 32 }\n");
        assert_eq!(
            findings_text(&judge(Some(&policy("f", &[("shared", 64)])), &found, None))
                .lines()
                .count(),
            2
        );
        insta::assert_snapshot!(findings_text(&judge(
            Some(&policy("f", &[("shared", 0), ("spills", 0)])),
            &found,
            None
        )));
    }

    #[test]
    fn what_cannot_be_judged_is_a_finding() {
        let found = lock(40, "\n[[budget]]\nkernel = \"h\"\nlimits = { registers = 32 }\n");
        let mut findings = judge(Some(&policy("g", &[("registers", 255)])), &found, None);
        findings.extend(policy_findings(Some(&policy("i", &[])), std::slice::from_ref(&found)));
        insta::assert_snapshot!(findings_text(&findings));
    }

    #[test]
    fn nothing_without_a_budget_grows() {
        let (before, after) = (lock(40, ""), lock(41, ""));
        insta::assert_snapshot!(findings_text(&judge(None, &after, before.lock.as_ref())));
        assert!(judge(None, &before, after.lock.as_ref()).is_empty(), "less is fine");
        let allowed = policy("f", &[("registers", 41)]);
        assert!(
            judge(Some(&allowed), &after, before.lock.as_ref()).is_empty(),
            "a budget goes before the ratchet"
        );
    }
}
