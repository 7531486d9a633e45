//! The order of the steps, as types: each step consumes what the step before it returned, so that none can be skipped. What was paused is
//! [`Ending`] sooner or later, and the only way on from there is [`Ending::resume`].
//!
//! ```text
//! preflight ─► dry run ─► pause ─► cutover ─► post-verify ─► resume
//!                           │         │            │           ▲
//!                           │         └────────────┴─ failed ──┤
//!                           └──────── failed ──────────────────┘   rollback goes first, where something was switched
//! ```

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Versions, commands and the history are what the migration needs.
    Preflight,
    /// The history is migrated to the side, and the result judged.
    DryRun,
    /// What writes to the history stops.
    Pause,
    /// The history is migrated and judged once more, and switched.
    Cutover,
    /// The history is what was judged.
    PostVerify,
    /// If it is not, it becomes what it was.
    RollbackIfFailed,
    /// What was paused starts again.
    Resume,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The history was switched and verified.
    Completed,
    /// The history was not switched.
    NotSwitched,
    /// The history was switched, and is again what it was.
    RolledBack,
    /// The history is neither what it was nor what was judged; a person must decide.
    Unresolved,
}

/// Why a step failed, in sentence case without a final full stop.
pub(super) type Reason = String;

/// Which of the two the history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// What it was before the cutover.
    Before,
    /// What the cutover makes of it.
    After,
    /// Neither, in words.
    Neither(Reason),
}

/// What the steps act on. No method takes more than one step.
pub(super) trait System {
    fn preflight(&mut self) -> Result<(), Reason>;
    fn dry_run(&mut self) -> Result<(), Reason>;
    /// Records, so that it survives a power failure, that a step is about to be taken and how the attempt ends if nothing else happens.
    fn intend(&mut self, step: Step, otherwise: Outcome) -> Result<(), Reason>;
    fn pause(&mut self) -> Result<(), Reason>;
    /// Migrates what the history is now, to the side, and judges the result. Writes nothing.
    fn prepare(&mut self) -> Result<(), Reason>;
    fn switch(&mut self) -> Result<(), Reason>;
    fn standing(&mut self) -> Standing;
    /// Makes the history what it was before.
    fn restore(&mut self) -> Result<(), Reason>;
    fn resume(&mut self) -> Result<(), Reason>;
    /// Records the end; a resume that failed leaves the attempt open.
    fn close(&mut self, outcome: Outcome, resumed: bool) -> Result<(), Reason>;
    /// Hears why a step failed.
    fn failed(&mut self, step: Step, reason: Reason);
}

/// Nothing was done.
#[must_use]
pub(super) struct Begun<'s, S: System>(&'s mut S);
/// The preflight has passed.
#[must_use]
pub(super) struct Checked<'s, S: System>(&'s mut S);
/// The dry run has passed.
#[must_use]
pub(super) struct Rehearsed<'s, S: System>(&'s mut S);
/// Nothing writes to the history.
#[must_use]
pub(super) struct Paused<'s, S: System>(&'s mut S);
/// The history was switched.
#[must_use]
pub(super) struct Switched<'s, S: System>(&'s mut S);
/// The history was or may have been switched, and is not what was judged.
#[must_use]
pub(super) struct Unverified<'s, S: System>(&'s mut S);
/// What was paused must start again.
#[must_use = "what was paused must be resumed"]
pub(super) struct Ending<'s, S: System> {
    system: &'s mut S,
    outcome: Outcome,
}

/// The end: how it ended, and whether what was paused runs and that is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) resumed: bool,
}

/// The first of all steps.
pub(super) fn begin<S: System>(system: &mut S) -> Begun<'_, S> {
    Begun(system)
}

/// Takes all steps. `None` where nothing was paused, because a step before that failed.
pub(super) fn carry_out<S: System>(system: &mut S) -> Option<End> {
    let ending = match begin(system).preflight()?.dry_run()?.pause()? {
        Ok(paused) => match paused.cutover() {
            Ok(switched) => verified(switched),
            Err(NotSwitched::Untouched(ending)) => ending,
            Err(NotSwitched::Unverified(unverified)) => unverified.rollback(),
        },
        Err(ending) => ending,
    };
    Some(ending.resume())
}

fn verified<S: System>(switched: Switched<'_, S>) -> Ending<'_, S> {
    switched.post_verify().unwrap_or_else(Unverified::rollback)
}

/// Goes on after a kill, from the last step that was intended.
pub(super) fn go_on<S: System>(system: &mut S, intended: Step, otherwise: Outcome) -> End {
    let ending = match intended {
        Step::Preflight | Step::DryRun | Step::Pause => Ending::of(system, Outcome::NotSwitched),
        Step::Cutover => match system.standing() {
            Standing::Before => Ending::of(system, Outcome::NotSwitched),
            Standing::After => verified(Switched(system)),
            Standing::Neither(reason) => {
                system.failed(Step::Cutover, reason);
                Unverified(system).rollback()
            }
        },
        Step::PostVerify => verified(Switched(system)),
        Step::RollbackIfFailed => Unverified(system).rollback(),
        Step::Resume => Ending::of(system, otherwise),
    };
    ending.resume()
}

impl<'s, S: System> Begun<'s, S> {
    pub(super) fn preflight(self) -> Option<Checked<'s, S>> {
        match self.0.preflight() {
            Ok(()) => Some(Checked(self.0)),
            Err(reason) => {
                self.0.failed(Step::Preflight, reason);
                None
            }
        }
    }
}

