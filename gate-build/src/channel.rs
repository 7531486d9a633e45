//! Channels between threads. Those of the standard library are three kinds of queues each, all of them compiled for each type that is sent.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Two ends.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            sent: Vec::new(),
            senders: 1,
            has_receiver: true,
        }),
        changed: Condvar::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// Sends, like each of its clones.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// Receives in the order in which was sent.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// Why nothing was received.
pub(crate) enum Missing {
    /// Nothing came in time.
    Late,
    /// Every sender is gone.
    Over,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    sent: Vec<T>,
    senders: usize,
    has_receiver: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Sender<T> {
    /// Sends; whether somebody may receive it.
    pub(crate) fn send(&self, one: T) -> bool {
        let mut state = self.0.lock();
        if state.has_receiver {
            state.sent.push(one);
        }
        self.0.changed.notify_all();
        state.has_receiver
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().senders -= 1;
        self.0.changed.notify_all();
    }
}

impl<T> Receiver<T> {
    /// Waits for the next, for this time at most.
    pub(crate) fn receive(&self, patience: Duration) -> Result<T, Missing> {
        let began = Instant::now();
        let mut state = self.0.lock();
        loop {
            if !state.sent.is_empty() {
                return Ok(state.sent.remove(0));
            }
            if state.senders == 0 {
                return Err(Missing::Over);
            }
            let left = patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(Missing::Late);
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the next; `None` when every sender is gone.
    pub(crate) fn next(&self) -> Option<T> {
        self.receive(Duration::MAX).ok()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.has_receiver = false;
        let unread = std::mem::take(&mut state.sent);
        drop(state);
        drop(unread);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_is_sent_comes_in_order_and_then_the_end() {
        let (sender, receiver) = channel();
        let other = sender.clone();
        let waits = thread::spawn(move || [receiver.next(), receiver.next(), receiver.next()]);
        assert!(sender.send(1));
        drop(sender);
        assert!(other.send(2));
        drop(other);
        assert_eq!(waits.join().unwrap(), [Some(1), Some(2), None]);
    }

    #[test]
    fn nothing_is_waited_for_too_long_and_nobody_is_told() {
        let (sender, receiver) = channel::<()>();
        let short = Duration::from_millis(1);
        assert!(matches!(receiver.receive(short), Err(Missing::Late)));
        drop(receiver);
        assert!(!sender.send(()));
    }
}
