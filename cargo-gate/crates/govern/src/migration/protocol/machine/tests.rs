//! Every step fails, or the process is killed in it, before or after it had its effect: all pairs of such faults, and what recovery makes of
//! them.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::*;

/// What happens at an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    FailsBefore,
    FailsAfter,
    KilledBefore,
    KilledAfter,
}

const FAULTS: [Fault; 4] = [
    Fault::FailsBefore,
    Fault::FailsAfter,
    Fault::KilledBefore,
    Fault::KilledAfter,
];
/// More operations than an attempt and two recoveries have.
const OPERATIONS: usize = 48;

struct Killed;

/// A system that is paused or not, a history that is old or new, and the record of what was intended.
#[derive(Default)]
struct World {
    paused: bool,
    switched: bool,
    /// A history that never verifies.
    damaged_by_switch: bool,
    damaged: bool,
    journal: Option<(Step, Outcome)>,
    closed: Option<Outcome>,
    /// What the type promises, seen from outside: the steps that had an effect.
    trace: Vec<&'static str>,
    operations: usize,
    faults: Vec<(usize, Fault)>,
}

impl World {
    fn operation(&mut self, name: &'static str, effect: impl FnOnce(&mut Self)) -> Result<(), Reason> {
        let at = self.operations;
        self.operations += 1;
        let fault = self
            .faults
            .iter()
            .find(|(when, _)| *when == at)
            .map(|(_, fault)| *fault);
        if fault == Some(Fault::KilledBefore) {
            resume_unwind(Box::new(Killed));
        }
        if fault != Some(Fault::FailsBefore) {
            effect(self);
            self.trace.push(name);
        }
        match fault {
            Some(Fault::KilledAfter) => resume_unwind(Box::new(Killed)),
            Some(Fault::FailsBefore | Fault::FailsAfter) => Err(format!("{name} failed")),
            _ => Ok(()),
        }
    }
}

impl System for World {
    fn preflight(&mut self) -> Result<(), Reason> {
        self.operation("preflight", |_| {})
    }

    fn dry_run(&mut self) -> Result<(), Reason> {
        self.operation("dry run", |_| {})
    }

    fn intend(&mut self, step: Step, otherwise: Outcome) -> Result<(), Reason> {
        self.operation("intend", |world| world.journal = Some((step, otherwise)))
    }

    fn pause(&mut self) -> Result<(), Reason> {
        assert!(self.journal.is_some(), "nothing was recorded before the pause");
        self.operation("pause", |world| world.paused = true)
    }

    fn prepare(&mut self) -> Result<(), Reason> {
        self.operation("prepare", |_| {})
    }

    fn switch(&mut self) -> Result<(), Reason> {
        assert!(self.paused, "switched without a pause");
        assert_eq!(self.journal.map(|(step, _)| step), Some(Step::Cutover));
        self.operation("switch", |world| {
            world.switched = true;
            world.damaged = world.damaged_by_switch;
        })
    }

    fn standing(&mut self) -> Standing {
        match self.operation("standing", |_| {}) {
            Err(reason) => Standing::Neither(reason),
            Ok(()) if self.damaged => Standing::Neither("damaged".into()),
            Ok(()) if self.switched => Standing::After,
            Ok(()) => Standing::Before,
        }
    }

    fn restore(&mut self) -> Result<(), Reason> {
        self.operation("restore", |world| {
            world.switched = false;
            world.damaged = false;
        })
    }

    fn resume(&mut self) -> Result<(), Reason> {
        self.operation("resume", |world| world.paused = false)
    }

    fn close(&mut self, outcome: Outcome, resumed: bool) -> Result<(), Reason> {
        self.operation("close", |world| {
            if resumed {
                world.journal = None;
                world.closed = Some(outcome);
            }
        })
    }

    fn failed(&mut self, _: Step, _: Reason) {}
}

/// Runs to the end over every kill, and once more where what was paused could not be resumed.
fn to_the_end(world: &mut World) {
    let mut started = false;
    for _ in 0..8 {
        let again = started;
        started = true;
        let run = catch_unwind(AssertUnwindSafe(|| match world.journal {
            None if again => {}
            None => drop(carry_out(world)),
            Some((step, otherwise)) => drop(go_on(world, step, otherwise)),
        }));
        if let Err(panic) = run {
            assert!(panic.is::<Killed>(), "an assertion of the world failed");
            continue;
        }
        if world.journal.is_none() {
            return;
        }
    }
    panic!("still open: {:?}", world.journal);
}

fn after(faults: &[(usize, Fault)], damaged_by_switch: bool) -> World {
    let mut world = World {
        faults: faults.to_vec(),
        damaged_by_switch,
        ..World::default()
    };
    to_the_end(&mut world);
    let told = || format!("{faults:?}: {:?}", world.trace);
    assert!(!world.paused, "left paused by {}", told());
    let at = |name: &str| world.trace.iter().position(|step| *step == name);
    let order = ["preflight", "dry run", "pause", "prepare", "switch"].map(at);
    for pair in order.windows(2) {
        assert!(
            pair[1].is_none() || pair[0] < pair[1] && pair[0].is_some(),
            "{}",
            told()
        );
    }
    if at("pause").is_some() {
        assert!(at("resume").is_some(), "never resumed: {}", told());
    }
    match world.closed {
        None => assert!(at("pause").is_none() && !world.switched, "{}", told()),
        Some(Outcome::Completed) => assert!(world.switched && !world.damaged, "{}", told()),
        Some(Outcome::NotSwitched | Outcome::RolledBack) => assert!(!world.switched && !world.damaged, "{}", told()),
        // Only where going back failed itself, or the history could not be read.
        Some(Outcome::Unresolved) => assert!(!faults.is_empty(), "{}", told()),
    }
    world
}

#[test]
fn without_a_fault_every_step_is_taken_once() {
    let world = after(&[], false);
    let steps: Vec<&str> = world.trace.into_iter().filter(|step| *step != "intend").collect();
    assert_eq!(
        steps,
        [
            "preflight",
            "dry run",
            "pause",
            "prepare",
            "switch",
            "standing",
            "resume",
            "close"
        ]
    );
    assert_eq!(world.closed, Some(Outcome::Completed));
}

#[test]
fn what_does_not_verify_goes_back() {
    let world = after(&[], true);
    assert_eq!(world.closed, Some(Outcome::RolledBack));
}

#[test]
fn nothing_stays_paused_or_half_done_after_any_three_faults() {
    let mut outcomes = std::collections::BTreeMap::new();
    let mut runs = 0;
    let mut count = |faults: &[(usize, Fault)], damaged: bool| {
        runs += 1;
        *outcomes
            .entry(format!("{:?}", after(faults, damaged).closed))
            .or_insert(0) += 1;
    };
    for damaged in [false, true] {
        for first in 0..OPERATIONS {
            for fault in FAULTS {
                count(&[(first, fault)], damaged);
                for second in first + 1..OPERATIONS.min(first + 16) {
                    for other in FAULTS {
                        count(&[(first, fault), (second, other)], damaged);
                        for third in second + 1..OPERATIONS.min(second + 6) {
                            for last in FAULTS {
                                count(&[(first, fault), (second, other), (third, last)], damaged);
                            }
                        }
                    }
                }
            }
        }
    }
    // Each way to end is among them, so that the conditions above were met.
    for outcome in [
        "None",
        "Some(Completed)",
        "Some(NotSwitched)",
        "Some(RolledBack)",
        "Some(Unresolved)",
    ] {
        assert!(outcomes.contains_key(outcome), "{runs} runs: {outcomes:?}");
    }
}
