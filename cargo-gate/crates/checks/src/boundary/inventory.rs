//! `boundary.inventory`: the tracked inventory is true, and its counts only fall.

use std::collections::BTreeMap;

use gate_base::stage::Stage;
use gate_policy::{BoundaryPolicy, TierPolicy};
use gate_report::{Dimension, Finding, Location, Reason};
use gate_surveys::authority::Authorities;
use gate_surveys::boundary_inventory::{Change, Inventory};

use super::raw::unreadable;
use crate::ratchet::{Previous, inconclusive_unless, previous, unix_lines};
use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::RustSources,
    input::FileNames,
    input::BoundaryInventory,
    // The previous version of the inventory is a function of the commit.
    input::GitHead,
    TierPolicy,
    BoundaryPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "boundary.inventory",
    summary: "The tracked boundary inventory is up to date, and no count in it has increased",
    docs: include_str!("inventory.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let path = context.boundary_inventory_path();
    let boundary = context.section::<BoundaryPolicy>().as_ref();
    let declared = boundary.is_some_and(|boundary| boundary.inventory.is_some());
    if declared || context.files().get(path).is_some() {
        return Applies::Yes;
    }
    Applies::No(format!("no inventory is declared and there is no `{path}`"))
}

fn run(context: &Context<'_>) -> Judgement {
    let survey = context.boundaries();
    let boundary = context.section::<BoundaryPolicy>();
    if let Some(reason) = unreadable(survey) {
        return Judgement::Inconclusive(reason);
    }
    let path = context.boundary_inventory_path();
    let (git, bytes) = match context.boundary_inventory() {
        Ok(found) => found,
        Err(error) => {
            return Judgement::Inconclusive(
                Reason::new("unreadable_inventory", format!("cannot read `{path}`: {error}"))
                    .help("make the file readable, or write it again with `cargo gate source boundaries --write`"),
            );
        }
    };
    let tracked = git.map(|_| context.files().get(path).is_some_and(|file| file.tracked));
    let bytes = bytes.map(|bytes| unix_lines(&bytes));
    let current = Inventory::new(survey, &Authorities::new(context.section::<TierPolicy>(), boundary));
    let previous = match (git, &bytes) {
        (Some(git), Some(bytes)) => previous(git, path, bytes),
        _ => Previous::None,
    };
    let declared = boundary.as_ref().map(|boundary| &boundary.location);
    judge(path, declared, &current, tracked, bytes.as_deref(), &previous)
}

fn judge(
    path: &str,
    declared: Option<&Location>,
    current: &Inventory,
    tracked: Option<bool>,
    bytes: Option<&[u8]>,
    previous: &Previous,
) -> Judgement {
    let mut findings = Vec::new();
    match bytes {
        None => findings.push(
            Finding::blocking(CHECK.blocks_at, format!("there is no boundary inventory at `{path}`"))
                .help(format!("`cargo gate source boundaries --write && git add {path}`")),
        ),
        Some(bytes) => {
            if tracked == Some(false) {
                findings.push(
                    Finding::blocking(
                        CHECK.blocks_at,
                        format!("the boundary inventory `{path}` is not tracked by git"),
                    )
                    .help(format!("`git add {path}`"))
                    .at(Location::file(path)),
                );
            }
            if bytes != current.to_text().as_bytes() {
                findings.extend(stale(path, current, bytes));
            }
        }
    }
    match previous {
        Previous::None => {}
        Previous::Bytes(bytes) => match Inventory::parse(bytes) {
            Ok(before) => findings.extend(risen(path, &before, current)),
            Err(message) => {
                return inconclusive_unless(
                    findings,
                    Reason::new(
                        "unreadable_history",
                        format!("cannot read the previous version of `{path}`: {message}"),
                    )
                    .help("commit an inventory written by `cargo gate source boundaries --write`"),
                );
            }
        },
        Previous::Unknown(reason) => return inconclusive_unless(findings, reason.clone()),
    }
    Judgement::Findings(
        findings
            .into_iter()
            .map(|finding| finding.because(declared.cloned()))
            .collect(),
    )
}

const WRITE: &str = "`cargo gate source boundaries --write`, then review and commit the difference";

/// One finding per package whose counts are wrong, or one for the file when only its words are.
fn stale(path: &str, current: &Inventory, bytes: &[u8]) -> Vec<Finding> {
    let tracked = match Inventory::parse(bytes) {
        Ok(tracked) => tracked,
        Err(message) => {
            let message = format!("cannot read the boundary inventory `{path}`: {message}");
            return vec![
                Finding::blocking(CHECK.blocks_at, message)
                    .help(WRITE)
                    .at(Location::file(path)),
            ];
        }
    };
    let mut packages: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for change in tracked.changes(current) {
        packages.entry(change.package).or_default().push(format!(
            "{} instead of {}",
            change.kind.counted(change.after),
            change.before
        ));
    }
    if packages.is_empty() {
        let message = format!(
            "the boundary inventory `{path}` is stale: items, files, test counts or declared authority have changed"
        );
        return vec![
            Finding::blocking(CHECK.blocks_at, message)
                .help(WRITE)
                .at(Location::file(path)),
        ];
    }
    packages
        .into_iter()
        .map(|(package, changes)| {
            let message = format!(
                "the boundary inventory is stale: `{package}` has {}",
                changes.join(", ")
            );
            Finding::blocking(CHECK.blocks_at, message)
                .help(WRITE)
                .at(Location::file(path))
                .package(package)
        })
        .collect()
}

