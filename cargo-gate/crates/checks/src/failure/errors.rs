//! `failure.errors`: every variant of a public error enum is made by a test.

use std::collections::BTreeSet;

use gate_base::stage::Stage;
use gate_policy::FailurePolicy;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_rust::facts::ErrorEnum;
use gate_rust::library::{Coverage, PackageSurvey, Survey};

use super::panics::unreadable_source;
use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(
    input::Cargo,
    input::RustSources,
    input::FileNames,
    input::Coverage,
    FailurePolicy,
);

const UNUSED: OtherStage = OtherStage {
    from: Stage::Broad,
    what: "a variant that no code constructs",
};

/// The check.
pub static CHECK: Check = Check {
    id: "failure.errors",
    summary: "Tests produce every variant of public error enums",
    docs: include_str!("errors.md"),
    dimension: Dimension::Reliability,
    blocks_at: Stage::Controlled,
    other_stages: &[UNUSED],
    since: "0.1.0",
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let failure = context.section::<FailurePolicy>().as_ref();
    if failure.is_some_and(|failure| failure.coverage.is_some()) {
        return Applies::Yes;
    }
    Applies::No("no coverage report is declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(failure) = context.section::<FailurePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let path = failure.coverage.as_deref().unwrap_or_default();
    // Before the code is read: without a report there is nothing that it could be held against.
    let coverage = match context.coverage(path) {
        Ok(coverage) => usable(path, coverage),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Reason::new("no_coverage", format!("there is no coverage report at `{path}`")).help(command(path)))
        }
        Err(error) => Err(Reason::new(
            "unreadable_coverage",
            format!("cannot read the coverage report `{path}`: {error}"),
        )
        .help(command(path))),
    };
    let coverage = match coverage {
        Ok(coverage) => coverage,
        Err(reason) => return Judgement::NotRun(reason),
    };
    let survey = context.library();
    if let Some((path, error)) = survey.unreadable.first() {
        return Judgement::Inconclusive(unreadable_source(path, error));
    }
    let findings = judge(survey, &coverage, path).into_iter();
    Judgement::Findings(
        findings
            .map(|finding| finding.because(Some(failure.location.clone())))
            .collect(),
    )
}

fn command(path: &str) -> String {
    format!("`cargo llvm-cov --workspace --lcov --output-path {path}`")
}

fn usable(path: &str, coverage: Coverage) -> Result<Coverage, Reason> {
    if coverage.files.is_empty() {
        let message = format!("the coverage report `{path}` covers no source of this workspace");
        return Err(Reason::new("empty_coverage", message).help(command(path)));
    }
    match coverage.newer.as_slice() {
        [] => Ok(coverage),
        [source, ..] => {
            let message = format!("`{source}` changed after the coverage report `{path}` was written");
            Err(Reason::new("stale_coverage", message).help(command(path)))
        }
    }
}

fn judge(survey: &Survey, coverage: &Coverage, report: &str) -> Vec<Finding> {
    survey
        .packages
        .iter()
        .flat_map(|package| judge_package(package, coverage, report))
        .collect()
}

fn judge_package(package: &PackageSurvey, coverage: &Coverage, report: &str) -> Vec<Finding> {
    let scans = || package.files.iter().map(|file| &file.scan);
    let implement: BTreeSet<&str> = scans()
        .flat_map(|scan| scan.error_impls.iter().map(String::as_str))
        .collect();
    let mut findings = Vec::new();
    for file in &package.files {
        let errors = file.scan.enums.iter();
        for found in errors.filter(|found| found.is_error || implement.contains(found.name.as_str())) {
            findings.extend(judge_enum(package, &file.path, found, coverage, report));
        }
    }
    findings
        .into_iter()
        .map(|finding| finding.package(&package.name))
        .collect()
}

/// Places that a finding shows at most.
const SHOWN: usize = 5;

