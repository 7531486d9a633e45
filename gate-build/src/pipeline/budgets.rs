//! What kernels take of the hardware beside their budgets.

use std::fs;
use std::path::PathBuf;

use crate::built::BuiltUnit;
use crate::diagnostic::{Diagnostic, Id};
use crate::error::Error;
use crate::kernels::Kernels;
use crate::resources::Ptxas;
use crate::sorted::{Append as _, Set};

/// Compares what kernels take of the hardware with their budgets. Returns warnings about what could not be compared.
///
/// # Errors
/// A budget is exceeded, names a kernel that nobody has, or ptxas refuses the text.
pub(super) fn compare(
    kernels: &Kernels,
    units: &[BuiltUnit],
    ptxas: Option<&(Ptxas, PathBuf)>,
) -> Result<Vec<Diagnostic>, Error> {
    if kernels.budgets.is_empty() {
        return Ok(Vec::new());
    }
    let Some((ptxas, cache)) = ptxas else {
        return Ok(vec![
            Diagnostic::warning(Id::BudgetUnchecked, "budgets were not checked: ptxas not found")
                .help("install a CUDA toolkit; `cargo gate` checks budgets against the lock"),
        ]);
    };
    let mut problems = Vec::new();
    let mut found = Set::new();
    for unit in units {
        for image in &unit.images {
            let text = fs::read_to_string(&image.ptx).map_err(Error::io("cannot read", &image.ptx))?;
            // A text that declares none of them needs no ptxas.
            if !kernels
                .budgets
                .keys()
                .any(|kernel| text.contains(&format!(".entry {kernel}")))
            {
                continue;
            }
            let facts = ptxas.examine(&text, Some(cache)).map_err(|error| {
                Error::Kernels(vec![
                    Diagnostic::error(Id::PtxasFailed, error.to_string()).unit(unit.name.as_str()),
                ])
            })?;
            for (kernel, budget) in &kernels.budgets {
                let Some(usage) = facts.usages.get(kernel) else {
                    continue;
                };
                found.insert(kernel);
                problems.append_all(budget.exceeded_by(usage).into_iter().map(|excess| {
                    Diagnostic::error(
                        Id::BudgetExceeded,
                        format!("kernel `{kernel}` for {} exceeds its budget: {excess}", image.arch),
                    )
                    .unit(unit.name.as_str())
                    .help("reduce the kernel's resource use, or raise its `.budget(…)` in build.rs")
                }));
            }
        }
    }
    for kernel in kernels.budgets.keys().filter(|kernel| !found.contains(kernel)) {
        problems.push(
            Diagnostic::error(Id::BudgetUnknownKernel, format!("budget for unknown kernel `{kernel}`"))
                .help("correct `.budget(…)` in build.rs; for C++ kernels, use the mangled name in the PTX"),
        );
    }
    if problems.is_empty() {
        Ok(Vec::new())
    } else {
        Err(Error::Kernels(problems))
    }
}
