//! `failure.panics`: the number of places in library code that panic is tracked, and only falls.

use gate_base::stage::Stage;
use gate_policy::FailurePolicy;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_rust::facts::PanicKind;
use gate_rust::library::inventory::{Change, PanicInventory};
use gate_rust::library::{PackageSurvey, Survey};

use crate::ratchet::{Previous, inconclusive_unless, previous, unix_lines};
use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::RustSources,
    input::FileNames,
    input::PanicInventory,
    // The previous version of the inventory is a function of the commit.
    input::GitHead,
    FailurePolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "failure.panics",
    summary: "Library code does not panic in more places than before",
    docs: include_str!("panics.md"),
    dimension: Dimension::Reliability,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let failure = context.section::<FailurePolicy>().as_ref();
    if failure.is_some_and(|failure| failure.panic_inventory.is_some()) {
        return Applies::Yes;
    }
    Applies::No("no panic inventory is declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    let survey = context.library();
    if let Some((path, error)) = survey.unreadable.first() {
        return Judgement::Inconclusive(unreadable_source(path, error));
    }
    let path = context.panic_inventory_path();
    let (git, bytes) = match context.panic_inventory() {
        Ok(found) => found,
        Err(error) => {
            return Judgement::Inconclusive(
                Reason::new("unreadable_inventory", format!("cannot read `{path}`: {error}"))
                    .help("make the file readable, or write it again with `cargo gate source panics --write`"),
            );
        }
    };
    let tracked = git.map(|_| context.files().get(path).is_some_and(|file| file.tracked));
    let bytes = bytes.map(|bytes| unix_lines(&bytes));
    let previous = match (git, &bytes) {
        (Some(git), Some(bytes)) => previous(git, path, bytes),
        _ => Previous::None,
    };
    let failure = context.section::<FailurePolicy>().as_ref();
    let declared = failure.map(|failure| &failure.location);
    judge(path, declared, survey, tracked, bytes.as_deref(), &previous)
}

/// A source that is part of a library and cannot be read: what it holds is unknown.
pub(crate) fn unreadable_source(path: &str, error: &str) -> Reason {
    Reason::new("unreadable_source", format!("cannot read `{path}`: {error}"))
        .help(format!("make `{path}` readable, or remove it"))
}

fn judge(
    path: &str,
    declared: Option<&Location>,
    survey: &Survey,
    tracked: Option<bool>,
    bytes: Option<&[u8]>,
    previous: &Previous,
) -> Judgement {
    let current = PanicInventory::new(survey);
    let blocking = |message: String| Finding::blocking(CHECK.blocks_at, message);
    let mut findings = Vec::new();
    match bytes {
        None => findings.push(
            blocking(format!("there is no panic inventory at `{path}`"))
                .help(format!("`cargo gate source panics --write && git add {path}`")),
        ),
        Some(bytes) => {
            if tracked == Some(false) {
                findings.push(
                    blocking(format!("the panic inventory `{path}` is not tracked by git"))
                        .help(format!("`git add {path}`"))
                        .at(Location::file(path)),
                );
            }
            if bytes != current.to_text().as_bytes() {
                findings.extend(stale(path, &current, bytes));
            }
        }
    }
    let earlier = match previous {
        Previous::None => Ok(None),
        Previous::Unknown(reason) => Err(reason.clone()),
        Previous::Bytes(bytes) => PanicInventory::parse(bytes).map(Some).map_err(|message| {
            Reason::new(
                "unreadable_history",
                format!("cannot read the previous version of `{path}`: {message}"),
            )
            .help("commit an inventory written by `cargo gate source panics --write`")
        }),
    };
    let unknown = match earlier {
        Ok(before) => {
            findings.extend(before.iter().flat_map(|before| risen(survey, before, &current)));
            None
        }
        Err(reason) => Some(reason),
    };
    let findings = findings
        .into_iter()
        .map(|finding| finding.because(declared.cloned()))
        .collect();
    match unknown {
        Some(reason) => inconclusive_unless(findings, reason),
        None => Judgement::Findings(findings),
    }
}

const WRITE: &str = "`cargo gate source panics --write`, then review and commit the difference";

/// One finding per package whose counts are wrong, or one for the file when only its words are.
fn stale(path: &str, current: &PanicInventory, bytes: &[u8]) -> Vec<Finding> {
    let about_file = |message: String| {
        vec![
            Finding::blocking(CHECK.blocks_at, message)
                .help(WRITE)
                .at(Location::file(path)),
        ]
    };
    let tracked = match PanicInventory::parse(bytes) {
        Ok(tracked) => tracked,
        Err(message) => return about_file(format!("cannot read the panic inventory `{path}`: {message}")),
    };
    let changes = tracked.changes(current);
    if changes.is_empty() {
        return about_file(format!(
            "the panic inventory `{path}` is not formatted as the command writes it"
        ));
    }
    let by_package = changes.chunk_by(|one, other| one.package == other.package);
    by_package
        .map(|changes| {
            let counts: Vec<String> = changes
                .iter()
                .map(|change| format!("{} instead of {}", change.kind.counted(change.after), change.before))
                .collect();
            let package = changes[0].package;
            Finding::blocking(
                CHECK.blocks_at,
                format!("the panic inventory is stale: `{package}` has {}", counts.join(", ")),
            )
            .help(WRITE)
            .at(Location::file(path))
            .package(package)
        })
        .collect()
}

