//! `api.stability`: what users rely on is what was released, until a version says otherwise.

use crate::base::stage::Stage;
use crate::library::interface::Difference;
use crate::policy::StabilityPolicy;
use crate::report::{Dimension, Finding, Location};
use crate::stability::{Comparison, JudgedChange, PackageComparison};
use crate::workspace::files::FileList;

use crate::contract::{Applies, Check, Judgement, Phase, Rule, input};
use crate::reads;

reads!(
    input::Cargo,
    input::RustSources,
    input::FileNames,
    input::Documents,
    input::Release,
    StabilityPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "api.stability",
    summary: "Stable public items and documents are as they were released",
    docs: include_str!("stability.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    version: 1,
    phase: Phase::Evidence,
    rule: &Rule::<Declaration> { applies, run },
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<StabilityPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[stability]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<StabilityPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    match context.interfaces().compare(policy) {
        Err(reason) => Judgement::Inconclusive(reason),
        Ok(comparison) => {
            if let Ok(bytes) = serde_json::to_vec_pretty(&comparison) {
                context.attach("api/stability.json", &bytes);
            }
            Judgement::Findings(judge(&comparison, policy, context.files()))
        }
    }
}

fn judge(comparison: &Comparison, policy: &StabilityPolicy, files: &FileList) -> Vec<Finding> {
    let mut findings = Vec::new();
    let blocking = |message: String| Finding::blocking(CHECK.blocks_at, message);
    for package in &comparison.packages {
        for judged in package.changes.iter().filter(|judged| judged.blocks) {
            let because = judged.surface.as_ref().unwrap_or(&policy.location);
            findings.push(
                blocking(judged.words(&comparison.reference))
                    .help(help(package))
                    .at(place(judged, files))
                    .because(Some(because.clone()))
                    .package(&package.name),
            );
        }
    }
    let stable = comparison.documents.iter();
    for document in stable.filter(|document| document.class == crate::policy::StabilityClass::Stable) {
        let (path, reference) = (&document.path, &comparison.reference);
        let (message, place) = if document.removed {
            (
                format!("the stable document `{path}` is gone since {reference}"),
                document.surface.clone(),
            )
        } else {
            (
                format!("the stable document `{path}` is another one than in {reference}"),
                Location::file(path),
            )
        };
        findings.push(
            blocking(message)
                .help(format!(
                    "`git checkout {reference} -- {path}`, or declare it `fluid` in `[[stability.surface]]`"
                ))
                .at(place)
                .because(Some(document.surface.clone())),
        );
    }
    for surface in &comparison.unmatched {
        findings.push(
            blocking(format!(
                "the surface covers no public item and no document, here and in {}",
                comparison.reference
            ))
            .help("correct its `items` and `paths`, or remove it")
            .at(surface.clone())
            .because(Some(surface.clone())),
        );
    }
    findings
}

fn help(package: &PackageComparison) -> String {
    let version = &package.before;
    let next = match (version.major, version.minor) {
        (0, 0) => format!("0.0.{}", version.patch + 1),
        (0, minor) => format!("0.{}.0", minor + 1),
        (major, _) => format!("{}.0.0", major + 1),
    };
    format!(
        "put it back, release `{}` as {next}, or declare the surface `fluid` in `[[stability.surface]]`",
        package.name
    )
}

fn place(judged: &JudgedChange, files: &FileList) -> Location {
    let change = &judged.change;
    match change.difference {
        // The line is that of the release.
        Difference::Removed if files.get(&change.file).is_some() => Location::file(&change.file),
        Difference::Removed => Location::file("Cargo.toml"),
        _ => Location::line(&change.file, change.line),
    }
}
