//! Who is next: start-time fair queueing, without threads and without a clock.
//!
//! Each tenant has a queue, a weight, and a tag: the virtual time at which its next job may start. The lowest tag is
//! next, of equal ones the tenant that was added first; a job moves the tag of its tenant on by its cost divided by the
//! weight. A tenant that was idle starts at the virtual time of now, so that it neither saves up time nor owes any.
//! (Goyal, Vin, Cheng: Start-time Fair Queuing, SIGCOMM 1996.)
//!
//! What follows, for tenants *i* and *j* whose largest costs are *cᵢ*, *cⱼ* and whose weights are *wᵢ*, *wⱼ*:
//!
//! - while both have jobs waiting, *workᵢ/wᵢ* and *workⱼ/wⱼ* differ by at most *cᵢ/wᵢ + cⱼ/wⱼ*;
//! - the first job of a tenant that was idle waits for at most one job of each other tenant;
//! - within a tenant, jobs start in the order in which they were submitted.

use std::collections::{BTreeSet, VecDeque};

use super::{Backpressure, Counters, Load, TenantConfig, TenantId};

/// Fraction bits of virtual time: what is lost by rounding is below a 2³²nd of a unit of cost.
const FRACTION_BITS: u32 = 32;

/// A job that may start.
#[derive(Debug, PartialEq, Eq)]
pub struct Started<J> {
    /// Whose it is.
    pub tenant: TenantId,
    /// Number of the job among those that were accepted, over all tenants, from 0.
    pub seq: u64,
    /// What it was said to cost.
    pub load: Load,
    /// The job.
    pub job: J,
}

#[derive(Debug)]
struct Lane<J> {
    config: TenantConfig,
    queue: VecDeque<(u64, Load, J)>,
    queued_bytes: u64,
    running: usize,
    tag: u128,
    counters: Counters,
}

impl<J> Lane<J> {
    fn may_start(&self) -> bool {
        !self.queue.is_empty() && self.running < self.config.max_running
    }

    fn refusal(&self, load: Load) -> Backpressure {
        let config = &self.config;
        if load.cost == 0 {
            Backpressure::NoCost
        } else if self.queue.len() >= config.queue_jobs {
            Backpressure::Jobs {
                limit: config.queue_jobs,
            }
        } else {
            Backpressure::Bytes {
                limit: config.queue_bytes,
                queued: self.queued_bytes,
                asked: load.bytes,
            }
        }
    }
}

/// Bounded queues of several tenants and the order in which their jobs start.
#[derive(Debug)]
pub struct Scheduler<J> {
    lanes: Vec<Lane<J>>,
    /// Tag and number of every tenant that has a job which may start.
    ready: BTreeSet<(u128, usize)>,
    now: u128,
    next_seq: u64,
    queued: usize,
}

impl<J> Default for Scheduler<J> {
    fn default() -> Scheduler<J> {
        Scheduler {
            lanes: Vec::new(),
            ready: BTreeSet::new(),
            now: 0,
            next_seq: 0,
            queued: 0,
        }
    }
}

impl<J> Scheduler<J> {
    /// A scheduler without tenants.
    #[must_use]
    pub fn new() -> Scheduler<J> {
        Scheduler::default()
    }

    /// Adds a tenant.
    pub fn add(&mut self, config: TenantConfig) -> TenantId {
        self.lanes.push(Lane {
            config,
            queue: VecDeque::new(),
            queued_bytes: 0,
            running: 0,
            tag: 0,
            counters: Counters::default(),
        });
        TenantId(self.lanes.len() - 1)
    }

    /// The configuration of a tenant.
    #[must_use]
    pub fn config(&self, tenant: TenantId) -> Option<&TenantConfig> {
        self.lanes.get(tenant.0).map(|lane| &lane.config)
    }

    /// What was counted for a tenant.
    #[must_use]
    pub fn counters(&self, tenant: TenantId) -> Option<Counters> {
        self.lanes.get(tenant.0).map(|lane| lane.counters)
    }

    /// The tenants in the order in which they were added.
    pub fn tenants(&self) -> impl Iterator<Item = TenantId> + use<J> {
        (0..self.lanes.len()).map(TenantId)
    }

    /// Jobs that were accepted and have not started.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Accepts a job and returns its number.
    ///
    /// # Errors
    ///
    /// Why there is no place for it, together with the job. Nothing changes but the count of refused jobs.
    pub fn submit(&mut self, tenant: TenantId, load: Load, job: J) -> Result<u64, (Backpressure, J)> {
        self.submit_with(tenant, load, job, |job| job)
    }

    /// Accepts what `make` makes of a job; one that is refused comes back as it was.
    pub(super) fn submit_with<F>(
        &mut self,
        tenant: TenantId,
        load: Load,
        job: F,
        make: impl FnOnce(F) -> J,
    ) -> Result<u64, (Backpressure, F)> {
        let Some(lane) = self.lanes.get_mut(tenant.0) else {
            return Err((Backpressure::UnknownTenant, job));
        };
        let bytes = lane
            .queued_bytes
            .checked_add(load.bytes)
            .filter(|bytes| *bytes <= lane.config.queue_bytes);
        let Some(bytes) = bytes.filter(|_| load.cost > 0 && lane.queue.len() < lane.config.queue_jobs) else {
            lane.counters.refused += 1;
            return Err((lane.refusal(load), job));
        };
        let seq = self.next_seq;
        self.next_seq += 1;
        if lane.queue.is_empty() {
            lane.tag = lane.tag.max(self.now);
        }
        lane.queue.push_back((seq, load, make(job)));
        lane.queued_bytes = bytes;
        lane.counters.accepted += 1;
        self.queued += 1;
        if lane.may_start() {
            self.ready.insert((lane.tag, tenant.0));
        }
        Ok(seq)
    }

    /// Takes the job that is next, if any may start. [`Scheduler::finished`] has to follow when it is done.
    pub fn start(&mut self) -> Option<Started<J>> {
        let (tag, number) = self.ready.pop_first()?;
        let lane = self.lanes.get_mut(number)?;
        let (seq, load, job) = lane.queue.pop_front()?;
        self.now = self.now.max(tag);
        self.queued -= 1;
        lane.queued_bytes = lane.queued_bytes.saturating_sub(load.bytes);
        lane.running += 1;
        lane.tag = tag + (u128::from(load.cost) << FRACTION_BITS) / u128::from(lane.config.weight.max(1));
        if lane.may_start() {
            self.ready.insert((lane.tag, number));
        }
        Some(Started {
            tenant: TenantId(number),
            seq,
            load,
            job,
        })
    }

    /// A job of the tenant is done. Returns whether another of its jobs may start that could not before.
    pub fn finished(&mut self, tenant: TenantId, panicked: bool) -> bool {
        let Some(lane) = self.lanes.get_mut(tenant.0) else {
            return false;
        };
        let was_held = !lane.may_start() && !lane.queue.is_empty();
        lane.running = lane.running.saturating_sub(1);
        if panicked {
            lane.counters.panicked += 1;
        } else {
            lane.counters.completed += 1;
        }
        if was_held && lane.may_start() {
            // It was held by its own limit: it has not saved up the time in which it was.
            lane.tag = lane.tag.max(self.now);
            self.ready.insert((lane.tag, tenant.0));
            return true;
        }
        false
    }
}
