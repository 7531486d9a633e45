//! What threads that take turns tell each other.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::yield_now;

use super::chain::Chain;
use crate::body::element::Summand;

/// What stands before each tile of blocks. Tiles may be summed in any order; what stands before one is known when all before it were.
pub(super) struct Order<T> {
    /// Of so many tiles it is known.
    known: AtomicUsize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    chain: Chain<T>,
    /// The totals of the blocks of tiles before which something is still missing.
    early: Vec<(usize, Vec<T>)>,
    /// What stands before the tiles that nobody has asked for yet.
    starts: Vec<(usize, T)>,
    /// Threads that wait for [`Order::changed`].
    asleep: usize,
    /// Somebody who had a tile to sum will not.
    broken: bool,
}

impl<T: Summand> Order<T> {
    pub(super) fn new() -> Self {
        let chain = Chain::new();
        Self {
            known: AtomicUsize::new(1),
            state: Mutex::new(State {
                starts: vec![(0, chain.before())],
                chain,
                early: Vec::new(),
                asleep: 0,
                broken: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says which totals the blocks of a tile have.
    pub(super) fn tell(&self, tile: usize, totals: Vec<T>) {
        let mut state = self.state();
        state.early.push((tile, totals));
        let mut known = self.known.load(Ordering::Relaxed);
        while let Some(index) = state.early.iter().position(|(tile, _)| tile + 1 == known) {
            for total in state.early.swap_remove(index).1 {
                state.chain.take(total);
            }
            let start = state.chain.before();
            state.starts.push((known, start));
            known += 1;
        }
        self.known.store(known, Ordering::Release);
        let asleep = state.asleep > 0;
        drop(state);
        if asleep {
            self.changed.notify_all();
        }
    }

    /// What stands before a tile, once it is known. Nothing when it never will be. To be asked once for each tile.
    pub(super) fn start_of(&self, tile: usize) -> Option<T> {
        // What is waited for is most often about to come, and a thread that sleeps takes as long as a tile to wake up. So first others
        // may have the processor, if they want it.
        const SPINS: usize = 1 << 8;
        const TURNS: usize = 1 << 11;
        for turn in 0..TURNS {
            if self.known.load(Ordering::Acquire) > tile {
                break;
            }
            if turn < SPINS {
                spin_loop();
            } else {
                yield_now();
            }
        }
        let mut state = self.state();
        loop {
            if let Some(index) = state.starts.iter().position(|(of, _)| *of == tile) {
                return Some(state.starts.swap_remove(index).1);
            }
            if state.broken {
                return None;
            }
            state.asleep += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
    }

    /// Nobody waits for a tile that a thread has taken while it has this and that ends in a panic.
    pub(super) fn guard(&self) -> Guard<'_, T> {
        Guard(self)
    }
}

/// [`Order::guard`].
pub(super) struct Guard<'a, T: Summand>(&'a Order<T>);

impl<T: Summand> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().broken = true;
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_may_be_summed_in_any_order() {
        let order = Order::<u32>::new();
        order.tell(2, vec![100]);
        order.tell(1, vec![10, 20]);
        assert_eq!(order.start_of(0), Some(0));
        order.tell(0, vec![1, 2, 3]);
        assert_eq!(order.start_of(3), Some(136));
        assert_eq!(order.start_of(1), Some(6));
        assert_eq!(order.start_of(2), Some(36));
    }

    #[test]
    fn nobody_waits_for_a_thread_in_a_panic() {
        let order = Order::<u32>::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| order.start_of(1));
            let broken = scope.spawn(|| {
                let _guard = order.guard();
                std::panic::resume_unwind(Box::new("no message"));
            });
            assert!(broken.join().is_err());
            assert_eq!(waiting.join().expect("no panic"), None);
        });
    }
}
