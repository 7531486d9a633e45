//! One dispatch in sixteen words.

use crate::control::ControlState;
use crate::dispatch::{Backend, Dispatch, Outcome, Outputs, Trace};
use crate::reason::{Causes, MAX_CAUSES};

/// Words of a record: two cache lines.
pub(crate) const WORDS: usize = 16;

/// Words of a record that has no more to say: one cache line. The CPU path makes no other kind.
const SHORT: usize = 8;

/// One dispatch. The layout never leaves the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record(pub(super) [u64; WORDS]);

const KERNEL: usize = 0;
const STARTED: usize = 1;
const LATENCY: usize = 2;
const CONTROL: usize = 3;
const FLAGS: usize = 4;
const FINGERPRINT: usize = 5;
const CALL: usize = 6;
const CAUSES: usize = 7;
const STEPS: usize = CAUSES + MAX_CAUSES / 2;

const _: () = assert!(CAUSES + 1 == SHORT && STEPS + 5 <= WORDS);

/// Flag of a record with more causes than fit into its first cache line, or with steps of the native backend.
const LONG: u64 = 1 << 14;

/// A record, read back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    /// Number of the kernel in its runtime.
    pub(crate) kernel: u32,
    /// Number of the plan in its runtime.
    pub(crate) plan: u32,
    /// Nanoseconds since the runtime was built.
    pub(crate) started: u64,
    /// How often its thread has called, this call not counted.
    pub(crate) call: u64,
    /// Fingerprint of what was launched.
    pub(crate) fingerprint: u64,
    pub(crate) control: ControlState,
    pub(crate) outcome: Outcome,
    pub(crate) backend: Backend,
    pub(crate) outputs: Outputs,
    pub(crate) latency_ns: u64,
    pub(crate) trace: Trace,
}

impl Record {
    #[inline]
    pub(crate) fn new(
        (kernel, plan): (u32, u32),
        started: u64,
        call: u64,
        fingerprint: u64,
        control: u64,
        dispatch: &Dispatch,
    ) -> Record {
        let mut words = [0; WORDS];
        words[KERNEL] = u64::from(kernel) | u64::from(plan) << 32;
        words[STARTED] = started;
        words[LATENCY] = dispatch.latency_ns;
        words[CONTROL] = control;
        words[FINGERPRINT] = fingerprint;
        words[CALL] = call;
        let trace = &dispatch.trace;
        let (outcome, causes) = match &dispatch.outcome {
            Outcome::Native => (0, [0; MAX_CAUSES / 2]),
            Outcome::Fallback(causes) => (1, causes.pack()),
            Outcome::Error(causes) => (2, causes.pack()),
        };
        words[FLAGS] = outcome
            | (dispatch.backend as u64) << 2
            | (dispatch.outputs as u64) << 4
            | u64::from(trace.requested) << 8
            | u64::from(trace.available) << 9
            | u64::from(trace.fallback_to_cpu) << 10
            | u64::from(trace.graph_replayed) << 11
            | u64::from(trace.cache_hit) << 12
            | u64::from(trace.budget_exceeded) << 13
            | u64::from(trace.compared) << 15;
        words[CAUSES] = causes[0];
        let steps = [
            trace.copy_in_ns,
            trace.launch_ns,
            trace.sync_ns,
            trace.copy_out_ns,
            trace.compile_ns,
        ];
        // Word by word: compared as arrays, they would be read in wider pieces than they were just written in, and waited for.
        let stepped = steps.iter().fold(0, |any, step| any | step) != 0;
        // Beyond the first word, no cause is all ones.
        if causes[1] != u64::MAX || stepped {
            words[FLAGS] |= LONG;
            words[CAUSES..STEPS].copy_from_slice(&causes);
            words[STEPS..STEPS + 5].copy_from_slice(&steps);
        }
        Record(words)
    }

    /// The words of the first cache line, and those of the second where they say something.
    #[inline]
    pub(super) fn lines(&self) -> (&[u64], Option<&[u64]>) {
        let (short, rest) = self.0.split_at(SHORT);
        (short, self.is_long().then_some(rest))
    }

    #[inline]
    fn is_long(&self) -> bool {
        self.0[FLAGS] & LONG != 0
    }

