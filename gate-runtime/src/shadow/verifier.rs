//! The thread that compares.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use super::{Disagreement, Finding, Fraction, Sampler};
use crate::argument::{Arg, OwnedArg, SpareBuffers};
use crate::compare::judge;
use crate::contract::Contract;
use crate::observe::{Shadow, ShadowJob, ShadowVerdict};

/// Sampled calls of a kernel under one switch that may wait for their comparison. Each holds two copies of its arguments.
const QUEUE: usize = 8;

/// Mismatches that are kept; all of them are counted.
const KEPT: usize = 64;

/// A native output that was not what the reference computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The kernel.
    pub kernel: &'static str,
    /// Number of the comparison among all of the verifier, from 0.
    pub comparison: u64,
    /// Digest of what the call was given, see `input_digest`.
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

/// Whose calls share a queue: the kernel, and the switch of its tenant by its address.
type Origin = (&'static str, usize);

#[derive(Default)]
struct State {
    queue: VecDeque<(Origin, ShadowJob)>,
    waiting: BTreeMap<Origin, usize>,
    counts: BTreeMap<&'static str, ShadowCounts>,
    mismatches: Vec<Mismatch>,
    compared: u64,
    ended: bool,
}

impl State {
    fn counts(&mut self, kernel: &'static str) -> &mut ShadowCounts {
        self.counts.entry(kernel).or_default()
    }

    fn total(&self) -> ShadowCounts {
        self.counts
            .values()
            .fold(ShadowCounts::default(), |sum, one| ShadowCounts {
                sampled: sum.sampled + one.sampled,
                matched: sum.matched + one.matched,
                mismatched: sum.mismatched + one.mismatched,
                silent: sum.silent + one.silent,
                dropped: sum.dropped + one.dropped,
                pending: sum.pending + one.pending,
            })
    }

    /// Counts a comparison and keeps what it found.
    fn note(&mut self, kernel: &'static str, finding: Option<&Finding>, silent: bool) {
        let comparison = self.compared;
        self.compared += 1;
        let counts = self.counts(kernel);
        let Some(finding) = finding else {
            counts.matched += 1;
            return;
        };
        counts.mismatched += 1;
        counts.silent += u64::from(silent);
        if self.mismatches.len() < KEPT {
            self.mismatches.push(Mismatch {
                kernel,
                comparison,
                inputs: finding.inputs,
                why: finding.why,
            });
        }
    }
}

#[derive(Default)]
struct Shared {
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

    /// Compares, tells the rails of the call, and keeps what was found.
    fn judge(&self, mut job: ShadowJob) {
        let finding = judge(job.contract, job.cpu, &mut job.before, &job.after);
        let copies = job.before.into_iter().chain(job.after.into_iter().flatten());
        self.spare.give(copies.filter_map(OwnedArg::into_buffer));
        job.control.compared(finding.is_none());
        self.lock().note(job.contract.name(), finding.as_ref(), true);
    }
}

/// Compares a fraction of native calls with the reference, and tells the rails of the kernel and the tenant that made them.
///
/// The comparison is made on a thread of the verifier; at most eight calls of a kernel under one switch wait for it, and one
/// that finds them waiting is counted as dropped.
pub struct Verifier {
    fraction: Fraction,
    fractions: BTreeMap<String, Fraction>,
    seed: u64,
    /// Each kernel numbers its own calls.
    samplers: RwLock<BTreeMap<&'static str, Arc<Sampler>>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Verifier {
    /// Starts a verifier that compares this share of each kernel's calls.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(fraction: Fraction, seed: u64) -> io::Result<Verifier> {
        let shared = Arc::new(Shared::default());
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("gate-shadow".to_owned())
            .spawn(move || work(&worker))?;
        Ok(Verifier {
            fraction,
            fractions: BTreeMap::new(),
            seed,
            samplers: RwLock::default(),
            shared,
            thread: Some(thread),
        })
    }

    /// Compares another share of this kernel's calls.
    #[must_use]
    pub fn fraction(mut self, kernel: &str, fraction: Fraction) -> Verifier {
        self.fractions.insert(kernel.to_owned(), fraction);
        self
    }

    /// What became of sampled calls so far, of all kernels together.
    #[must_use]
    pub fn counts(&self) -> ShadowCounts {
        self.shared.lock().total()
    }

    /// What became of the sampled calls of one kernel.
    #[must_use]
    pub fn counts_of(&self, kernel: &str) -> ShadowCounts {
        self.shared.lock().counts.get(kernel).copied().unwrap_or_default()
    }

    /// The first 64 mismatches.
    #[must_use]
    pub fn mismatches(&self) -> Vec<Mismatch> {
        self.shared.lock().mismatches.clone()
    }

    /// Waits until no call waits for its comparison.
    pub fn settle(&self) {
        let mut state = self.shared.lock();
        while !state.waiting.is_empty() {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn sampler(&self, kernel: &'static str) -> Arc<Sampler> {
        let known = self.samplers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sampler) = known.get(kernel) {
            return Arc::clone(sampler);
        }
        drop(known);
        let fraction = self.fractions.get(kernel).copied().unwrap_or(self.fraction);
        let mut samplers = self.samplers.write().unwrap_or_else(PoisonError::into_inner);
        let sampler = samplers
            .entry(kernel)
            .or_insert_with(|| Arc::new(Sampler::new(fraction, self.seed)));
        Arc::clone(sampler)
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
    fn samples(&self, contract: &Contract, _: &[Arg<'_>]) -> bool {
        self.sampler(contract.name()).next()
    }

    fn compare(&self, job: ShadowJob) -> ShadowVerdict {
        let kernel = job.contract.name();
        let origin = (kernel, Arc::as_ptr(&job.control).addr());
        let mut state = self.shared.lock();
        let waits = state.waiting.get(&origin).copied().unwrap_or(0);
        let counts = state.counts(kernel);
        counts.sampled += 1;
        if waits >= QUEUE {
            counts.dropped += 1;
        } else {
            counts.pending += 1;
            state.waiting.insert(origin, waits + 1);
            state.queue.push_back((origin, job));
            self.shared.changed.notify_all();
        }
        ShadowVerdict::Accepted
    }

    fn probed(&self, kernel: &'static str, finding: Option<&Finding>) {
        let mut state = self.shared.lock();
        state.counts(kernel).sampled += 1;
        state.note(kernel, finding, false);
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
        if let Some((origin, job)) = state.queue.pop_front() {
            drop(state);
            shared.judge(job);
            state = shared.lock();
            state.counts(origin.0).pending -= 1;
            match state.waiting.get_mut(&origin) {
                Some(waits) if *waits > 1 => *waits -= 1,
                _ => drop(state.waiting.remove(&origin)),
            }
            shared.changed.notify_all();
        } else if state.ended {
            return;
        } else {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
