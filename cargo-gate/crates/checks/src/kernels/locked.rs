//! `kernels.locked`: kernel locks match their sources and PTX files.

use gate_build::lock::{LOCK_FILE, LockProblem, RELOCK};

use gate_base::stage::Stage;
use gate_gpu::kernels::LockedCrate;
use gate_report::{Dimension, Finding, Location};
use gate_world::files::FileList;

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::FileNames, input::KernelLocks);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.locked",
    summary: "Kernel locks match the kernel sources and their PTX files",
    docs: include_str!("locked.md"),
    dimension: Dimension::Integrity,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.kernel_locks().is_empty() {
        Applies::No(format!("no member has a `{LOCK_FILE}`"))
    } else {
        Applies::Yes
    }
}

fn run(context: &Context<'_>) -> Judgement {
    Judgement::Findings(judge(&context.kernel_locks(), context.files()))
}

fn judge(crates: &[LockedCrate], files: &FileList) -> Vec<Finding> {
    let in_git = files.iter().any(|file| file.tracked);
    let mut findings = Vec::new();
    for found in crates {
        findings.extend(found.problems.iter().map(problem));
        let named = found
            .lock
            .iter()
            .flat_map(|lock| lock.units.values())
            .flat_map(|unit| unit.images.values());
        let named = named.map(|image| gate_base::paths::join(&found.directory, &image.ptx));
        for path in std::iter::once(found.path.clone()).chain(named) {
            if in_git && files.get(&path).is_some_and(|file| !file.tracked) {
                findings.push(
                    Finding::blocking(CHECK.blocks_at, format!("`{path}` is not tracked by git"))
                        .help(format!("`git add {path}`"))
                        .at(Location::file(&path)),
                );
            }
        }
        for path in &found.stray {
            findings.push(
                Finding::advice(format!("no image of `{}` refers to `{path}`", found.path))
                    .help(format!("remove it with `{RELOCK}`"))
                    .at(Location::file(path)),
            );
        }
    }
    findings
}

fn problem(problem: &LockProblem) -> Finding {
    let LockProblem {
        file,
        line,
        message,
        help,
        ..
    } = problem;
    let location = match line.and_then(|line| u32::try_from(line).ok()) {
        Some(line) => Location::line(file, line),
        None => Location::file(file),
    };
    Finding::blocking(CHECK.blocks_at, format!("`{file}`: {message}"))
        .help(help)
        .at(location)
}
