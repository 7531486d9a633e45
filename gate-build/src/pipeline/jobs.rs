//! What is compiled for which architectures with which flags, once the compilers are known.

use super::plan::Plan;
use crate::arch::{Arch, Reach};
use crate::compiler::Compiler;
use crate::diagnostic::{Diagnostic, Id};
use crate::headers::Located;
use crate::product::{Product, gencodes};
use crate::sorted::{Append as _, List as _, Set};
use crate::unit::{Language, Unit};

/// One compilation.
pub(super) struct Job<'a> {
    pub unit: &'a Unit,
    /// The architecture, or the oldest of several.
    pub arch: Arch,
    /// As the lock keeps them: the same on every machine.
    pub flags: Vec<String>,
    /// With folders of libraries of headers.
    pub all_flags: Vec<String>,
}

/// Every compilation of a plan, and what to say about architectures that these compilers do not know. For the lock, nothing else is compiled than what
/// build.rs names.
pub(super) fn of<'a>(
    plan: &'a Plan,
    product: &Product,
    cuda: &[Box<dyn Compiler + '_>],
    headers: &[Located],
    is_for_lock: bool,
) -> (Vec<Job<'a>>, Vec<Diagnostic>) {
    let mut known: Vec<Arch> = cuda.first().map(|compiler| compiler.archs()).unwrap_or_default();
    crate::sorted::sort(&mut known);
    let name = cuda
        .first()
        .map(|compiler| compiler.identity().to_string())
        .unwrap_or_default();
    let folders = headers.iter().flat_map(|located| &located.folders);
    let folders: Vec<String> = folders.map(|folder| format!("-isystem={}", folder.display())).list();
    let job = |unit, arch, flags: Vec<String>| Job {
        unit,
        arch,
        all_flags: flags.iter().chain(&folders).cloned().list(),
        flags,
    };
    let mut jobs = Vec::new();
    let mut said = Set::new();
    for unit in &plan.units {
        let targets = plan.targets(unit);
        let mut archs: Set<Arch> = targets.archs.iter().copied().collect();
        if targets.all_major {
            if known.is_empty() {
                said.insert(format!(
                    "`all-major` needs a compiler that lists its architectures: compiling for {}",
                    Arch::DEFAULT
                ));
                archs.insert(Arch::DEFAULT);
            }
            archs.extend(all_major(&known));
        }
        let is_cuda = unit.language == Language::Cuda;
        let steps = is_cuda && !is_for_lock && product.runs_onward();
        let archs: Set<Arch> = archs
            .into_iter()
            .map(|arch| match step_down(arch, &known).filter(|_| steps) {
                Some(older) => {
                    said.insert(format!(
                        "{name} does not know {arch}: compiling for {older}, which runs there"
                    ));
                    older
                }
                None => arch,
            })
            .collect();
        let archs: Vec<Arch> = archs.into_iter().list();
        if product.is_merged() {
            let Some(&arch) = archs.first() else { continue };
            let mut flags = plan.flags(unit, arch);
            let optimises = crate::product::Linking::of(&flags).optimises;
            // `code=lto_80` says it for each architecture, and nvcc takes only one of the two.
            flags.retain(|flag| !crate::product::is_lto(flag));
            flags.append_all(gencodes(&archs, optimises));
            jobs.push(job(unit, arch, flags));
        } else {
            jobs.append_all(archs.into_iter().map(|arch| job(unit, arch, plan.flags(unit, arch))));
        }
    }
    let warnings = said.into_iter().map(|what| {
        Diagnostic::warning(Id::ArchUnsupported, what)
            .help("install a later CUDA toolkit, or name an architecture that it knows with `.arch(…)` in build.rs")
    });
    (jobs, warnings.list())
}

/// The first architecture, and each that begins a major version.
fn all_major(known: &[Arch]) -> impl Iterator<Item = Arch> + '_ {
    let plain = known.iter().copied().filter(|arch| arch.reach() == Reach::Onward);
    let begins = plain.clone().filter(|arch| arch.number() % 10 == 0);
    plain.take(1).chain(begins)
}

/// The latest architecture that is known, where the one that is wanted is later than all of them.
fn step_down(wanted: Arch, known: &[Arch]) -> Option<Arch> {
    let latest = known
        .iter()
        .copied()
        .filter(|arch| arch.reach() == Reach::Onward)
        .max()?;
    (wanted.reach() == Reach::Onward && wanted.number() > latest.number()).then_some(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_later_than_all_is_stepped_down() {
        let known = [75, 80, 86, 90].map(Arch::new);
        assert_eq!(step_down(Arch::new(120), &known), Some(Arch::new(90)));
        for wanted in ["86", "70", "72", "120a", "90"] {
            assert_eq!(step_down(wanted.parse().unwrap(), &known), None, "{wanted}");
        }
        assert_eq!(step_down(Arch::new(120), &[]), None);
    }

    #[test]
    fn majors_are_the_first_and_those_that_begin_one() {
        let known = [75, 80, 86, 90, 100, 103, 120].map(Arch::new);
        let majors: Vec<u32> = all_major(&known).map(Arch::number).collect();
        assert_eq!(majors, [75, 80, 90, 100, 120]);
    }
}
