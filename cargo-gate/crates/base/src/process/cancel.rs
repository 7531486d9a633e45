//! Cancellation: one flag for the whole run, set by Ctrl-C, seen by everything that waits.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A flag that says the user wants to stop. Clones share it.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Default)]
struct Shared {
    requested: AtomicBool,
    listeners: Mutex<Listeners>,
}

#[derive(Default)]
struct Listeners {
    next: u64,
    active: Vec<(u64, Box<dyn Fn() + Send>)>,
}

impl Cancel {
    /// Asks everything to stop. May be called more than once, from any thread, not from a signal handler.
    pub fn request(&self) {
        let listeners = self.0.listeners();
        self.0.requested.store(true, Ordering::SeqCst);
        for (_, wake) in &listeners.active {
            wake();
        }
    }

    /// Whether everything should stop.
    pub fn requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Has `wake` called on each request until the subscription is dropped, and at once if there was a request
    /// before. It is called on the thread of the request: it must neither block nor use this flag's `on_request`.
    #[must_use = "dropping the subscription ends it"]
    pub fn on_request(&self, wake: impl Fn() + Send + 'static) -> Subscription {
        let mut listeners = self.0.listeners();
        // Under the lock that `request` takes, so that a request is seen either here or by the listener.
        if self.requested() {
            wake();
        }
        let id = listeners.next;
        listeners.next += 1;
        listeners.active.push((id, Box::new(wake)));
        Subscription {
            shared: Arc::clone(&self.0),
            id,
        }
    }
}

impl Shared {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        // A listener that panicked leaves the list whole.
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancel").field(&self.requested()).finish()
    }
}

/// A listener of a [`Cancel`]; dropping it ends it.
pub struct Subscription {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.listeners().active.retain(|(id, _)| *id != self.id);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscription").field(&self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_request_is_seen_by_every_clone_and_wakes_listeners() {
        let cancel = Cancel::default();
        let (sender, receiver) = mpsc::channel();
        let subscription = cancel.on_request(move || sender.send(()).unwrap());
        assert!(!cancel.requested());
        cancel.clone().request();
        assert!(cancel.requested());
        receiver.try_recv().unwrap();

        drop(subscription);
        cancel.request();
        assert!(receiver.try_recv().is_err());
    }

    #[test]
    fn a_late_listener_is_woken_at_once() {
        let cancel = Cancel::default();
        cancel.request();
        let (sender, receiver) = mpsc::channel();
        let _subscription = cancel.on_request(move || sender.send(()).unwrap());
        receiver.try_recv().unwrap();
    }
}
