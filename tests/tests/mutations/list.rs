//! The list of mutations that come from real defects, in its order and with its numbers, and what shows each of them.
//! What is missing needs what is not there yet: kernels, a runtime with rails, benchmarks, an executor.

use std::collections::BTreeSet;

use super::{all, evidence, suites};

/// What shows that a mutation turns the gate red.
enum Shown {
    /// A mutation of the good workspace, by name.
    Mutation(&'static str),
    /// A change in the directory of a run, by name.
    Tampering(&'static str),
    /// A test of its own.
    Test(fn()),
}
use Shown::{Mutation, Tampering, Test};

const LIST: &[(u32, &[Shown])] = &[
    (
        1,
        &[Tampering("edit a status"), Tampering("edit a status and the hashes")],
    ),
    (
        2,
        &[
            Tampering("delete a listed artifact"),
            Mutation("ask for an artifact that is not there (2)"),
        ],
    ),
    (3, &[Mutation("empty a required suite")]),
    (4, &[Mutation("make a required suite skip")]),
    (9, &[Mutation("map an open risk to a closed item (9)")]),
    (
        10,
        &[
            Mutation("let a waiver expire"),
            Mutation("add a waiver that nothing needs"),
        ],
    ),
    (11, &[Mutation("tick a roadmap box early")]),
    (
        12,
        &[
            Mutation("plant a secret in a log (12)"),
            Mutation("plant a secret in the debug information of PTX (12)"),
            Test(suites::a_planted_secret_is_in_no_output),
        ],
    ),
    (
        13,
        &[
            Test(evidence::a_touched_file_runs_nothing_again),
            Test(evidence::a_change_behind_the_back_of_the_clock_is_noticed),
        ],
    ),
    (14, &[Mutation("regenerate expected results from the implementation")]),
    (
        16,
        &[
            Mutation("let CI pass when the gate refuses (16, 20)"),
            Test(suites::suites_turn_the_gate_red),
        ],
    ),
    (17, &[Tampering("edit the report")]),
    (18, &[Mutation("leave a fault-injection variable set")]),
    (19, &[Tampering("edit a status and the hashes")]),
    (
        20,
        &[
            Mutation("remove the gate from CI (20)"),
            Mutation("delete the workflow (20)"),
        ],
    ),
    (22, &[Mutation("show a command with a flag that does not exist")]),
    (23, &[Tampering("delete a key from the decision")]),
    (24, &[Mutation("put an absolute home path into a log (24)")]),
];

#[test]
fn what_the_list_names_is_there() {
    let mutations: BTreeSet<&str> = all().map(|mutation| mutation.name).collect();
    let tamperings: BTreeSet<&str> = evidence::TAMPERING.iter().map(|(name, _)| *name).collect();
    for (number, shown) in LIST {
        assert!(!shown.is_empty(), "{number}");
        for one in *shown {
            match one {
                Mutation(name) => assert!(mutations.contains(name), "{number}: {name}"),
                Tampering(name) => assert!(tamperings.contains(name), "{number}: {name}"),
                // It is there, or this would not compile; it runs by itself.
                Test(test) => {
                    let _: fn() = *test;
                }
            }
        }
    }
    assert!(LIST.is_sorted_by(|a, b| a.0 < b.0));
}