impl<'s, S: System> Checked<'s, S> {
    pub(super) fn dry_run(self) -> Option<Rehearsed<'s, S>> {
        match self.0.dry_run() {
            Ok(()) => Some(Rehearsed(self.0)),
            Err(reason) => {
                self.0.failed(Step::DryRun, reason);
                None
            }
        }
    }
}

impl<'s, S: System> Rehearsed<'s, S> {
    /// A pause that failed may have stopped something, so it ends with a resume too.
    fn pause(self) -> Option<Result<Paused<'s, S>, Ending<'s, S>>> {
        let system = self.0;
        if let Err(reason) = system.intend(Step::Pause, Outcome::NotSwitched) {
            system.failed(Step::Pause, reason);
            return None;
        }
        Some(match system.pause() {
            Ok(()) => Ok(Paused(system)),
            Err(reason) => {
                system.failed(Step::Pause, reason);
                Err(Ending::of(system, Outcome::NotSwitched))
            }
        })
    }
}

/// What a cutover leaves that failed.
enum NotSwitched<'s, S: System> {
    /// Nothing was written.
    Untouched(Ending<'s, S>),
    /// The switch was tried.
    Unverified(Unverified<'s, S>),
}

impl<'s, S: System> Paused<'s, S> {
    fn cutover(self) -> Result<Switched<'s, S>, NotSwitched<'s, S>> {
        let system = self.0;
        let ready = system.prepare();
        if let Err(reason) = ready.and_then(|()| system.intend(Step::Cutover, Outcome::NotSwitched)) {
            system.failed(Step::Cutover, reason);
            return Err(NotSwitched::Untouched(Ending::of(system, Outcome::NotSwitched)));
        }
        match system.switch() {
            Ok(()) => Ok(Switched(system)),
            Err(reason) => {
                system.failed(Step::Cutover, reason);
                Err(NotSwitched::Unverified(Unverified(system)))
            }
        }
    }
}

impl<'s, S: System> Switched<'s, S> {
    fn post_verify(self) -> Result<Ending<'s, S>, Unverified<'s, S>> {
        let system = self.0;
        let recorded = system.intend(Step::PostVerify, Outcome::NotSwitched);
        let verified = recorded.and_then(|()| match system.standing() {
            Standing::After => Ok(()),
            Standing::Before => Err("the history was not switched".to_owned()),
            Standing::Neither(reason) => Err(reason),
        });
        match verified {
            Ok(()) => Ok(Ending::of(system, Outcome::Completed)),
            Err(reason) => {
                system.failed(Step::PostVerify, reason);
                Err(Unverified(system))
            }
        }
    }
}

impl<'s, S: System> Unverified<'s, S> {
    fn rollback(self) -> Ending<'s, S> {
        let system = self.0;
        // What cannot be recorded must be done even so: the record of the cutover leads here as well.
        if let Err(reason) = system.intend(Step::RollbackIfFailed, Outcome::Unresolved) {
            system.failed(Step::RollbackIfFailed, reason);
        }
        let outcome = match system.standing() {
            Standing::Before => Outcome::NotSwitched,
            _ => match system.restore().map(|()| system.standing()) {
                Ok(Standing::Before) => Outcome::RolledBack,
                Ok(Standing::After) => unresolved(system, "the history is still switched".to_owned()),
                Ok(Standing::Neither(reason)) | Err(reason) => unresolved(system, reason),
            },
        };
        Ending::of(system, outcome)
    }
}

fn unresolved<S: System>(system: &mut S, reason: Reason) -> Outcome {
    system.failed(Step::RollbackIfFailed, reason);
    Outcome::Unresolved
}

impl<'s, S: System> Ending<'s, S> {
    fn of(system: &'s mut S, outcome: Outcome) -> Self {
        Self { system, outcome }
    }

    fn resume(self) -> End {
        let Self { system, outcome } = self;
        if let Err(reason) = system.intend(Step::Resume, outcome) {
            system.failed(Step::Resume, reason);
        }
        let mut resumed = true;
        if let Err(reason) = system.resume() {
            system.failed(Step::Resume, reason);
            resumed = false;
        }
        if let Err(reason) = system.close(outcome, resumed) {
            system.failed(Step::Resume, reason);
            resumed = false;
        }
        End { outcome, resumed }
    }
}

#[cfg(test)]
mod tests;
