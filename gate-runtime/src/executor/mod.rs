//! Several tenants on a few worker threads: bounded queues, fair shares, contained panics.
//!
//! ```
//! use gate_runtime::executor::{Executor, Load, TenantConfig};
//!
//! let mut builder = Executor::builder(2);
//! let batch = builder.tenant(TenantConfig::new("batch").queue_jobs(64))?;
//! let online = builder.tenant(TenantConfig::new("online").weight(4))?;
//! let executor = builder.build()?;
//!
//! let answer = executor.submit(online, Load::cost(1), |_| 6 * 7)?;
//! let broken = executor.submit(batch, Load::cost(1), |_| -> u32 { panic!("a bad kernel") })?;
//! assert_eq!(answer.wait(), Ok(42));
//! assert_eq!(broken.wait().unwrap_err().to_string(), "the job panicked: a bad kernel");
//!
//! let report = executor.drain();
//! assert!(report.is_complete());
//! assert_eq!(report.tenants[batch.index()].counters.panicked, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Memory is bounded: a queue that is full refuses a job with [`Backpressure`] and gives it back, and nothing ever
//! waits for a place. Panics are contained where panics unwind; with `panic = "abort"` nothing can contain them.

mod schedule;
mod tenant;
mod ticket;

use core::fmt;
use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use crate::argument::Arg;
use crate::contain::{contained, discard};
use crate::dispatch::Dispatch;
use crate::kernel::Kernel;
use crate::rails::{KernelRails, Rails};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Condvar, Mutex, MutexGuard};

pub use schedule::{Scheduler, Started};
pub use tenant::{Backpressure, Counters, InvalidTenant, Load, TenantConfig, TenantId};
pub use ticket::{JobError, Ticket};

/// What a running job sees of its executor.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Whose job it is.
    pub tenant: TenantId,
    /// Number of the job among those that were accepted, from 0.
    pub seq: u64,
    /// The rails of the tenant, one for each of its kernels; no other tenant shares them.
    pub rails: &'a Arc<KernelRails>,
}

impl Context<'_> {
    /// Launches a kernel under the tenant's rails for it: they decide about the backend, and count the call.
    pub fn launch(&self, kernel: &Kernel, args: &mut [Arg<'_>]) -> Dispatch {
        self.rails.guard(kernel).launch(args)
    }
}

/// A job; it returns whether it panicked.
type Job = Box<dyn FnOnce(Context<'_>) -> bool + Send>;

struct State {
    scheduler: Scheduler<Job>,
    draining: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Notified when a job may start, and when there will be no more.
    work: Condvar,
    rails: Vec<Arc<KernelRails>>,
}

impl Shared {
    /// Jobs run outside of the lock, so that a poisoned one still guards a consistent state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the jobs of several tenants. Dropped, it drains as [`Executor::drain`] does.
pub struct Executor {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// An executor before it runs.
#[derive(Debug)]
pub struct Builder {
    workers: usize,
    tenants: Vec<TenantConfig>,
    rails: Vec<Arc<KernelRails>>,
}

impl Builder {
    /// Adds a tenant with rails of the documented defaults.
    ///
    /// # Errors
    ///
    /// A field that is out of its range, or a name that is taken.
    pub fn tenant(&mut self, config: TenantConfig) -> Result<TenantId, InvalidTenant> {
        self.tenant_with_rails(config, KernelRails::new(Rails::default()))
    }

    /// Adds a tenant with these rails.
    ///
    /// # Errors
    ///
    /// A field that is out of its range, or a name that is taken.
    pub fn tenant_with_rails(&mut self, config: TenantConfig, rails: KernelRails) -> Result<TenantId, InvalidTenant> {
        config.check()?;
        if self.tenants.iter().any(|known| known.name == config.name) {
            return Err(InvalidTenant {
                tenant: config.name.clone(),
                field: "name",
                value: config.name,
                range: "a unique name",
            });
        }
        self.tenants.push(config);
        self.rails.push(Arc::new(rails));
        Ok(TenantId(self.tenants.len() - 1))
    }

    /// Starts the workers.
    ///
    /// # Errors
    ///
    /// No workers or no tenants, or a thread that the system does not give; those already started have ended then.
    pub fn build(self) -> Result<Executor, BuildError> {
        let refused = |field, range| {
            let invalid = InvalidTenant {
                tenant: String::new(),
                field,
                value: "0".to_owned(),
                range,
            };
            Err(BuildError::Invalid(invalid))
        };
        if self.workers == 0 {
            return refused("workers", "1 or more");
        }
        if self.tenants.is_empty() {
            return refused("tenants", "1 or more");
        }
        let mut scheduler = Scheduler::new();
        for config in self.tenants {
            scheduler.add(config);
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                scheduler,
                draining: false,
            }),
            work: Condvar::new(),
            rails: self.rails,
        });
        let mut executor = Executor {
            shared,
            workers: Vec::with_capacity(self.workers),
        };
        for number in 0..self.workers {
            let shared = Arc::clone(&executor.shared);
            let worker = thread::Builder::new().name(format!("gate-worker-{number}"));
            let worker = worker.spawn(move || work(&shared)).map_err(BuildError::Thread)?;
            executor.workers.push(worker);
        }
        Ok(executor)
    }
}

