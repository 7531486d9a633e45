//! Typed file to policy. Values were validated before; what still fails is reported rather than trusted.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::stage::Stage;
use crate::report::Location;

use super::ci::ci_policy;
use super::model::{CheckPolicy, Exclusion, Policy, Register, StagePolicy};
use super::position::Positions;
use super::raw::{RawPolicy, RawStages};
use super::secrets::{paths_policy, secrets_policy};
use super::value::{Converted, duration, version};
use super::{
    boundary, cache, checklist, claim, conformance, decisions, docs, failure, generated, kernels, notify, people,
    profile, record, release, runtime, stability, suite, supply, toolchain, uses, waiver,
};

pub(super) fn convert(raw: RawPolicy, positions: &Positions<'_>) -> Converted<Policy> {
    version(raw.version)?;
    let at = |span: Range<usize>| positions.location(&span);
    let stability = raw.stability.map(|stability| stability::convert(stability, &at));
    let waiver_rules = raw.waivers.map(|waivers| people::waivers(waivers, &at));

    Ok(Policy {
        source: None,
        stages: stages(raw.stage, &at)?,
        profiles: raw
            .profile
            .into_iter()
            .map(|(name, profile)| (name, profile::requirements(profile, &at)))
            .collect(),
        tiers: raw.tiers.map(|tiers| profile::tiers(tiers, &at)).transpose()?,
        boundary: raw.boundary.map(|boundary| boundary::convert(boundary, &at)),
        ci: raw.ci.map(|ci| {
            let location = at(ci.span());
            ci_policy(ci.into_inner(), location)
        }),
        conformance: raw
            .conformance
            .map(|conformance| conformance::convert(conformance, &at)),
        decisions: raw.decisions.map(|decisions| decisions::convert(decisions, &at)),
        docs: raw.docs.map(|docs| {
            let location = at(docs.span());
            docs::convert(docs, location)
        }),
        failure: raw.failure.map(|failure| failure::convert(failure, &at)),
        generated: raw
            .generated
            .into_iter()
            .map(|generated| generated::convert(generated, &at))
            .collect(),
        kernels: raw.kernels.map(|kernels| kernels::convert(kernels, &at)),
        cache: raw.cache.map(|cache| cache::convert(cache, &at)).transpose()?,
        runtime: raw.runtime.map(|runtime| runtime::convert(runtime, &at)),
        release: raw.release.map(|release| release::convert(release, &at)).transpose()?,
        deprecations: raw
            .deprecation
            .into_iter()
            .map(|deprecation| release::deprecation(deprecation, &at))
            .collect::<Converted<_>>()?,
        claims: raw.claim.into_iter().map(|claim| claim::convert(claim, &at)).collect(),
        paths: raw.paths.map(|paths| paths_policy(paths, &at)),
        secrets: raw.secrets.map(|secrets| secrets_policy(secrets, &at)).transpose()?,
        suites: suite::convert(raw.suite, stability.as_ref(), &at)?,
        stability,
        supply: raw.supply.map(|supply| supply::convert(supply, &at)).transpose()?,
        toolchain: raw
            .toolchain
            .map(|toolchain| toolchain::convert(toolchain, &at))
            .transpose()?,
        uses: raw.uses.map(|uses| uses::convert(uses, &at)),
        evidence_ages: raw
            .evidence
            .map(|evidence| record::evidence(evidence, &at))
            .transpose()?
            .unwrap_or_default(),
        history: raw.history.map(|history| record::history(history, &at)).transpose()?,
        checklist: checklist::convert(raw.checklist, &at),
        register: raw.register.map(|register| {
            let location = at(register.span());
            let register = register.into_inner();
            Register {
                path: register.path,
                items: Vec::new(),
                require_acceptance: register.require_acceptance,
                location,
            }
        }),
        owners: raw.owners.map(|owners| people::owners(owners, &at)),
        warnings: raw
            .warnings
            .map(|warnings| record::warnings(warnings, &at))
            .transpose()?,
        waivers: raw
            .waiver
            .into_iter()
            .map(|waiver| waiver::convert(waiver, waiver_rules.as_ref(), &at))
            .collect::<Converted<_>>()?,
        waiver_rules,
        exclusions: raw
            .exclusion
            .into_iter()
            .map(|exclusion| {
                let location = at(exclusion.span());
                let exclusion = exclusion.into_inner();
                Exclusion {
                    surface: exclusion.surface,
                    packages: exclusion.packages,
                    paths: exclusion.paths,
                    reason: exclusion.reason,
                    risk: exclusion.risk.name().into(),
                    location,
                }
            })
            .collect(),
        notify: raw
            .notify
            .into_iter()
            .map(|notify| {
                let location = at(notify.span());
                notify::convert(notify, location)
            })
            .collect::<Converted<_>>()?,
        checks: raw
            .checks
            .into_iter()
            .map(|(id, check)| {
                let location = at(check.span());
                let blocks_at = check.into_inner().blocks_at;
                (id, CheckPolicy { blocks_at, location })
            })
            .collect(),
        sanity: Vec::new(),
        dangers: Vec::new(),
    })
}

fn stages(raw: RawStages, at: &impl Fn(Range<usize>) -> Location) -> Converted<BTreeMap<Stage, StagePolicy>> {
    let span = raw.pilot.span();
    let pilot = raw.pilot.into_inner();
    let mut stages = BTreeMap::new();
    let mut add = |stage, scope: String, max_age: Option<String>, strict, span: Range<usize>| -> Converted<()> {
        let policy = StagePolicy {
            scope,
            max_age: max_age.map(|text| duration(&text, &span)).transpose()?,
            strict,
            location: at(span),
        };
        stages.insert(stage, policy);
        Ok(())
    };
    add(Stage::Pilot, pilot.scope, pilot.max_age, pilot.strict, span)?;
    for (stage, declared) in [(Stage::Controlled, raw.controlled), (Stage::Broad, raw.broad)] {
        if let Some(declared) = declared {
            let span = declared.span();
            let declared = declared.into_inner();
            add(
                stage,
                declared.scope.unwrap_or_default(),
                declared.max_age,
                declared.strict,
                span,
            )?;
        }
    }
    Ok(stages)
}
