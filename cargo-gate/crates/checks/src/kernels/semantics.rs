//! `kernels.semantics`: backends compute as they are declared to, and differ only in what is known.

use std::collections::BTreeSet;

use gate_build::ptx::Roots;
use gate_build::ptx::arithmetic::{Instances, Trait, traits};
use gate_build::ptx::source_map::SourceMap;

use gate_base::paths::join;
use gate_base::stage::Stage;
use gate_policy::{
    BackendSemantics, Comparison, ConformancePolicy, Denormals, Fma, KernelPolicy, KnownDelta, ReductionOrder,
    Rounding, SemanticProperty, pattern,
};
use gate_report::{Change, Dimension, Finding, Location, Remedy};

use super::images::{Image, images};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::KernelLocks, KernelPolicy, ConformancePolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.semantics",
    summary: "Backends compute as declared, and differ only in known ways",
    docs: include_str!("semantics.md"),
    dimension: Dimension::Determinism,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("removes known deltas whose results agree"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let declared = |kernels: &KernelPolicy| !kernels.semantics.is_empty();
    if context.section::<KernelPolicy>().as_ref().is_some_and(declared) {
        Applies::Yes
    } else {
        Applies::No("`[[kernels.semantics]]` is not declared".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(kernels) = context.section::<KernelPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings: Vec<Finding> = kernels.semantics.iter().flat_map(open_bits).collect();
    findings.extend(differences(kernels));
    let conforming = context
        .section::<ConformancePolicy>()
        .iter()
        .flat_map(|policy| &policy.backends);
    for backend in conforming.filter(|backend| kernels.semantics.iter().all(|other| other.backend != backend.name)) {
        findings.push(
            blocking(format!(
                "backend `{}` of the conformance matrix has no declared semantics",
                backend.name
            ))
            .help(format!(
                "add `[[kernels.semantics]]` with `backend = \"{}\"`",
                backend.name
            ))
            .at(backend.location.clone())
            .because(Some(kernels.location.clone())),
        );
    }
    let compiled: Vec<&BackendSemantics> = kernels.semantics.iter().filter(|one| one.locked_ptx).collect();
    if !compiled.is_empty() {
        let crates = context.kernel_locks();
        let images = match images(context, &crates) {
            Ok(images) => images,
            Err(judgement) => return judgement,
        };
        findings.extend(compiled.into_iter().flat_map(|semantics| held(semantics, &images)));
    }
    Judgement::Findings(findings)
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

/// Rules that leave bits open, where bits are compared.
fn open_bits(semantics: &BackendSemantics) -> Vec<Finding> {
    if semantics.comparison != Comparison::Bitwise {
        return Vec::new();
    }
    let open = SemanticProperty::ALL.into_iter().filter(|property| match property {
        SemanticProperty::Rounding => semantics.rounding == Rounding::Unspecified,
        SemanticProperty::Fma => semantics.fma == Fma::Contracted,
        SemanticProperty::Denormals => semantics.denormals == Denormals::Unspecified,
        SemanticProperty::ReductionOrder => semantics.reduction_order == ReductionOrder::Unspecified,
        SemanticProperty::Sort | SemanticProperty::Nan => false,
    });
    let finding = |property: SemanticProperty| {
        blocking(format!(
            "`{}` is compared bitwise, but `{} = \"{}\"` does not determine every bit",
            semantics.backend,
            property.name(),
            semantics.value(property)
        ))
        .help("compare by `ulp` or `tolerance`, or declare a stricter rule")
        .at(semantics.location.clone())
        .because(Some(semantics.location.clone()))
    };
    open.map(finding).collect()
}

/// Differences that nobody knows of, and known ones that are none.
fn differences(kernels: &KernelPolicy) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known: Vec<(&KnownDelta, bool)> = kernels.known_deltas.iter().map(|delta| (delta, false)).collect();
    for (at, one) in kernels.semantics.iter().enumerate() {
        for other in kernels.semantics.iter().skip(at + 1) {
            for property in SemanticProperty::ALL {
                let (of_one, of_other) = (one.value(property), other.value(property));
                // Where nothing is sorted, there is nothing to differ in.
                let unsorted = property == SemanticProperty::Sort && [of_one, of_other].contains(&"none");
                if of_one == of_other || unsorted {
                    continue;
                }
                let about = |(delta, _): &&mut (&KnownDelta, bool)| {
                    delta.property == property
                        && [&delta.backend, &delta.against].contains(&&one.backend)
                        && [&delta.backend, &delta.against].contains(&&other.backend)
                };
                if let Some((_, used)) = known.iter_mut().find(about) {
                    *used = true;
                    continue;
                }
                findings.push(
                    blocking(format!(
                        "`{}` and `{}` differ in {}: `{}` and `{}`",
                        one.backend,
                        other.backend,
                        property.name(),
                        of_one,
                        of_other
                    ))
                    .help(format!(
                        "add `[[kernels.known-delta]]` with `property = \"{}\"` and a reason",
                        property.name()
                    ))
                    .at(other.location.clone())
                    .because(Some(other.location.clone())),
                );
            }
        }
    }
    for (delta, _) in known.into_iter().filter(|(_, used)| !used) {
        let (one, other) = (&delta.backend, &delta.against);
        findings.push(
            blocking(format!(
                "`{one}` and `{other}` do not differ in {}",
                delta.property.name()
            ))
            .help("remove the known delta")
            .remedy(Remedy::new("remove the known delta", [Change::remove(&delta.location)]))
            .at(delta.location.clone())
            .because(Some(delta.location.clone())),
        );
    }
    findings
}

/// What the locked PTX does against the declaration.
fn held(semantics: &BackendSemantics, images: &[Image<'_>]) -> Vec<Finding> {
    let because = |finding: Finding| finding.because(Some(semantics.location.clone()));
    let mut findings = Vec::new();
    if images.is_empty() {
        let message = format!(
            "`{}` executes locked PTX, but there is no kernel lock",
            semantics.backend
        );
        let help = "lock the kernels with `cargo gate kernels lock`, or remove `locked-ptx`";
        findings.push(because(blocking(message).help(help).at(semantics.location.clone())));
        return findings;
    }
    let entries = || images.iter().flat_map(|image| &image.module.entries);
    for unused in semantics
        .fma_kernels
        .iter()
        .filter(|wanted| !entries().any(|entry| pattern::matches(wanted, &entry.name)))
    {
        let message = format!("unknown kernel `{unused}` in `fma-kernels`: no kernel lock has it");
        findings.push(because(
            blocking(message).help("remove it").at(semantics.location.clone()),
        ));
    }
    // A kernel that was compiled for several architectures is said once.
    let mut said: BTreeSet<(String, Trait)> = BTreeSet::new();
    for image in images {
        let mut map = None;
        for entry in &image.module.entries {
            for (found, instances) in traits(&image.text, entry) {
                let Some(declared) = against(semantics, found, &entry.name) else {
                    continue;
                };
                if !said.insert((entry.name.clone(), found)) {
                    continue;
                }
                let map = map.get_or_insert_with(|| SourceMap::parse(&image.text, &Roots::default()).ok());
                findings.push(because(broken(
                    image,
                    &entry.name,
                    found,
                    &instances,
                    &declared,
                    map.as_ref(),
                )));
            }
        }
    }
    findings
}

fn broken(
    image: &Image<'_>,
    kernel: &str,
    found: Trait,
    instances: &Instances,
    declared: &str,
    map: Option<&SourceMap>,
) -> Finding {
    let more = match instances.count {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let finding = blocking(format!(
        "kernel `{kernel}` has `{}`{more}, which {}, contrary to {declared}",
        instances.opcode,
        found.meaning()
    ))
    .help("change the kernel or its flags and lock it again, or declare what it does");
    let line = u32::try_from(instances.line).unwrap_or(u32::MAX);
    let finding = finding.at(Location::line(&image.path, line));
    match map.and_then(|map| map.position(instances.line).ok()) {
        Some(position) => finding.at(Location::line(
            join(&image.found.directory, &position.file),
            position.line,
        )),
        None => finding,
    }
}

/// The declaration that an instruction with this trait breaks.
fn against(semantics: &BackendSemantics, found: Trait, kernel: &str) -> Option<String> {
    let listed = || {
        semantics
            .fma_kernels
            .iter()
            .any(|wanted| pattern::matches(wanted, kernel))
    };
    let (property, broken) = match found {
        Trait::Fused => {
            let allowed = match semantics.fma {
                Fma::Never => false,
                Fma::Explicit => listed(),
                Fma::Contracted => true,
            };
            (SemanticProperty::Fma, !allowed)
        }
        Trait::MayBeFused => (SemanticProperty::Fma, semantics.fma != Fma::Contracted),
        Trait::DirectedRounding => (SemanticProperty::Rounding, semantics.rounding == Rounding::NearestEven),
        Trait::Approximate => (
            SemanticProperty::Rounding,
            matches!(semantics.rounding, Rounding::NearestEven | Rounding::Directed),
        ),
        Trait::FlushesSubnormals => (SemanticProperty::Denormals, semantics.denormals == Denormals::Kept),
        Trait::UnorderedSum => (
            SemanticProperty::ReductionOrder,
            semantics.reduction_order == ReductionOrder::Fixed,
        ),
    };
    broken.then(|| format!("`{} = \"{}\"`", property.name(), semantics.value(property)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use gate_contract::testing::findings_text;
    use gate_policy::{NanRule, SortStability};

    fn semantics(backend: &str, line: u32) -> BackendSemantics {
        BackendSemantics {
            backend: backend.into(),
            locked_ptx: false,
            comparison: Comparison::Bitwise,
            rounding: Rounding::NearestEven,
            fma: Fma::Explicit,
            fma_kernels: vec!["matmul_*".into()],
            denormals: Denormals::Kept,
            reduction_order: ReductionOrder::Fixed,
            sort: SortStability::Stable,
            nan: NanRule::Propagated,
            location: Location::line("gate.toml", line),
        }
    }

    #[test]
    fn every_trait_is_held_against_its_property() {
        let strict = semantics("cuda", 1);
        for (found, against_strict) in [
            (Trait::Fused, "`fma = \"explicit\"`"),
            (Trait::MayBeFused, "`fma = \"explicit\"`"),
            (Trait::DirectedRounding, "`rounding = \"nearest-even\"`"),
            (Trait::Approximate, "`rounding = \"nearest-even\"`"),
            (Trait::FlushesSubnormals, "`denormals = \"kept\"`"),
            (Trait::UnorderedSum, "`reduction-order = \"fixed\"`"),
        ] {
            assert_eq!(against(&strict, found, "softmax_f32").as_deref(), Some(against_strict));
            let loose = BackendSemantics {
                rounding: Rounding::Approximate,
                fma: Fma::Contracted,
                denormals: Denormals::Flushed,
                reduction_order: ReductionOrder::Unspecified,
                ..semantics("cuda", 1)
            };
            assert_eq!(against(&loose, found, "softmax_f32"), None);
        }
        assert_eq!(against(&strict, Trait::Fused, "matmul_f32"), None);
        assert!(against(&strict, Trait::MayBeFused, "matmul_f32").is_some());
    }

    #[test]
    fn differences_are_known_or_findings() {
        let cuda = BackendSemantics {
            denormals: Denormals::Flushed,
            sort: SortStability::None,
            nan: NanRule::Ignored,
            ..semantics("cuda", 20)
        };
        let delta = |property| KnownDelta {
            backend: "cuda".into(),
            against: "cpu".into(),
            property,
            reason: "measured".into(),
            location: Location::line("gate.toml", 40),
        };
        let kernels = KernelPolicy {
            reproducible: false,
            path: None,
            variants: BTreeMap::new(),
            workloads: BTreeMap::new(),
            scopes: Vec::new(),
            budgets: Vec::new(),
            semantics: vec![semantics("cpu", 10), cuda],
            known_deltas: vec![delta(SemanticProperty::Denormals), delta(SemanticProperty::Rounding)],
            representation: None,
            source_map: None,
            location: Location::line("gate.toml", 5),
        };
        insta::assert_snapshot!(findings_text(&differences(&kernels)));
    }

    #[test]
    fn bits_that_are_open_are_not_compared() {
        let open = BackendSemantics {
            fma: Fma::Contracted,
            reduction_order: ReductionOrder::Unspecified,
            ..semantics("cuda", 20)
        };
        assert_eq!(open_bits(&open).len(), 2);
        let loose = BackendSemantics {
            comparison: Comparison::Tolerance,
            ..open
        };
        assert!(open_bits(&loose).is_empty());
    }
}
