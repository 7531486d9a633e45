//! Something small that is done beside something large.

use std::panic;
use std::thread;

use super::permits::{Asking, Permits};

/// Does both. What is small runs on a thread of its own as soon as there is a permit for one, and on this thread behind what is
/// large where none came.
pub(crate) fn beside<L, S: Send>(permits: &Permits, large: impl FnOnce() -> L, small: impl Fn() -> S + Sync) -> (L, S) {
    let asking = Asking::default();
    let (large, early) = thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || {
            permits.take(&asking).then(|| {
                let _permit = Permit(permits);
                small()
            })
        });
        let large = {
            let _call_off = CallOff(permits, &asking);
            large()
        };
        // Without another thread it is done on this one.
        let early = other.ok().and_then(|thread| match thread.join() {
            Ok(early) => early,
            Err(problem) => panic::resume_unwind(problem),
        });
        (large, early)
    });
    let small = early.unwrap_or_else(small);
    (large, small)
}

/// One that is given back, however it ends.
struct Permit<'a>(&'a Permits);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// Keeps nobody waiting once the large one is over.
struct CallOff<'a>(&'a Permits, &'a Asking);

impl Drop for CallOff<'_> {
    fn drop(&mut self) {
        self.0.call_off(self.1);
    }
}
