//! `api.stability`: what users rely on is what was released, until a version says otherwise.

use crate::base::stage::Stage;
use crate::library::interface::Difference;
use crate::policy::StabilityPolicy;
use crate::report::{Dimension, Finding, Location};
use crate::stability::{Comparison, JudgedChange, PackageComparison};
use crate::workspace::files::FileList;

use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "api.stability",
    summary: "Stable public items and documents are as they were released",
    docs: DOCS,
    dimension: Dimension::Contract,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    version: 1,
    inputs: &[
        Input::Cargo,
        Input::RustSources,
        Input::FileNames,
        Input::Documents,
        Input::Release,
        Input::PolicyStability,
    ],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

Compares the public interface of every library that may be published (of all where none may) with that of the last \
release, which `[stability]` \
in `gate.toml` names by a tag, a branch, a commit or a pattern over tags. Every public item has a class: `stable` is \
the default, `[[stability.surface]]` declares items and files `fluid` or `internal`, and the last surface that matches \
decides.

- A stable item that is gone, has another signature, implements a trait no more, or asks users for more (a variant of \
an enum that is matched completely, a field of a struct that is built completely, a required item of a trait) is a \
finding, unless the version of the package announces it by the rules of Cargo (1.4.0 to 2.0.0, 0.4.1 to 0.5.0).
- A tracked Markdown file that a stable surface covers is a finding when its text is another one, or it is gone.
- Changes of fluid surfaces are no findings; they stand with all others in `api/stability.json` in the run directory, and \
`cargo gate release api` shows them. Internal surfaces are left out.
- A surface that covers nothing is a finding.

Interfaces are read by lexing, without compiling. Modules, `pub use` inside the workspace, inline and out-of-line modules, \
items in the arguments of macro calls, derived and written implementations are followed; signatures are compared without \
names of parameters, lifetimes other than `'static`, and modules in front of names. Not seen are: what only a macro \
expands to, auto traits, blanket implementations and those for types of other crates, what a re-export of another crate \
holds, conditions (`cfg`), changed types behind an unchanged name, and whether a textual change matters to the compiler. \
Items that were hidden (`#[doc(hidden)]`) were not promised, and those that are by now have not gone. For the semantics run cargo-semver-checks as a `[[suite.tool]]`.

Without a release (no tag yet, a shallow clone) the check is inconclusive. It applies when `gate.toml` has `[stability]`.

## Why it matters

Users build on what was released. What may still move has to be said before they do, and what may not has to stay.

## How to fix

Put the item back, raise the version, or declare the surface `fluid` in a `[[stability.surface]]`, before it is released.

## Requirements

S1.42, S1.43
";

fn applies(context: &Context<'_>) -> Applies {
    match context.policy().stability {
        Some(_) => Applies::Yes,
        None => Applies::No("`[stability]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = &context.policy().stability else {
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
