//! `boundary.inventory`: the tracked inventory is true, and its counts only fall.

use gate_base::stage::Stage;
use gate_policy::{BoundaryPolicy, TierPolicy};
use gate_report::{Dimension, Location};
use gate_rust::inventory::Inventory;
use gate_surveys::authority::Authorities;
use gate_surveys::boundary_inventory::{self, InventoryPackage};

use super::raw::unreadable;
use crate::ratchet::Tracked;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

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
    fixes: Fixes::Command,
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
    let listed = context.files().get(path).is_some_and(|file| file.tracked);
    let declared = boundary.as_ref().map(|boundary| &boundary.location);
    let found = context.boundary_inventory();
    match Tracked::read::<InventoryPackage>((&CHECK, path, declared), found, listed) {
        Ok(tracked) => judge(
            &tracked,
            &boundary_inventory::of(survey, &Authorities::new(context.section::<TierPolicy>(), boundary)),
        ),
        Err(reason) => Judgement::Inconclusive(reason),
    }
}

fn judge(tracked: &Tracked<'_>, current: &Inventory<InventoryPackage>) -> Judgement {
    let unchanged = "stale: items, files, test counts or declared authority have changed";
    tracked.judge(current, unchanged, |change, finding| {
        let help = format!(
            "remove it, or run `cargo gate govern waiver add --check boundary.inventory --package {}` with owner, reason \
             and expiry date",
            change.package
        );
        finding.help(help).at(Location::file(tracked.path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratchet::{Previous, unix_lines};
    use crate::surveys::{allow, judgement, policy, survey};
    use gate_policy::{Policy, Tier};

    fn inventory(text: &str) -> Inventory<InventoryPackage> {
        boundary_inventory::of(
            &survey(&[("src/lib.rs", text), ("tests/t.rs", "fn t() { unsafe {} }")]),
            &authorities(&policy(Tier::Native)),
        )
    }

    fn authorities(policy: &Policy) -> Authorities<'_> {
        Authorities::new(&policy.tiers, &policy.boundary)
    }

    fn said(current: &Inventory<InventoryPackage>, tracked: &str, previous: &Previous) -> String {
        judged(current, Some(true), Some(tracked.as_bytes()), previous)
    }

    fn judged(
        current: &Inventory<InventoryPackage>,
        tracked: Option<bool>,
        bytes: Option<&[u8]>,
        previous: &Previous,
    ) -> String {
        let declared = Location::line("gate.toml", 5);
        let tracked = Tracked {
            check: &CHECK,
            path: "boundary_inventory.json",
            declared: Some(&declared),
            tracked,
            bytes: bytes.map(<[u8]>::to_vec),
            previous: previous.clone(),
        };
        judgement(&judge(&tracked, current))
    }

    #[test]
    fn the_format() {
        let mut declared = policy(Tier::Portable);
        allow(&mut declared, "src/ffi.rs");
        let survey = survey(&[
            ("src/ffi.rs", "extern \"C\" { fn c(); }\nfn f() { unsafe {} unsafe {} }"),
            ("src/lib.rs", "mod ffi;\nmod a { impl B { unsafe fn c() {} } }"),
            ("tests/t.rs", "fn t() { unsafe {} }"),
        ]);
        insta::assert_snapshot!(boundary_inventory::of(&survey, &authorities(&declared)).to_text());
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
