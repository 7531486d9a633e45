//! `kernels.reproducible`: compilers make the locked PTX again.

use gate_build::lock::RELOCK;

use gate_base::stage::Stage;
use gate_gpu::kernels::rebuild::{NoRecord, Rebuild, Rebuilt};
use gate_policy::KernelPolicy;
use gate_report::{Dimension, Finding, Location, Reason};

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::KernelLocks, input::KernelRebuild, KernelPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.reproducible",
    summary: "Compilers reproduce the locked PTX, byte for byte after normalization",
    docs: include_str!("reproducible.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context
        .section::<KernelPolicy>()
        .as_ref()
        .is_some_and(|kernels| kernels.reproducible)
    {
        Applies::Yes
    } else {
        Applies::No("`reproducible` is not declared under `[kernels]`".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let crates = context.kernel_locks();
    let Some(first) = crates.first() else {
        return Judgement::NotRun(
            Reason::new("no_lock", "there is no kernel lock")
                .help(format!("`{RELOCK}`, or remove `reproducible` from gate.toml")),
        );
    };
    judge(context.kernel_rebuild(), &first.path)
}

fn judge(record: Result<Rebuild, NoRecord>, lock: &str) -> Judgement {
    let not_run = |code: &str, message: &str| {
        Judgement::NotRun(Reason::new(code, message).help("`cargo gate kernels verify --rebuild`"))
    };
    let record = match record {
        Ok(record) => record,
        Err(NoRecord::Never) => {
            return not_run("not_rebuilt", "the locked kernels were not rebuilt in this workspace");
        }
        Err(NoRecord::Outdated) => {
            return not_run(
                "rebuild_outdated",
                "the lock or its sources changed since the kernels were rebuilt",
            );
        }
        Err(NoRecord::Unreadable) => return not_run("rebuild_unreadable", "cannot read the record of the rebuild"),
    };
    match record.rebuilt {
        Rebuilt::Same => Judgement::Findings(Vec::new()),
        Rebuilt::Impossible => {
            let said = record
                .messages
                .first()
                .map_or_else(String::new, |message| format!(": {}", message.trim()));
            not_run("cannot_rebuild", &format!("cannot compile the locked kernels{said}"))
        }
        Rebuilt::Different => Judgement::Findings(
            record
                .messages
                .iter()
                .map(|message| {
                    Finding::blocking(
                        CHECK.blocks_at,
                        format!("the locked PTX is not reproducible: {message}"),
                    )
                    .help(format!("find the difference, or regenerate the lock with `{RELOCK}`"))
                    .at(Location::file(lock))
                })
                .collect(),
        ),
    }
}