    /// The dispatch; `None` for words that no dispatch makes.
    pub(crate) fn entry(&self) -> Option<Entry> {
        let mut words = self.0;
        if !self.is_long() {
            // What an earlier record left there.
            let (_, rest) = words.split_at_mut(SHORT);
            rest.fill(0);
            words[SHORT..STEPS].fill(u64::MAX);
        }
        let flags = words[FLAGS];
        let flag = |bit: u32| flags >> bit & 1 == 1;
        let causes = || {
            let packed = words.get(CAUSES..STEPS)?.try_into().ok()?;
            Causes::unpack(packed)
        };
        let outcome = match flags & 3 {
            0 => Outcome::Native,
            1 => Outcome::Fallback(causes()?),
            2 => Outcome::Error(causes()?),
            _ => return None,
        };
        Some(Entry {
            kernel: words[KERNEL] as u32,
            plan: (words[KERNEL] >> 32) as u32,
            started: words[STARTED],
            call: words[CALL],
            fingerprint: words[FINGERPRINT],
            control: ControlState::unpack(words[CONTROL]),
            outcome,
            backend: if flag(2) { Backend::Cuda } else { Backend::Cpu },
            outputs: match flags >> 4 & 3 {
                0 => Outputs::Complete,
                1 => Outputs::Untouched,
                _ => Outputs::Undefined,
            },
            latency_ns: words[LATENCY],
            trace: Trace {
                requested: flag(8),
                available: flag(9),
                fallback_to_cpu: flag(10),
                graph_replayed: flag(11),
                cache_hit: flag(12),
                budget_exceeded: flag(13),
                compared: flag(15),
                copy_in_ns: words[STEPS],
                launch_ns: words[STEPS + 1],
                sync_ns: words[STEPS + 2],
                copy_out_ns: words[STEPS + 3],
                compile_ns: words[STEPS + 4],
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::{Cause, Reason};

    #[test]
    fn a_short_record_survives_behind_a_long_one() {
        use crate::journal::Ring;

        let dispatch = |outcome, launch_ns| Dispatch {
            outcome,
            backend: Backend::Cpu,
            outputs: Outputs::Complete,
            latency_ns: 5,
            trace: Trace {
                launch_ns,
                ..Trace::default()
            },
            violation: None,
        };
        let three = Causes::of(Reason::NativeFailedFallback)
            .then(Reason::SyncFailed)
            .then(Cause::driver(700));
        let two = Causes::of(Reason::ForcedFallback).then(Reason::SafeMode);
        let ring = Ring::new(2);
        let mut expected = Vec::new();
        for (call, (causes, launch_ns)) in [(three, 7), (three, 0), (two, 7), (two, 0), (two, 0), (three, 0)]
            .into_iter()
            .enumerate()
        {
            let dispatch = dispatch(Outcome::Fallback(causes), launch_ns);
            let record = Record::new((1, 2), 3, call as u64, 4, 0, &dispatch);
            assert_eq!(record.is_long(), causes != two || launch_ns != 0);
            assert_eq!(ring.push(&record), Some(1));
            expected.push((dispatch.outcome, launch_ns));
            let entry = ring.pop().and_then(|record| record.entry()).expect("an entry");
            assert_eq!((entry.outcome, entry.trace.launch_ns), expected[call]);
        }
    }

    #[test]
    fn a_dispatch_survives_its_words() {
        let causes = Causes::of(Reason::NativeFailedFallback)
            .then(Reason::SyncFailed)
            .then(Cause::driver(700));
        let trace = Trace {
            requested: true,
            available: true,
            fallback_to_cpu: true,
            graph_replayed: false,
            cache_hit: true,
            budget_exceeded: true,
            compared: true,
            copy_in_ns: 1,
            launch_ns: 2,
            sync_ns: 3,
            copy_out_ns: 4,
            compile_ns: u64::MAX,
        };
        for outcome in [Outcome::Native, Outcome::Fallback(causes), Outcome::Error(causes)] {
            for outputs in [Outputs::Complete, Outputs::Untouched, Outputs::Undefined] {
                for backend in [Backend::Cpu, Backend::Cuda] {
                    let dispatch = Dispatch {
                        outcome,
                        backend,
                        outputs,
                        latency_ns: 5,
                        trace,
                        violation: None,
                    };
                    let control = ControlState::INITIAL;
                    let record = Record::new((6, 7), 8, 9, 10, control.pack(), &dispatch);
                    let expected = Entry {
                        kernel: 6,
                        plan: 7,
                        started: 8,
                        call: 9,
                        fingerprint: 10,
                        control,
                        outcome,
                        backend,
                        outputs,
                        latency_ns: 5,
                        trace,
                    };
                    assert_eq!(record.entry(), Some(expected));
                }
            }
        }
    }
}
