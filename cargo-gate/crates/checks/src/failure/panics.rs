//! `failure.panics`: the number of places in library code that panic is tracked, and only falls.

use gate_base::stage::Stage;
use gate_policy::FailurePolicy;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_rust::facts::PanicKind;
use gate_rust::library::inventory::{self, PanicPackage};
use gate_rust::library::{PackageSurvey, Survey};

use crate::ratchet::Tracked;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

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
    fixes: Fixes::Command,
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
    let listed = context.files().get(path).is_some_and(|file| file.tracked);
    let failure = context.section::<FailurePolicy>().as_ref();
    let declared = failure.map(|failure| &failure.location);
    match Tracked::read::<PanicPackage>((&CHECK, path, declared), context.panic_inventory(), listed) {
        Ok(tracked) => judge(&tracked, survey),
        Err(reason) => Judgement::Inconclusive(reason),
    }
}

/// A source that is part of a library and cannot be read: what it holds is unknown.
pub(crate) fn unreadable_source(path: &str, error: &str) -> Reason {
    Reason::new("unreadable_source", format!("cannot read `{path}`: {error}"))
        .help(format!("make `{path}` readable, or remove it"))
}

/// Places that a finding shows at most.
const SHOWN: usize = 5;

fn judge(tracked: &Tracked<'_>, survey: &Survey) -> Judgement {
    let unchanged = "not formatted as the command writes it";
    tracked.judge(&inventory::of(survey), unchanged, |change, finding| {
        let package = change.package;
        let finding = finding.help(format!(
            "return an error, or run `cargo gate govern waiver add --check failure.panics --package {package}` \
             with owner, reason and expiry date; `cargo gate source panics --list -p {package}` shows the \
             places"
        ));
        // Which of them is the new one, no count tells: only a few are worth showing.
        let places = places(survey, package, change.kind);
        if places.len() > SHOWN {
            return finding;
        }
        places.into_iter().fold(finding, Finding::at)
    })
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
    use crate::ratchet::Previous;
    use crate::surveys::{judgement, library};

    fn text_of(text: &str) -> String {
        inventory::of(&library(&[("src/lib.rs", text)])).to_text()
    }

    fn said(text: &str, tracked: Option<&str>, previous: &Previous) -> String {
        let survey = library(&[("src/lib.rs", text)]);
        let declared = Location::line("gate.toml", 4);
        let tracked = Tracked {
            check: &CHECK,
            path: "panics.json",
            declared: Some(&declared),
            tracked: Some(true),
            bytes: tracked.map(|text| text.as_bytes().to_vec()),
            previous: previous.clone(),
        };
        judgement(&judge(&tracked, &survey))
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
