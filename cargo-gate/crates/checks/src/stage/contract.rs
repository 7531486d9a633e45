//! `stage.contract`: every group that the stage requires has evidence, or is excluded from the claim.

use gate_base::stage::Stage;
use gate_policy::{Exclusion, KindPolicy, SuitePolicy, pattern};
use gate_report::claim::{GroupClaim, Kind, PackageKind, Standing};
use gate_report::group::Group;
use gate_report::{Dimension, Finding};
use gate_world::cargo::Member;

use gate_contract::stage_contract::{Evaluated, ROWS, Row};
use gate_contract::{Check, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(
    input::Outcomes,
    input::Catalogue,
    input::EvaluatedStage,
    input::Cargo,
    input::FileNames,
    input::Manifests,
    KindPolicy,
    Exclusion,
    SuitePolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "stage.contract",
    summary: "Every group that the stage requires has evidence, or is excluded from the claim",
    docs: include_str!("contract.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Broad,
    other_stages: &[OtherStage {
        from: Stage::Controlled,
        what: "no evidence about the supply chain",
    }],
    since: "0.1.0",
    phase: Phase::Contract,
    waivable: false,
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    let kinds = context.kinds();
    let evaluated = Evaluated {
        stage: context.stage(),
        kinds: &kinds,
        exclusions: context.section::<Exclusion>(),
        suites: context.section::<SuitePolicy>(),
        catalogue: context.catalogue(),
        outcomes: context.outcomes(),
    };
    // The other two are built in: without a judgement, their own checks and suites block.
    let excludable = |row: &&Row| ![Group::Integrity, Group::Equivalence].contains(&row.group);
    let claims = evaluated.claims();
    let rows = ROWS.iter().zip(&claims).filter(|(row, _)| excludable(row));
    let mut findings: Vec<Finding> = rows
        .clone()
        .filter_map(|(row, claim)| finding(row, claim, &evaluated))
        .collect();
    findings.extend(missing_later(rows.filter(|row| is_missing_later(row, context.stage()))));
    if let Some(declared) = context.section::<KindPolicy>() {
        findings.extend(unmatched(declared, &context.cargo().members));
    }
    let files: Vec<&str> = context.files().iter().map(|file| file.path.as_str()).collect();
    for exclusion in context.section::<Exclusion>() {
        findings.extend(excludes_nothing(exclusion, &context.cargo().members, &files));
    }
    Judgement::Findings(findings)
}

/// Whether a group is missing that blocks two stages from here: it is told in one finding with the others of its kind.
fn is_missing_later((row, claim): &(&Row, &GroupClaim), stage: Stage) -> bool {
    claim.standing == Standing::Missing && row.blocks_at.predecessor() > Some(stage)
}

/// All of them in one finding: one decision is open, what will be claimed later on.
fn missing_later<'a>(missing: impl Iterator<Item = (&'a Row, &'a GroupClaim)>) -> Option<Finding> {
    let (mut groups, mut blocks_at) = (Vec::new(), Stage::Broad);
    for (row, _) in missing {
        groups.push(row.group.name());
        blocks_at = blocks_at.min(row.blocks_at);
    }
    let quoted: Vec<String> = groups.iter().map(|group| format!("\"{group}\"")).collect();
    let named = match groups.split_last()? {
        (last, []) => (*last).to_owned(),
        (last, others) => format!("{} and {last}", others.join(", ")),
    };
    let finding = Finding::blocking(blocks_at, format!("no evidence of {named}: nothing is declared"));
    Some(finding.help(format!(
        "`cargo gate explain stage.contract` says what to declare; or add an `[[exclusion]]` with `groups = [{}]`",
        quoted.join(", ")
    )))
}

fn finding(row: &Row, claim: &GroupClaim, evaluated: &Evaluated<'_>) -> Option<Finding> {
    let group = row.group;
    match claim.standing {
        Standing::Claimed | Standing::Unjudged | Standing::Later | Standing::NotAsked => None,
        Standing::Missing if is_missing_later(&(row, claim), evaluated.stage) => None,
        Standing::Missing => {
            let about = asking(&claim.asked, evaluated.kinds);
            let message = format!("no evidence of {group}{about}: nothing is declared");
            Some(Finding::blocking(row.blocks_at, message).help(format!(
                "{}, or an `[[exclusion]]` with `groups = [\"{group}\"]`",
                row.remedy
            )))
        }
        Standing::Excluded => {
            let mut packages = evaluated.kinds.iter();
            let exclusion = packages.find_map(|package| evaluated.exclusion(group, &package.package))?;
            let message = format!("{group} is excluded from the claim (risk {})", exclusion.risk);
            Some(Finding::bounding(&exclusion.surface, message).at(exclusion.location.clone()))
        }
    }
}

/// Which packages ask, where it depends on their kind.
fn asking(packages: &[String], kinds: &[PackageKind]) -> String {
    const SHOWN: usize = 3;
    let kind_of = |name: &String| {
        kinds
            .iter()
            .find(|kind| kind.package == *name)
            .map(|kind| kind.kind.name())
    };
    let shown: Vec<String> = packages
        .iter()
        .take(SHOWN)
        .filter_map(|name| Some(format!("the {} `{name}`", kind_of(name)?)))
        .collect();
    match packages.len() {
        0 => String::new(),
        more if more > SHOWN => format!(" for {} and {} more", shown.join(", "), more - SHOWN),
        _ => format!(" for {}", shown.join(" and ")),
    }
}

/// Names in `[kinds]` that fit no package.
fn unmatched<'a>(declared: &'a KindPolicy, members: &'a [Member]) -> impl Iterator<Item = Finding> + 'a {
    let unmatched = |name: &&String| !members.iter().any(|member| pattern::matches(name, &member.name));
    Kind::ALL.into_iter().flat_map(move |kind| {
        declared.of(kind).iter().filter(unmatched).map(move |name| {
            Finding::advice(format!(
                "`[kinds]` declares `{name}` as {kind}, and no package has that name"
            ))
            .help("correct the name, or remove it")
            .at(declared.location.clone())
        })
    })
}

/// Names and globs of an exclusion that fit nothing.
fn excludes_nothing<'a>(
    exclusion: &'a Exclusion,
    members: &'a [Member],
    files: &'a [&str],
) -> impl Iterator<Item = Finding> + 'a {
    let packages = exclusion.packages.iter();
    let packages = packages.filter(|name| !members.iter().any(|member| pattern::matches(name, &member.name)));
    let packages = packages.map(|name| format!("excludes the package `{name}`, and no package has that name"));
    let paths = exclusion.paths.iter();
    let paths = paths.filter(|glob| !files.iter().any(|file| pattern::path_matches(glob, file)));
    let paths = paths.map(|glob| format!("excludes `{glob}`, and no file has such a path"));
    packages.chain(paths).map(|what| {
        Finding::advice(format!("the exclusion of {} {what}", exclusion.surface))
            .help("correct the name, or remove it")
            .at(exclusion.location.clone())
    })
}

#[cfg(test)]
mod tests;