fn judge_enum(
    package: &PackageSurvey,
    path: &str,
    found: &ErrorEnum,
    coverage: &Coverage,
    report: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for variant in &found.variants {
        let name = format!("{}::{}", found.name, variant.name);
        let makers: Vec<(&str, u32)> = package
            .files
            .iter()
            .flat_map(|file| file.scan.mentions.iter().map(move |mention| (file, mention)))
            .filter(|(_, mention)| mention.of == found.name && mention.variant == variant.name)
            .map(|(file, mention)| (file.path.as_str(), mention.line))
            .collect();
        let ran = |(path, line): &(&str, u32)| coverage.hits(path, *line).is_some_and(|count| count > 0);
        if makers.iter().any(ran) {
            continue;
        }
        let declared = Location::line(path, variant.line);
        if !makers.is_empty() {
            let places = makers.iter().take(SHOWN);
            findings.push(
                places.fold(
                    Finding::blocking(CHECK.blocks_at, format!("no test produces `{name}`"))
                        .help(format!(
                            "write a test that produces this error, then {}",
                            command(report)
                        ))
                        .at(declared),
                    |finding, (path, line)| finding.at(Location::line(*path, *line)),
                ),
            );
        } else if variant.derived {
            findings.push(
                Finding::advice(format!(
                    "`{name}` is constructed through `#[from]`, which coverage does not show"
                ))
                .help("make sure that a test produces this error")
                .at(declared),
            );
        } else {
            findings.push(
                Finding::blocking(UNUSED.from, format!("no code in the library constructs `{name}`"))
                    .help("remove the variant, or write the enum name where it is constructed")
                    .at(declared),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::surveys::library;
    use gate_contract::testing::{World, findings_text};
    use gate_policy::FailurePolicy;

    const SOURCE: &str = "\
pub enum LoadError { Empty, Bad, Io(#[from] io::Error), Dead }
pub fn load(text: &str) -> Result<(), LoadError> {
    if text.is_empty() {
        return Err(LoadError::Empty);
    }
    text.parse().map_err(|_| LoadError::Bad)
}
pub enum Outcome { NeverMade }
";

    fn coverage(lines: &[(u32, u64)]) -> Coverage {
        Coverage {
            files: BTreeMap::from([("src/lib.rs".into(), lines.iter().copied().collect())]),
            newer: Vec::new(),
        }
    }

    #[test]
    fn variants_that_no_test_makes() {
        let survey = library(&[("src/lib.rs", SOURCE)]);
        insta::assert_snapshot!(findings_text(&judge(&survey, &coverage(&[(4, 0), (6, 1)]), "lcov.info")), @"
        src/lib.rs:1: no test produces `LoadError::Empty` [controlled]
          also: src/lib.rs:4
          help: write a test that produces this error, then `cargo llvm-cov --workspace --lcov --output-path lcov.info`
          package: app
        src/lib.rs:1: `LoadError::Io` is constructed through `#[from]`, which coverage does not show [advice]
          help: make sure that a test produces this error
          package: app
        src/lib.rs:1: no code in the library constructs `LoadError::Dead` [broad]
          help: remove the variant, or write the enum name where it is constructed
          package: app
        ");
    }

    #[test]
    fn without_a_report_nothing_is_judged() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: no coverage report is declared");
        world.policy.failure = Some(FailurePolicy {
            panic_inventory: None,
            coverage: Some("target/lcov.info".into()),
            location: Location::line("gate.toml", 3),
        });
        insta::assert_snapshot!(world.text(&CHECK), @"
        not run (no_coverage): there is no coverage report at `target/lcov.info`
          help: `cargo llvm-cov --workspace --lcov --output-path target/lcov.info`
        ");
    }

    #[test]
    fn a_report_must_be_about_these_sources() {
        assert_eq!(
            usable("x", coverage(&[])).map_err(|reason| reason.code),
            Ok(coverage(&[]))
        );
        let code = |coverage: Coverage| {
            usable("x", coverage)
                .map_err(|reason| reason.code)
                .expect_err("refused")
        };
        assert_eq!(code(Coverage::default()), "empty_coverage");
        let stale = Coverage {
            newer: vec!["src/lib.rs".into()],
            ..coverage(&[])
        };
        assert_eq!(code(stale), "stale_coverage");
    }
}
