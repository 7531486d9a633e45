//! Tenants: what they are granted, what they ask for, what was counted for them.

use core::fmt;
use std::error::Error;

/// A tenant of an executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub(super) usize);

impl TenantId {
    /// Its place in the order in which tenants were added, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// What a tenant is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantConfig {
    /// Its name in reports.
    pub name: String,
    /// Its share of the work relative to other tenants that have jobs waiting, from 1 to 10000.
    pub weight: u32,
    /// Most jobs that may wait, from 1.
    pub queue_jobs: usize,
    /// Most bytes that waiting jobs may hold together.
    pub queue_bytes: u64,
    /// Most jobs that may run at a time, from 1. Below the number of workers it keeps workers free for others even while
    /// every job of this tenant hangs.
    pub max_running: usize,
}

impl TenantConfig {
    /// A tenant of weight 1 with place for 1024 jobs, any number of bytes, and no limit to jobs at a time.
    #[must_use]
    pub fn new(name: &str) -> TenantConfig {
        TenantConfig {
            name: name.to_owned(),
            weight: 1,
            queue_jobs: 1024,
            queue_bytes: u64::MAX,
            max_running: usize::MAX,
        }
    }

    /// The same with another weight.
    #[must_use]
    pub fn weight(self, weight: u32) -> TenantConfig {
        TenantConfig { weight, ..self }
    }

    /// The same with place for this many jobs.
    #[must_use]
    pub fn queue_jobs(self, queue_jobs: usize) -> TenantConfig {
        TenantConfig { queue_jobs, ..self }
    }

    /// The same with place for this many bytes.
    #[must_use]
    pub fn queue_bytes(self, queue_bytes: u64) -> TenantConfig {
        TenantConfig { queue_bytes, ..self }
    }

    /// The same with this many jobs at a time.
    #[must_use]
    pub fn max_running(self, max_running: usize) -> TenantConfig {
        TenantConfig { max_running, ..self }
    }

    pub(super) fn check(&self) -> Result<(), InvalidTenant> {
        let refused = |field, value: String, range| {
            Err(InvalidTenant {
                tenant: self.name.clone(),
                field,
                value,
                range,
            })
        };
        if !(1..=10_000).contains(&self.weight) {
            return refused("weight", self.weight.to_string(), "1 to 10000");
        }
        if self.queue_jobs == 0 {
            return refused("queue_jobs", "0".to_owned(), "1 or more");
        }
        if self.max_running == 0 {
            return refused("max_running", "0".to_owned(), "1 or more");
        }
        Ok(())
    }
}

/// A tenant or an executor that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTenant {
    /// The name of the tenant; empty for the executor itself.
    pub tenant: String,
    /// What was refused.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// What is accepted.
    pub range: &'static str,
}

impl fmt::Display for InvalidTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidTenant {
            tenant,
            field,
            value,
            range,
        } = self;
        if !tenant.is_empty() {
            write!(f, "tenant `{tenant}`: ")?;
        }
        write!(f, "invalid value `{value}` for `{field}`: expected {range}")
    }
}

impl Error for InvalidTenant {}

/// What a job asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Expected cost in a unit that all tenants share, for example microseconds or thousands of elements, from 1. A job
    /// that costs more than it says takes more than its share.
    pub cost: u32,
    /// Bytes it holds while it waits.
    pub bytes: u64,
}

impl Load {
    /// A job of this cost that holds no bytes worth counting.
    #[must_use]
    pub const fn cost(cost: u32) -> Load {
        Load { cost, bytes: 0 }
    }
}

/// Why a job was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backpressure {
    /// As many jobs wait as may.
    Jobs {
        /// How many may.
        limit: usize,
    },
    /// Waiting jobs would hold more bytes than they may.
    Bytes {
        /// How many they may.
        limit: u64,
        /// How many they hold.
        queued: u64,
        /// How many the job has.
        asked: u64,
    },
    /// The executor is draining or has drained.
    Draining,
    /// The tenant belongs to another executor.
    UnknownTenant,
    /// A cost of 0 would make the job free.
    NoCost,
}

impl Backpressure {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Backpressure::Jobs { .. } => "queue_jobs",
            Backpressure::Bytes { .. } => "queue_bytes",
            Backpressure::Draining => "draining",
            Backpressure::UnknownTenant => "unknown_tenant",
            Backpressure::NoCost => "no_cost",
        }
    }

    /// Whether the same job may be accepted later.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        match self {
            Backpressure::Jobs { .. } => true,
            Backpressure::Bytes { limit, asked, .. } => asked <= limit,
            Backpressure::Draining | Backpressure::UnknownTenant | Backpressure::NoCost => false,
        }
    }
}

impl fmt::Display for Backpressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Backpressure::Jobs { limit } => write!(f, "the queue is full: {limit} jobs are waiting"),
            Backpressure::Bytes { limit, queued, asked } => {
                write!(
                    f,
                    "{queued} bytes are queued, and {asked} more would exceed the limit of {limit}"
                )
            }
            Backpressure::Draining => f.write_str("the executor no longer accepts jobs"),
            Backpressure::UnknownTenant => f.write_str("the tenant belongs to another executor"),
            Backpressure::NoCost => f.write_str("a job must cost at least 1"),
        }
    }
}

impl Error for Backpressure {}

/// What was counted for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Jobs that were accepted.
    pub accepted: u64,
    /// Jobs that were refused.
    pub refused: u64,
    /// Jobs that ran to their end.
    pub completed: u64,
    /// Jobs that panicked.
    pub panicked: u64,
}

impl Counters {
    /// Jobs that were accepted and have not ended.
    #[must_use]
    pub const fn pending(&self) -> u64 {
        self.accepted
            .saturating_sub(self.completed)
            .saturating_sub(self.panicked)
    }
}
