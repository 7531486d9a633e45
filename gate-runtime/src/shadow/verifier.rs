//! The thread that compares.

use core::fmt;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Disagreement, Fraction, Sampler, compare, input_digest};
use crate::argument::{Arg, OwnedArg, Role, SpareBuffers};
use crate::contain::contained;
use crate::contract::Contract;
use crate::observe::{Shadow, ShadowJob, ShadowVerdict};
use crate::rails::Governor;

/// Sampled calls that may wait for their comparison. Each holds two copies of its arguments.
const QUEUE: usize = 8;

/// Mismatches that are kept; all of them are counted.
const KEPT: usize = 64;

/// A native output that was not what the reference computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The kernel.
    pub kernel: &'static str,
    /// Number of the comparison, from 0.
    pub comparison: u64,
    /// Digest of what the call was given, see [`input_digest`].
    pub inputs: [u8; 32],
    /// What is off.
    pub why: Disagreement,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; inputs sha256:", self.kernel, self.why)?;
        self.inputs.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What became of sampled calls: `sampled` is the sum of `matched`, `mismatched`, `dropped` and `pending`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShadowCounts {
    /// Calls that were sampled and ended natively without an error.
    pub sampled: u64,
    /// Calls whose output agreed with the reference.
    pub matched: u64,
    /// Calls whose output did not.
    pub mismatched: u64,
    /// Of those, the ones whose caller had the output already.
    pub silent: u64,
    /// Calls that found the queue full. They say nothing about the native backend.
    pub dropped: u64,
    /// Calls that wait for their comparison.
    pub pending: u64,
}

#[derive(Default)]
struct State {
    queue: VecDeque<ShadowJob>,
    counts: ShadowCounts,
    mismatches: Vec<Mismatch>,
    ended: bool,
}

struct Shared {
    governor: Arc<Governor>,
    state: Mutex<State>,
    /// Memory of jobs that are done.
    spare: SpareBuffers,
    /// Notified when a job comes, when one is done, and at the end.
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares, tells the rails, and keeps what was found.
    fn judge(&self, mut job: ShadowJob, caller_waits: bool) -> ShadowVerdict {
        let judged = contained(|| {
            // The reference overwrites what is read and written; the digest is of what was there before.
            let kept: Vec<Option<OwnedArg>> = job.before.iter().map(read_and_written).collect();
            compare(job.contract, job.cpu, &mut job.before, &job.after).map_err(|why| {
                for (arg, kept) in job.before.iter_mut().zip(kept) {
                    if let Some(kept) = kept {
                        *arg = kept;
                    }
                }
                (why, input_digest(&job.before))
            })
        });
        let found = match judged {
            Some(Ok(_)) => None,
            Some(Err(found)) => Some(found),
            None => Some((Disagreement::ReferenceFailed, [0; 32])),
        };
        let copies = job.before.into_iter().chain(job.after.into_iter().flatten());
        self.spare.give(copies.filter_map(OwnedArg::into_buffer));
        self.governor.compared(found.is_none());
        let mut state = self.lock();
        let comparison = state.counts.matched + state.counts.mismatched;
        let Some((why, inputs)) = found else {
            state.counts.matched += 1;
            return ShadowVerdict::Accepted;
        };
        state.counts.mismatched += 1;
        state.counts.silent += u64::from(!caller_waits);
        if state.mismatches.len() < KEPT {
            state.mismatches.push(Mismatch {
                kernel: job.contract.name(),
                comparison,
                inputs,
                why,
            });
        }
        ShadowVerdict::Mismatch
    }
}

fn read_and_written(arg: &OwnedArg) -> Option<OwnedArg> {
    matches!(arg, OwnedArg::Buffer(Role::InOut, ..)).then(|| arg.clone())
}

/// Compares a fraction of native calls with the reference, and tells the rails.
///
/// While the rails probe, every call is compared before its caller gets the output. Otherwise the comparison is made on
/// a thread of the verifier; at most eight calls wait for it, and one that finds the queue full is counted as dropped.
pub struct Verifier {
    sampler: Sampler,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Verifier {
    /// Starts a verifier that compares this share of calls and tells `governor`.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(fraction: Fraction, seed: u64, governor: Arc<Governor>) -> io::Result<Verifier> {
        let shared = Arc::new(Shared {
            governor,
            state: Mutex::default(),
            spare: SpareBuffers::default(),
            changed: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("gate-shadow".to_owned())
            .spawn(move || work(&worker))?;
        Ok(Verifier {
            sampler: Sampler::new(fraction, seed),
            shared,
            thread: Some(thread),
        })
    }

    /// What became of sampled calls so far.
    #[must_use]
    pub fn counts(&self) -> ShadowCounts {
        self.shared.lock().counts
    }

    /// The first 64 mismatches.
    #[must_use]
    pub fn mismatches(&self) -> Vec<Mismatch> {
        self.shared.lock().mismatches.clone()
    }

    /// Waits until no call waits for its comparison.
    pub fn settle(&self) {
        let mut state = self.shared.lock();
        while state.counts.pending > 0 {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Verifier {
    /// Compares what waits, and ends the thread.
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl Shadow for Verifier {
    fn samples(&self, _: &Contract, _: &[Arg<'_>]) -> bool {
        self.sampler.next() || self.shared.governor.is_probing()
    }

    fn compare(&self, job: ShadowJob) -> ShadowVerdict {
        let mut state = self.shared.lock();
        state.counts.sampled += 1;
        if self.shared.governor.is_probing() {
            drop(state);
            return self.shared.judge(job, true);
        }
        if state.queue.len() >= QUEUE {
            state.counts.dropped += 1;
        } else {
            state.counts.pending += 1;
            state.queue.push_back(job);
            self.shared.changed.notify_all();
        }
        ShadowVerdict::Accepted
    }

    fn spare(&self) -> Option<&SpareBuffers> {
        Some(&self.shared.spare)
    }

    fn silent_mismatches(&self) -> u64 {
        self.counts().silent
    }
}

fn work(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        if let Some(job) = state.queue.pop_front() {
            drop(state);
            // What was found is in the counts; the caller has its output already.
            let _ = shared.judge(job, false);
            state = shared.lock();
            state.counts.pending -= 1;
            shared.changed.notify_all();
        } else if state.ended {
            return;
        } else {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