/// One finding per package and kind that has more than before.
fn risen(path: &str, before: &Inventory, current: &Inventory) -> Vec<Finding> {
    let rises = before
        .changes(current)
        .into_iter()
        .filter(|change| change.after > change.before);
    rises
        .map(
            |Change {
                 package,
                 kind,
                 before,
                 after,
             }| {
                Finding::blocking(
                    CHECK.blocks_at,
                    format!(
                        "`{package}` has {}, {} more than before",
                        kind.counted(after),
                        after - before
                    ),
                )
                .help(format!(
                    "remove it, or run `cargo gate govern waiver add --check boundary.inventory --package {package}` \
                 with owner, reason and expiry date"
                ))
                .at(Location::file(path))
                .package(package)
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveys::{allow, judgement, policy, survey};
    use gate_policy::{Policy, Tier};

    fn inventory(text: &str) -> Inventory {
        Inventory::new(
            &survey(&[("src/lib.rs", text), ("tests/t.rs", "fn t() { unsafe {} }")]),
            &authorities(&policy(Tier::Native)),
        )
    }

    fn authorities(policy: &Policy) -> Authorities<'_> {
        Authorities::new(&policy.tiers, &policy.boundary)
    }

    fn said(current: &Inventory, tracked: &str, previous: &Previous) -> String {
        judged(current, Some(true), Some(tracked.as_bytes()), previous)
    }

    fn judged(current: &Inventory, tracked: Option<bool>, bytes: Option<&[u8]>, previous: &Previous) -> String {
        let declared = Location::line("gate.toml", 5);
        judgement(&judge(
            "boundary_inventory.json",
            Some(&declared),
            current,
            tracked,
            bytes,
            previous,
        ))
    }

    #[test]
    fn the_format() {
        let mut declared = policy(Tier::Portable);
        allow(&mut declared, "src/ffi.rs");
        let survey = survey(&[
            ("src/ffi.rs", "extern \"C\" {}\nfn f() { unsafe {} unsafe {} }"),
            ("src/lib.rs", "mod a { impl B { unsafe fn c() {} } }"),
            ("tests/t.rs", "fn t() { unsafe {} }"),
        ]);
        insta::assert_snapshot!(Inventory::new(&survey, &authorities(&declared)).to_text());
    }

    #[test]
    fn a_true_inventory_is_silent_whatever_its_line_endings() {
        let current = inventory("fn f() { unsafe {} }");
        assert_eq!(said(&current, &current.to_text(), &Previous::None), "");
        let dos = current.to_text().replace('\n', "\r\n");
        assert_eq!(unix_lines(dos.as_bytes()), current.to_text().as_bytes());
    }

    #[test]
    fn a_stale_inventory_names_package_and_kind() {
        let current = inventory("fn f() { unsafe {} unsafe {} } unsafe fn g() {}");
        let old = inventory("fn f() { unsafe {} }").to_text();
        insta::assert_snapshot!(said(&current, &old, &Previous::None), @"
        [controlled] the boundary inventory is stale: `app` has 2 unsafe blocks instead of 1, 1 unsafe fn instead of 0
          at boundary_inventory.json
          help: `cargo gate source boundaries --write`, then review and commit the difference
          because gate.toml:5
        ");
        let moved = inventory("fn h() { unsafe {} unsafe {} } unsafe fn g() {}").to_text();
        insta::assert_snapshot!(said(&current, &moved, &Previous::None), @"
        [controlled] the boundary inventory `boundary_inventory.json` is stale: items, files, test counts or declared authority have changed
          at boundary_inventory.json
          help: `cargo gate source boundaries --write`, then review and commit the difference
          because gate.toml:5
        ");
        insta::assert_snapshot!(judged(&current, Some(false), None, &Previous::None), @"
        [controlled] there is no boundary inventory at `boundary_inventory.json`
          help: `cargo gate source boundaries --write && git add boundary_inventory.json`
          because gate.toml:5
        ");
    }

    #[test]
    fn counts_only_fall() {
        let current = inventory("fn f() { unsafe {} unsafe {} }");
        let fewer = Previous::Bytes(inventory("fn f() { unsafe {} }").to_text().into_bytes());
        insta::assert_snapshot!(said(&current, &current.to_text(), &fewer), @"
        [controlled] `app` has 2 unsafe blocks, 1 more than before
          at boundary_inventory.json
          help: remove it, or run `cargo gate govern waiver add --check boundary.inventory --package app` with owner, reason and expiry date
          because gate.toml:5
        ");
        let more = Previous::Bytes(
            inventory("fn f() { unsafe {} unsafe {} unsafe {} }")
                .to_text()
                .into_bytes(),
        );
        assert_eq!(said(&current, &current.to_text(), &more), "");
        insta::assert_snapshot!(
            said(&current, &current.to_text(), &Previous::Bytes(b"{}".to_vec())),
            @"inconclusive unreadable_history: cannot read the previous version of `boundary_inventory.json`: missing field `_generated` at line 1 column 2"
        );
    }
}
