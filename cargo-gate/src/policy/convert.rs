//! Typed file to policy. Values were validated before; what still fails is reported rather than trusted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;

use crate::report::Location;
use crate::stage::Stage;

use super::ci::ci_policy;
use super::model::{
    Authority, BoundaryAllow, BoundaryPolicy, CheckPolicy, Exclusion, Policy, ProfilePolicy, ProfileRequirement,
    Register, StagePolicy, SuiteFormat, SuiteKind, SuitePolicy, TierException, TierPolicy, Waiver, WaiverPolicy,
};
use super::position::Positions;
use super::problem::Problem;
use super::raw::{
    RawAllowed, RawBoundary, RawCommand, RawDate, RawPolicy, RawProfile, RawStages, RawTestSuite, RawTiers, RawTool,
    RawToolSuite, RawWaiver,
};
use super::secrets::{paths_policy, secrets_policy};
use super::{
    bench, cache, checklist, claim, conformance, decisions, docs, failure, format, generated, kernels, notify, parts,
    people, record, release, rule, runtime, slo, stability, supply, toolchain, uses,
};

pub(super) type Converted<T> = Result<T, Problem>;

pub(super) fn convert(raw: RawPolicy, positions: &Positions<'_>) -> Converted<Policy> {
    let at = |span: Range<usize>| positions.location(&span);
    let mut suites: Vec<(usize, SuitePolicy)> = Vec::new();
    for suite in raw.suite.test {
        let span = suite.span();
        suites.push((span.start, test_suite(suite.into_inner(), &span, at(span.clone()))?));
    }
    for suite in raw.suite.tool {
        let span = suite.span();
        let suite = tool_suite(suite.into_inner(), &span, at(span.clone()))?;
        let parts = parts::of_tool(suite.tool.as_deref().unwrap_or_default(), !suite.command.is_empty());
        if parts.is_empty() {
            suites.push((span.start, suite));
            continue;
        }
        suites.extend(parts.iter().map(|part| {
            let own = SuitePolicy {
                name: parts::name(&suite.name, part),
                part: Some((*part).to_owned()),
                ..suite.clone()
            };
            (span.start, own)
        }));
    }
    for suite in raw.suite.bench {
        let span = suite.span();
        suites.push((span.start, bench::convert(suite.into_inner(), &span, &at)?));
    }
    for suite in raw.suite.slo {
        let span = suite.span();
        suites.push((span.start, slo::convert(suite.into_inner(), &span, &at)?));
    }
    suites.sort_by_key(|(start, _)| *start);
    let waiver_rules = raw.waivers.map(|waivers| people::waivers(waivers, &at));

    Ok(Policy {
        source: None,
        stages: stages(raw.stage, &at)?,
        profiles: raw
            .profile
            .into_iter()
            .map(|(name, profile)| (name, requirements(profile, &at)))
            .collect(),
        tiers: raw.tiers.map(|tiers| tier_policy(tiers, &at)).transpose()?,
        boundary: raw.boundary.map(|boundary| boundary_policy(boundary, &at)),
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
        stability: raw.stability.map(|stability| stability::convert(stability, &at)),
        claims: raw.claim.into_iter().map(|claim| claim::convert(claim, &at)).collect(),
        paths: raw.paths.map(|paths| paths_policy(paths, &at)),
        secrets: raw.secrets.map(|secrets| secrets_policy(secrets, &at)).transpose()?,
        suites: suites.into_iter().map(|(_, suite)| suite).collect(),
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
            .map(|waiver| waiver_policy(waiver, waiver_rules.as_ref(), &at))
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

pub(super) fn duration(text: &str, span: &Range<usize>) -> Converted<Duration> {
    format::duration(text)
        .ok_or_else(|| Problem::new(span.clone(), "a duration is not understood").rule(&rule::MALFORMED_DURATION))
}

pub(super) fn day(date: &RawDate, span: &Range<usize>) -> Converted<jiff::civil::Date> {
    date.day()
        .ok_or_else(|| Problem::new(span.clone(), "a day is not understood").rule(&rule::MALFORMED_DATE))
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

fn requirements(raw: RawProfile, at: &impl Fn(Range<usize>) -> Location) -> ProfilePolicy {
    let requirements = raw
        .into_requirements()
        .map(|(key, allowed)| {
            let location = at(allowed.span());
            let allowed = match allowed.into_inner() {
                RawAllowed::One(value) => vec![value],
                RawAllowed::Many(values) => values,
            };
            (key.to_owned(), ProfileRequirement { allowed, location })
        })
        .collect();
    ProfilePolicy { requirements }
}

fn tier_policy(raw: Spanned<RawTiers>, at: &impl Fn(Range<usize>) -> Location) -> Converted<TierPolicy> {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let exceptions = raw.exception.into_iter().map(|exception| {
        let span = exception.span();
        let exception = exception.into_inner();
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(TierException {
            package: exception.package,
            tier: exception.tier,
            owner: filled(exception.owner),
            reason: filled(exception.reason),
            expires: exception.expires.map(|date| day(&date, &span)).transpose()?,
            location: at(span),
        })
    });
    Ok(TierPolicy {
        default: raw.default,
        exceptions: exceptions.collect::<Converted<_>>()?,
        location,
    })
}

fn boundary_policy(raw: Spanned<RawBoundary>, at: &impl Fn(Range<usize>) -> Location) -> BoundaryPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let allow = raw.allow.into_iter().map(|allow| {
        let location = at(allow.span());
        let allow = allow.into_inner();
        BoundaryAllow {
            path: allow.path,
            reason: allow.reason,
            owner: allow.owner,
            location,
        }
    });
    BoundaryPolicy {
        allow: allow.collect(),
        safety_comments: raw.safety_comments,
        inventory: raw.inventory,
        location,
    }
}

fn waiver_policy(
    raw: Spanned<RawWaiver>,
    rules: Option<&WaiverPolicy>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<Waiver> {
    let span = raw.span();
    let raw = raw.into_inner();
    let mut waiver = Waiver {
        check: raw.check,
        path: raw.path,
        package: raw.package,
        contains: raw.contains,
        owner: raw.owner,
        reason: raw.reason,
        expires: day(&raw.expires, &span)?,
        authority: Authority::NotAsked,
        location: at(span),
    };
    let keys = rules.map(|rules| rules.keys.as_slice()).unwrap_or_default();
    waiver.authority = Authority::of(&waiver, raw.signature.as_deref(), keys);
    Ok(waiver)
}

pub(super) fn command(raw: RawCommand, span: &Range<usize>) -> Converted<Vec<String>> {
    match raw {
        RawCommand::Words(words) => Ok(words),
        RawCommand::Line(line) => format::command_line(&line)
            .map_err(|error| Problem::new(span.clone(), error.message).rule(&rule::MALFORMED_COMMAND)),
    }
}

fn test_suite(raw: RawTestSuite, span: &Range<usize>, location: Location) -> Converted<SuitePolicy> {
    let command = command(raw.command, span)?;
    Ok(SuitePolicy {
        kind: SuiteKind::Test,
        name: raw.name,
        command,
        tool: None,
        part: None,
        bench: None,
        slo: None,
        required: raw.required,
        stage: raw.stage,
        inputs: raw.inputs,
        env: raw.env,
        requires: raw.requires,
        timeout: duration(&raw.timeout, span)?,
        min_tests: raw.min_tests,
        format: raw.format,
        directory: raw.directory,
        group: raw.group,
        location: Some(location),
    })
}

fn tool_suite(raw: RawToolSuite, span: &Range<usize>, location: Location) -> Converted<SuitePolicy> {
    Ok(SuitePolicy {
        kind: SuiteKind::Tool,
        name: raw.name,
        command: tool_command(raw.tool, raw.args),
        tool: Some(raw.tool.name().into()),
        part: None,
        bench: None,
        slo: None,
        required: raw.required,
        stage: raw.stage,
        inputs: Vec::new(),
        env: Vec::new(),
        requires: Vec::new(),
        timeout: duration(&raw.timeout, span)?,
        min_tests: 0,
        format: SuiteFormat::Auto,
        directory: None,
        group: raw.group,
        location: Some(location),
    })
}

/// The command of a tool whose arguments are declared; empty when the adapter's own apply. What the adapter needs to
/// read the output is added, so that arguments cannot make its findings disappear.
fn tool_command(tool: RawTool, mut args: Vec<String>) -> Vec<String> {
    if args.is_empty() {
        return args;
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match tool {
        RawTool::Clippy => [words(&["cargo", "clippy", "--message-format=json"]), args].concat(),
        RawTool::CargoDeny => [words(&["cargo", "deny", "--format=json", "check"]), args].concat(),
        RawTool::CargoSemverChecks => [words(&["cargo", "semver-checks", "--color=never"]), args].concat(),
        RawTool::CargoVet => [words(&["cargo", "vet", "--output-format=json"]), args].concat(),
        RawTool::Rustfmt => {
            let separator = args.iter().position(|word| word == "--").unwrap_or(args.len());
            let mut rustfmt = args.split_off(separator);
            rustfmt.drain(..rustfmt.len().min(1));
            [words(&["cargo", "fmt"]), args, words(&["--", "--check", "-l"]), rustfmt].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_tools_keep_the_output_readable() {
        let command =
            |tool, args: &[&str]| tool_command(tool, args.iter().map(|word| (*word).to_owned()).collect()).join(" ");
        assert_eq!(command(RawTool::Clippy, &[]), "");
        assert_eq!(
            command(RawTool::Clippy, &["-p", "a", "--", "-Dwarnings"]),
            "cargo clippy --message-format=json -p a -- -Dwarnings"
        );
        assert_eq!(
            command(RawTool::CargoDeny, &["bans"]),
            "cargo deny --format=json check bans"
        );
        assert_eq!(
            command(RawTool::CargoSemverChecks, &["--baseline-rev", "v1"]),
            "cargo semver-checks --color=never --baseline-rev v1"
        );
        assert_eq!(
            command(RawTool::CargoVet, &["--frozen"]),
            "cargo vet --output-format=json --frozen"
        );
        assert_eq!(command(RawTool::Rustfmt, &["-p", "a"]), "cargo fmt -p a -- --check -l");
        assert_eq!(
            command(RawTool::Rustfmt, &["--all", "--", "--edition", "2024"]),
            "cargo fmt --all -- --check -l --edition 2024"
        );
    }
}
