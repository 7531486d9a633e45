//! Something small that is done while something large is.

use std::panic;
use std::thread;

use super::permits::{Asking, Permits};
use crate::channel::channel;

/// Says that what is small may begin; to be called from any thread, as often as one likes.
pub(crate) type Begin<'a> = &'a (dyn Fn() + Sync);

/// Does both. What is small runs on a thread of its own once what is large has said that it may begin and there is a permit for it, and on
/// this thread behind what is large where that is not before its end.
pub(crate) fn overlap<L, S: Send>(
    permits: &Permits,
    large: impl FnOnce(Begin<'_>) -> L,
    small: impl Fn() -> S + Sync,
) -> (L, S) {
    let asking = Asking::default();
    let (large, early) = thread::scope(|scope| {
        let (begin, begins) = channel();
        let (asking, small) = (&asking, &small);
        let other = thread::Builder::new().spawn_scoped(scope, move || {
            // What is large has ended without a word.
            let has = begins.next().is_some() && permits.take(asking);
            has.then(|| {
                let _permit = Permit(permits);
                small()
            })
        });
        let large = {
            let _call_off = CallOff(permits, asking);
            // Whoever is told may have begun, or not be there.
            let begin = move || {
                begin.send(());
            };
            large(&begin)
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
