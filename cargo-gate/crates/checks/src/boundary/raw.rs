//! `boundary.raw`: raw authority stays where it is declared.

use gate_base::stage::Stage;
use gate_policy::{BoundaryPolicy, Tier, TierPolicy};
use gate_report::{Change, Dimension, Finding, Location, Reason, Remedy};
use gate_rust::boundary::survey::{FileSurvey, PackageSurvey, Survey};
use gate_surveys::authority::Authorities;

use gate_contract::{Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(
    input::Cargo,
    input::RustSources,
    input::FileNames,
    TierPolicy,
    BoundaryPolicy,
    input::HasPolicy,
);

const UNDECLARED: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "a package, in a workspace that declares no tiers and no boundaries",
};

/// The check.
pub static CHECK: Check = Check {
    id: "boundary.raw",
    summary: "Raw authority appears only in crates and files that declare it",
    docs: include_str!("raw.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Pilot,
    other_stages: &[UNDECLARED],
    since: "0.1.0",
    version: 6,
    recordable: true,
    fixes: Fixes::Offered("removes entries of `[[boundary.allow]]` that match nothing"),
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    judge(
        context.boundaries(),
        context.section::<TierPolicy>(),
        context.section::<BoundaryPolicy>(),
        context.has_policy(),
    )
}

/// Judges a survey under the declared tiers and boundaries, of which a workspace without a policy has none.
fn judge(
    survey: &Survey,
    tiers: &Option<TierPolicy>,
    boundary: &Option<BoundaryPolicy>,
    has_policy: bool,
) -> Judgement {
    if let Some(reason) = unreadable(survey) {
        return Judgement::Inconclusive(reason);
    }
    let authorities = Authorities::new(tiers, boundary);
    let findings = if authorities.declared() {
        let location = match (tiers, boundary) {
            (Some(tiers), _) => Some(tiers.location.clone()),
            (None, Some(boundary)) => Some(boundary.location.clone()),
            (None, None) => None,
        };
        survey
            .packages
            .iter()
            .flat_map(|package| {
                package
                    .files
                    .iter()
                    .filter(|file| authorities.cover(&package.name, &file.path).is_none())
                    .flat_map(|file| outside(package, file, authorities.tier(&package.name)))
            })
            .map(|finding| finding.because(location.clone()))
            .chain(unused(survey, &authorities))
            .collect()
    } else {
        let help = match has_policy {
            true => "declare the `native` crates under `[tiers]` in gate.toml",
            false => "`cargo gate init`, then declare the `native` crates in gate.toml",
        };
        let each = survey.packages.iter().filter_map(|package| undeclared(package, help));
        let each: Vec<Finding> = each.collect();
        match each.len() {
            // Who writes no policy has made one decision, not fifty.
            many if many > MANY && !has_policy => vec![of_all(each, help)],
            _ => each,
        }
    };
    Judgement::Findings(findings)
}

/// Permissions that nothing needs. They have no end of their own, so one that stays would cover what is written there later.
fn unused(survey: &Survey, authorities: &Authorities<'_>) -> Vec<Finding> {
    let files = survey.packages.iter().flat_map(|package| &package.files);
    let files: Vec<&str> = files.map(|file| file.path.as_str()).collect();
    let unused = authorities.unused(&files).into_iter();
    unused
        .map(|entry| {
            let message = format!(
                "`[[boundary.allow]]` matches no file with raw authority: `{}`",
                entry.path
            );
            Finding::advice(message)
                .help("remove the entry, or correct its `path`")
                .remedy(Remedy::new("remove the entry", [Change::remove(&entry.location)]).to_be_reviewed())
                .at(entry.location.clone())
                .because(Some(entry.location.clone()))
        })
        .collect()
}

/// Why a survey allows no judgement.
pub(super) fn unreadable(survey: &Survey) -> Option<Reason> {
    let (path, error) = survey.unreadable.first()?;
    let more = match survey.unreadable.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Some(
        Reason::new("unreadable_source", format!("cannot read `{path}`: {error}{more}"))
            .help("make the file readable, or remove it from the workspace"),
    )
}

/// One finding for a package about which nothing is declared.
fn undeclared(package: &PackageSurvey, help: &str) -> Option<Finding> {
    let tally = package.tally();
    let (file, site) = package.code().next()?;
    let message = format!(
        "`{}` has {} in {} outside tests",
        package.name,
        counted(tally.total(), "raw boundary", "raw boundaries"),
        counted(tally.files, "file", "files")
    );
    Some(
        Finding::blocking(UNDECLARED.from, message)
            .help(help)
            .at(Location::span(&file.path, site.line, site.column, site.length))
            .package(&package.name),
    )
}

/// With more crates than this, those of a workspace without a policy are one finding.
const MANY: usize = 4;

/// One finding for all packages about which nothing is declared; what each has is its detail.
fn of_all(each: Vec<Finding>, help: &str) -> Finding {
    const NAMED: usize = 3;
    let names = each.iter().filter_map(|finding| finding.package.as_deref());
    let named: Vec<String> = names.take(NAMED).map(|name| format!("`{name}`")).collect();
    let message = format!(
        "{} crates have raw boundaries outside tests: {} and {} more",
        each.len(),
        named.join(", "),
        each.len() - named.len()
    );
    let lines: Vec<&str> = each.iter().map(|finding| finding.message.as_str()).collect();
    let mut all = Finding::blocking(UNDECLARED.from, message).help(help);
    all.detail = Some(lines.join("\n"));
    each.into_iter()
        .filter_map(|finding| finding.locations.into_iter().next())
        .fold(all, Finding::at)
}

/// One finding for each place of a file that nothing covers.
fn outside(package: &PackageSurvey, file: &FileSurvey, tier: Tier) -> impl Iterator<Item = Finding> {
    file.sites.iter().filter(|site| !site.test).map(move |site| {
        let place = match site.item.as_str() {
            "" => "outside any item".to_owned(),
            item => format!("in `{item}`"),
        };
        let (kind, name) = (site.kind.singular(), &package.name);
        let message = format!("{kind} {place}, but crate `{name}` is {}", tier.name());
        Finding::blocking(CHECK.blocks_at, message)
            .help(format!(
                "in gate.toml, declare `{name}` native under `[[tiers.exception]]`, or allow its files under \
                 `[[boundary.allow]]`"
            ))
            .package(name)
            .at(Location::span(&file.path, site.line, site.column, site.length))
    })
}

/// `1 file`, `2 files`.
fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveys::{allow, judgement, policy, survey};
    use gate_policy::Policy;

    fn said(survey: &Survey, policy: &Policy) -> String {
        judgement(&judge(survey, &policy.tiers, &policy.boundary, policy.source.is_some()))
    }

    const RAW: &str =
        "pub fn f() {\n    // SAFETY: x\n    unsafe { a() };\n    unsafe { b() };\n}\nunsafe impl Send for X {}\n";

    #[test]
    fn undeclared_workspaces_get_one_finding_per_package() {
        let survey = survey(&[
            ("src/lib.rs", &format!("{RAW}mod other;\n")),
            ("src/other.rs", "fn g() { unsafe {} }"),
            // Nothing declares it.
            ("src/sample.rs", RAW),
            ("tests/t.rs", RAW),
        ]);
        insta::assert_snapshot!(said(&survey, &Policy::default()), @"
        [controlled] `app` has 4 raw boundaries in 2 files outside tests
          at src/lib.rs:3:5
          help: `cargo gate init`, then declare the `native` crates in gate.toml
        ");
    }

    #[test]
    fn many_crates_of_a_workspace_without_a_policy_are_one_finding() {
        let one = survey(&[("src/lib.rs", RAW)]);
        let mut many = survey(&[]);
        many.packages = (0..MANY + 1)
            .map(|number| {
                let mut package = survey(&[("src/lib.rs", RAW)]).packages.swap_remove(0);
                package.name = format!("crate-{number}");
                package
            })
            .collect();
        let count = |survey: &Survey, has_policy| match judge(survey, &None, &None, has_policy) {
            Judgement::Findings(findings) => findings.len(),
            _ => 0,
        };
        assert_eq!((count(&one, false), count(&many, true)), (1, MANY + 1));
        let Judgement::Findings(findings) = judge(&many, &None, &None, false) else {
            panic!("it is judged");
        };
        assert_eq!(
            findings[0].message,
            "5 crates have raw boundaries outside tests: `crate-0`, `crate-1`, `crate-2` and 2 more"
        );
        assert_eq!((findings.len(), findings[0].locations.len()), (1, MANY + 1));
        assert!(
            findings[0]
                .detail
                .as_deref()
                .is_some_and(|detail| detail.lines().count() == MANY + 1)
        );
    }

    #[test]
    fn safe_workspaces_are_silent() {
        let survey = survey(&[
            (
                "src/lib.rs",
                "#![forbid(unsafe_code)]\npub fn f() {}\n#[cfg(test)] mod tests;",
            ),
            ("src/tests.rs", RAW),
            ("benches/b.rs", RAW),
        ]);
        assert_eq!(said(&survey, &Policy::default()), "");
        assert_eq!(said(&survey, &policy(Tier::Portable)), "");
    }

    #[test]
    fn declared_workspaces_answer_for_every_item() {
        let survey = survey(&[
            ("src/lib.rs", RAW),
            ("src/ffi/a.rs", RAW),
            ("src/b.rs", "global_asm!(\"\");"),
        ]);
        let mut declared = policy(Tier::Portable);
        allow(&mut declared, "src/ffi/**");
        insta::assert_snapshot!(said(&survey, &declared), @"
        [pilot] inline assembly outside any item, but crate `app` is portable
          at src/b.rs:1:1
          help: in gate.toml, declare `app` native under `[[tiers.exception]]`, or allow its files under `[[boundary.allow]]`
          because gate.toml:3
        [pilot] unsafe block in `f`, but crate `app` is portable
          at src/lib.rs:3:5
          help: in gate.toml, declare `app` native under `[[tiers.exception]]`, or allow its files under `[[boundary.allow]]`
          because gate.toml:3
        [pilot] unsafe block in `f`, but crate `app` is portable
          at src/lib.rs:4:5
          help: in gate.toml, declare `app` native under `[[tiers.exception]]`, or allow its files under `[[boundary.allow]]`
          because gate.toml:3
        [pilot] unsafe impl in `impl Send for X`, but crate `app` is portable
          at src/lib.rs:6:1
          help: in gate.toml, declare `app` native under `[[tiers.exception]]`, or allow its files under `[[boundary.allow]]`
          because gate.toml:3
        ");
        assert_eq!(said(&survey, &policy(Tier::Native)), "");
    }

    #[test]
    fn an_allowance_that_nothing_needs_is_told() {
        let mut declared = policy(Tier::Portable);
        allow(&mut declared, "src/ffi/**");
        insta::assert_snapshot!(said(&survey(&[("src/lib.rs", "pub fn f() {}")]), &declared), @"
        [advice] `[[boundary.allow]]` matches no file with raw authority: `src/ffi/**`
          at gate.toml:7
          help: remove the entry, or correct its `path`
          because gate.toml:7
        ");
    }

    #[test]
    fn what_could_not_be_read_is_not_judged() {
        let mut survey = survey(&[("src/lib.rs", "")]);
        survey.unreadable = vec![("src/x.rs".into(), "permission denied".into())];
        insta::assert_snapshot!(
            said(&survey, &Policy::default()),
            @"inconclusive unreadable_source: cannot read `src/x.rs`: permission denied"
        );
    }
}