/// Places that a finding shows at most.
const SHOWN: usize = 5;

/// One finding per package and kind that has more than before.
fn risen(survey: &Survey, before: &PanicInventory, current: &PanicInventory) -> Vec<Finding> {
    let changes = before.changes(current);
    let rises = changes.into_iter().filter(|change| change.after > change.before);
    rises
        .map(
            |Change {
                 package,
                 kind,
                 before,
                 after,
             }| {
                let finding = Finding::blocking(
                    CHECK.blocks_at,
                    format!(
                        "`{package}` has {}, {} more than before",
                        kind.counted(after),
                        after - before
                    ),
                )
                .help(format!(
                    "return an error, or run `cargo gate govern waiver add --check failure.panics --package {package}` \
                 with owner, reason and expiry date; `cargo gate source panics --list -p {package}` shows the \
                 places"
                ))
                .package(package);
                // Which of them is the new one, no count tells: only a few are worth showing.
                let places = places(survey, package, kind);
                if places.len() > SHOWN {
                    return finding;
                }
                places.into_iter().fold(finding, Finding::at)
            },
        )
        .collect()
}

fn places(survey: &Survey, package: &str, kind: PanicKind) -> Vec<Location> {
    let sites = survey.package(package).into_iter().flat_map(PackageSurvey::panics);
    sites
        .filter(|(_, site)| site.kind == kind)
        .map(|(file, site)| Location::span(&file.path, site.line, site.column, 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveys::{judgement, library};

    fn text_of(text: &str) -> String {
        PanicInventory::new(&library(&[("src/lib.rs", text)])).to_text()
    }

    fn said(text: &str, tracked: Option<&str>, previous: &Previous) -> String {
        let survey = library(&[("src/lib.rs", text)]);
        let declared = Location::line("gate.toml", 4);
        judgement(&judge(
            "panics.json",
            Some(&declared),
            &survey,
            Some(true),
            tracked.map(str::as_bytes),
            previous,
        ))
    }

    const ONE: &str = "fn f(x: &[u8]) { x.first().unwrap(); }";
    const TWO: &str = "fn f(x: &[u8]) { x.first().unwrap(); x.last().unwrap(); x[0]; }";

    #[test]
    fn the_format() {
        insta::assert_snapshot!(text_of(TWO), @r#"
        {
          "_generated": "by cargo gate; do not edit",
          "_generator": "cargo gate source panics --write",
          "_source": "Rust sources of the workspace",
          "schema": 1,
          "packages": [
            {
              "name": "app",
              "library": {
                "unwrap": 2,
                "indexing": 1
              }
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_stale_inventory_names_package_and_kinds() {
        assert_eq!(said(ONE, Some(&text_of(ONE)), &Previous::None), "");
        insta::assert_snapshot!(said(TWO, Some(&text_of(ONE)), &Previous::None), @"
        [controlled] the panic inventory is stale: `app` has 2 `unwrap` instead of 1, 1 index expression instead of 0
          at panics.json
          help: `cargo gate source panics --write`, then review and commit the difference
          because gate.toml:4
        ");
        insta::assert_snapshot!(said(ONE, None, &Previous::None), @"
        [controlled] there is no panic inventory at `panics.json`
          help: `cargo gate source panics --write && git add panics.json`
          because gate.toml:4
        ");
        insta::assert_snapshot!(said(ONE, Some("{"), &Previous::None), @"
        [controlled] cannot read the panic inventory `panics.json`: EOF while parsing an object at line 1 column 1
          at panics.json
          help: `cargo gate source panics --write`, then review and commit the difference
          because gate.toml:4
        ");
        insta::assert_snapshot!(said(ONE, Some(&text_of(ONE).replace("  ", " ")), &Previous::None), @"
        [controlled] the panic inventory `panics.json` is not formatted as the command writes it
          at panics.json
          help: `cargo gate source panics --write`, then review and commit the difference
          because gate.toml:4
        ");
    }

    #[test]
    fn counts_only_fall() {
        let now = text_of(TWO);
        let fewer = Previous::Bytes(text_of(ONE).into_bytes());
        insta::assert_snapshot!(said(TWO, Some(&now), &fewer), @"
        [controlled] `app` has 2 `unwrap`, 1 more than before
          at src/lib.rs:1:28
          at src/lib.rs:1:47
          help: return an error, or run `cargo gate govern waiver add --check failure.panics --package app` with owner, reason and expiry date; `cargo gate source panics --list -p app` shows the places
          because gate.toml:4
        [controlled] `app` has 1 index expression, 1 more than before
          at src/lib.rs:1:58
          help: return an error, or run `cargo gate govern waiver add --check failure.panics --package app` with owner, reason and expiry date; `cargo gate source panics --list -p app` shows the places
          because gate.toml:4
        ");
        let more = Previous::Bytes(now.into_bytes());
        assert_eq!(said(ONE, Some(&text_of(ONE)), &more), "");
        let broken = Previous::Bytes(b"{}".to_vec());
        insta::assert_snapshot!(said(ONE, Some(&text_of(ONE)), &broken), @"inconclusive unreadable_history: cannot read the previous version of `panics.json`: missing field `_generated` at line 1 column 2");
        let unknown = Previous::Unknown(Reason::new("shallow_clone", "the clone is shallow"));
        assert_eq!(
            said(ONE, Some(&text_of(ONE)), &unknown),
            "inconclusive shallow_clone: the clone is shallow"
        );
    }
}
