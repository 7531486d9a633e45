//! One mutation per check: it turns the gate red, with that check failing, and undoing it turns the gate green.

#[path = "mutations/checks.rs"]
mod checks;
#[path = "mutations/ci.rs"]
mod ci;
#[path = "mutations/documents.rs"]
mod documents;
#[path = "mutations/evidence.rs"]
mod evidence;
#[path = "mutations/governance.rs"]
mod governance;
#[path = "mutations/kernels.rs"]
mod kernels;
#[path = "mutations/list.rs"]
mod list;
#[path = "mutations/machine.rs"]
mod machine;
#[path = "mutations/promises.rs"]
mod promises;
#[path = "mutations/runtime.rs"]
mod runtime;
#[path = "mutations/suites.rs"]
mod suites;
#[path = "mutations/supply.rs"]
mod supply;
// Links, modes and shells.
#[cfg(unix)]
#[path = "mutations/table/mod.rs"]
mod table;

use std::collections::BTreeSet;

use gate_tests::harness::Gate;
use machine::{Mutation, Undo};

/// Every mutation of this suite, by the room it is in.
fn all() -> impl Iterator<Item = &'static Mutation> {
    [
        checks::ALL,
        ci::ALL,
        documents::ALL,
        governance::ALL,
        kernels::ALL,
        promises::ALL,
        runtime::ALL,
        suites::ALL,
        suites::UNIX,
        supply::ALL,
    ]
    .into_iter()
    .flatten()
}

#[test]
fn every_check_and_every_kind_of_suite_has_a_mutation() {
    let mutated: BTreeSet<&str> = all().map(|mutation| mutation.check).collect();
    for check in gate_checks::ALL {
        assert!(mutated.contains(check.id), "{} has no mutation", check.id);
    }
    for kind in gate_suites::KINDS {
        let of_kind = |id: &&str| id.starts_with(kind.id);
        assert!(mutated.iter().any(of_kind), "{} has no mutation", kind.id);
    }
    assert!(all().all(|mutation| !mutation.name.is_empty()));
    let names: BTreeSet<&str> = all().map(|mutation| mutation.name).collect();
    assert_eq!(names.len(), all().count(), "names of mutations are unique");
}
