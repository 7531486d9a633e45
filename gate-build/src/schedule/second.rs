//! A permit for a thread that cannot be told to wait for one.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::permits::{Asking, Permits};

/// Asks for a permit, holds it from when it comes, and gives it back when this goes. Waits for nothing: for the second thread of
/// a program, which computes whether or not a permit is there, so that at least nothing else is begun beside it.
pub(crate) struct Second {
    permits: Arc<Permits>,
    asking: Arc<Asking>,
    waiter: Option<JoinHandle<()>>,
}

impl Second {
    /// Asks.
    pub(crate) fn new(permits: &Arc<Permits>) -> Self {
        let asking = Arc::<Asking>::default();
        let waiter = {
            let (permits, asking) = (Arc::clone(permits), Arc::clone(&asking));
            let hold: Box<dyn FnOnce() + Send> = Box::new(move || permits.hold_until_over(&asking));
            // Without another thread nothing is asked for, and the program computes all the same.
            thread::Builder::new().spawn(hold).ok()
        };
        Self {
            permits: Arc::clone(permits),
            asking,
            waiter,
        }
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        self.permits.call_off(&self.asking);
        if let Some(waiter) = self.waiter.take() {
            // It panics only where the allocator does.
            let _ = waiter.join();
        }
    }
}