impl Executor {
    /// An executor with this many workers.
    #[must_use]
    pub fn builder(workers: usize) -> Builder {
        Builder {
            workers,
            tenants: Vec::new(),
            rails: Vec::new(),
        }
    }

    /// The rails of a tenant.
    #[must_use]
    pub fn rails(&self, tenant: TenantId) -> Option<&Arc<KernelRails>> {
        self.shared.rails.get(tenant.0)
    }

    /// Accepts a job, or gives it back at once.
    ///
    /// # Errors
    ///
    /// Why there is no place for it, together with the job.
    pub fn submit<T, F>(&self, tenant: TenantId, load: Load, job: F) -> Result<Ticket<T>, Refused<F>>
    where
        F: FnOnce(Context<'_>) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (pending, completer) = ticket::ticket();
        let mut state = self.shared.lock();
        if state.draining {
            return Err(Refused {
                why: Backpressure::Draining,
                job,
            });
        }
        let boxed = |job: F| -> Job { Box::new(move |context| run(job, context, completer)) };
        let accepted = state.scheduler.submit_with(tenant, load, job, boxed);
        drop(state);
        let seq = accepted.map_err(|(why, job)| Refused { why, job })?;
        self.shared.work.notify_one();
        Ok(pending.numbered(seq))
    }

    /// What was counted so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let state = self.shared.lock();
        let tenants = state.scheduler.tenants().filter_map(|tenant| {
            let name = state.scheduler.config(tenant)?.name.clone();
            Some(TenantReport {
                name,
                counters: state.scheduler.counters(tenant)?,
            })
        });
        Report {
            tenants: tenants.collect(),
        }
    }

    /// Accepts no more jobs from now on, without waiting for those that were.
    pub fn close(&self) {
        self.shared.lock().draining = true;
        self.shared.work.notify_all();
    }

    /// Accepts no more jobs, runs all that were accepted, and ends the workers.
    #[must_use]
    pub fn drain(mut self) -> Report {
        self.join();
        self.report()
    }

    fn join(&mut self) {
        self.close();
        let this = thread::current().id();
        for worker in self.workers.drain(..) {
            // A job may hold the last handle of its executor: its own worker then ends after it.
            if worker.thread().id() != this {
                // Workers contain panics; one that ended in spite of it has left its job to its ticket.
                drop(worker.join());
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.join();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("workers", &self.workers.len())
            .finish_non_exhaustive()
    }
}

fn run<T, F: FnOnce(Context<'_>) -> T>(job: F, context: Context<'_>, completer: ticket::Completer<T>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| job(context))) {
        Ok(result) => {
            completer.complete(Ok(result));
            false
        }
        Err(payload) => {
            completer.complete(Err(JobError::Panicked(ticket::message(&*payload))));
            // What was thrown may panic again when it is dropped.
            discard(payload);
            true
        }
    }
}

fn work(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        if let Some(Started { tenant, seq, job, .. }) = state.scheduler.start() {
            drop(state);
            let context = shared.rails.get(tenant.0).map(|rails| Context { tenant, seq, rails });
            // The result of a job whose ticket is gone is dropped here, and that may panic as well.
            let panicked = context.is_none_or(|context| contained(|| job(context)).unwrap_or(true));
            state = shared.lock();
            let freed = state.scheduler.finished(tenant, panicked);
            if freed || (state.draining && state.scheduler.queued() == 0) {
                shared.work.notify_all();
            }
        } else if state.draining && state.scheduler.queued() == 0 {
            return;
        } else {
            state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A job that was not accepted.
pub struct Refused<F> {
    /// Why.
    pub why: Backpressure,
    /// The job.
    pub job: F,
}

impl<F> fmt::Debug for Refused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Display for Refused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<F> Error for Refused<F> {}

/// Why an executor does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// It has no workers or no tenants.
    Invalid(InvalidTenant),
    /// The system gives no thread.
    Thread(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Invalid(invalid) => invalid.fmt(f),
            BuildError::Thread(error) => write!(f, "cannot start a worker: {error}"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            BuildError::Invalid(invalid) => Some(invalid),
            BuildError::Thread(error) => Some(error),
        }
    }
}

/// What an executor counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Per tenant, in the order in which they were added.
    pub tenants: Vec<TenantReport>,
}

/// What was counted for one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantReport {
    /// Its name.
    pub name: String,
    /// The counts.
    pub counters: Counters,
}

impl Report {
    /// Whether every job that was accepted has ended, once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tenants.iter().all(|tenant| {
            let Counters {
                accepted,
                completed,
                panicked,
                ..
            } = tenant.counters;
            completed.checked_add(panicked) == Some(accepted)
        })
    }
}
