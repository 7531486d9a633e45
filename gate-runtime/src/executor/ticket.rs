//! The result of a job, waited for elsewhere.

use core::fmt;
use std::any::Any;
use std::error::Error;
use std::sync::{Arc, PoisonError};

use crate::sync::{Condvar, Mutex, MutexGuard};

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobError {
    /// It panicked, with this message where it had one. The worker goes on.
    Panicked(Option<String>),
    /// Its worker ended without it. Workers contain panics, so this is a defect of the executor; it is still no loss
    /// that nobody notices.
    Lost,
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Panicked(Some(message)) => write!(f, "the job panicked: {message}"),
            JobError::Panicked(None) => f.write_str("the job panicked"),
            JobError::Lost => f.write_str("the job was lost"),
        }
    }
}

impl Error for JobError {}

struct Slot<T> {
    result: Mutex<Option<Result<T, JobError>>>,
    done: Condvar,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Option<Result<T, JobError>>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the result of an accepted job arrives. To drop it does not cancel the job.
#[must_use = "the result of the job arrives here"]
pub struct Ticket<T> {
    slot: Arc<Slot<T>>,
    seq: u64,
}

impl<T> Ticket<T> {
    /// Number of the job among those that the executor accepted, from 0.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Waits for the result. A job that waits for another one of the same executor can wait for ever.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn wait(self) -> Result<T, JobError> {
        let mut result = self.slot.lock();
        loop {
            if let Some(result) = result.take() {
                return result;
            }
            result = self.slot.done.wait(result).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The result if it has arrived, else the ticket.
    ///
    /// # Errors
    ///
    /// The ticket, to ask again.
    pub fn poll(self) -> Result<Result<T, JobError>, Ticket<T>> {
        let result = self.slot.lock().take();
        result.ok_or(self)
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// The other end of a ticket. Dropped without a result, it says that the job was lost.
pub(super) struct Completer<T> {
    slot: Option<Arc<Slot<T>>>,
}

pub(super) fn ticket<T>() -> (Pending<T>, Completer<T>) {
    let slot = Arc::new(Slot {
        result: Mutex::new(None),
        done: Condvar::new(),
    });
    (
        Pending {
            slot: Arc::clone(&slot),
        },
        Completer { slot: Some(slot) },
    )
}

/// A ticket whose job has no number yet.
pub(super) struct Pending<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Pending<T> {
    pub(super) fn numbered(self, seq: u64) -> Ticket<T> {
        Ticket { slot: self.slot, seq }
    }
}

impl<T> Completer<T> {
    pub(super) fn complete(mut self, result: Result<T, JobError>) {
        self.put(result);
    }

    fn put(&mut self, result: Result<T, JobError>) {
        if let Some(slot) = self.slot.take() {
            *slot.lock() = Some(result);
            slot.done.notify_all();
        }
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        self.put(Err(JobError::Lost));
    }
}

/// The message of a panic, as `panic!` leaves it.
pub(super) fn message(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .map(str::to_owned)
}
