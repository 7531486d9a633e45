//! Running sums of many blocks: data comes from memory once.

use std::sync::{Mutex, PoisonError};

use super::order::Order;
use super::thread::{Prepared, Thread, Writing, tile};
use crate::body::element::Summand;
use crate::body::scan::SCAN_BLOCK;
use crate::cpu::{Lanes, Task, is_large, widest};

/// Writes the running sums of `x`. Threads take tiles in turn, and tell each other what stands before the next.
pub(super) fn running<T: Summand + 'static>(x: &[T], inclusive: bool, out: &mut [T]) {
    let threads = rayon::current_num_threads().min(x.len().div_ceil(tile::<T>()));
    let streamed = is_large(out);
    let shared = shared(x, inclusive, out);
    let take_part = || {
        if streamed {
            widest(TakePart::<_, _, true>(&shared));
        } else {
            widest(TakePart::<_, _, false>(&shared));
        }
    };
    if threads <= 1 {
        return take_part();
    }
    rayon::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|_| take_part());
        }
        take_part();
    });
}

/// [`running`] for vectors of `WIDTH` bits, past the cache or not.
#[cfg(test)]
pub(super) fn on_this_thread<T: Summand + 'static, const WIDTH: usize, const STREAMED: bool>(
    x: &[T],
    inclusive: bool,
    out: &mut [T],
) {
    TakePart::<_, _, STREAMED>(&shared(x, inclusive, out)).run::<WIDTH>();
}

fn shared<'a, T: Summand + 'static>(
    x: &'a [T],
    inclusive: bool,
    out: &'a mut [T],
) -> Shared<T, impl Iterator<Item = Tile<'a, T>>> {
    let tiles = x.chunks(tile::<T>()).zip(out.chunks_mut(tile::<T>())).enumerate();
    Shared {
        tiles: Mutex::new(tiles.map(|(index, (x, out))| Tile { index, x, out })),
        order: Order::new(),
        inclusive,
    }
}

/// Neighbouring blocks.
struct Tile<'a, T> {
    index: usize,
    x: &'a [T],
    out: &'a mut [T],
}

/// What threads have in common.
struct Shared<T: Summand, I> {
    tiles: Mutex<I>,
    order: Order<T>,
    inclusive: bool,
}

/// The work of one thread, which writes past the cache (`STREAMED`) or not.
struct TakePart<'s, T: Summand, I, const STREAMED: bool>(&'s Shared<T, I>);

impl<'a, T, I, const STREAMED: bool> Task for TakePart<'_, T, I, STREAMED>
where
    T: Summand + 'static,
    I: Iterator<Item = Tile<'a, T>>,
{
    #[inline(always)]
    fn run<const WIDTH: usize>(self) {
        let Shared {
            tiles,
            order,
            inclusive,
        } = self.0;
        let _guard = order.guard();
        let mut thread = Thread::<T, WIDTH, STREAMED>::new(*inclusive);
        let mut last: Option<(Tile<'_, T>, Vec<Prepared<T>>)> = None;
        let mut spare = Vec::new();
        loop {
            let next = tiles.lock().unwrap_or_else(PoisonError::into_inner).next();
            let x = next.as_ref().map(|tile| tile.x).unwrap_or_default();
            let mut prepared = std::mem::take(&mut spare);
            prepared.resize(x.len().div_ceil(SCAN_BLOCK), (Lanes::filled(T::NOTHING), T::NOTHING));
            if let Some((tile, before)) = last.take() {
                let Some(start) = order.start_of(tile.index) else {
                    return;
                };
                let writing = Writing::new(tile.x, &before, start, tile.out, thread.by_squares());
                thread.step(Some(writing), x, &mut prepared);
                spare = before;
            } else {
                thread.step(None, x, &mut prepared);
            }
            let Some(tile) = next else {
                return;
            };
            order.tell(tile.index, prepared.iter().map(|(_, total)| *total).collect());
            last = Some((tile, prepared));
        }
    }
}
