//! Foreign code whose panics end here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `work`; `None` where it panicked. What `work` borrows may be half changed then, and callers treat it so.
#[inline]
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(payload) => {
            discard(payload);
            None
        }
    }
}

/// Drops what a panic carried. Where that panics again, what the second panic carries is left alone.
#[cold]
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// What panics whenever it is dropped, with another one of its kind.
#[cfg(test)]
pub(crate) struct Bomb;

#[cfg(test)]
impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_carries_cannot_panic_its_way_out() {
        assert_eq!(contained(|| 3), Some(3));
        assert_eq!(contained(|| std::panic::panic_any(Bomb)), None::<()>);
    }
}
