//! Running kernels on the CPU.

mod group;
mod halves;
mod lanes;
mod prefetch;
mod runs;
mod softmax;
mod streaming;
mod tables;
mod wide;

use rayon::prelude::*;

pub(crate) use group::Cpu;
pub(crate) use halves::LONGEST;
pub(crate) use lanes::Lanes;
pub(crate) use runs::{Rows, Runs, Scanned, Square, Summed};
pub(crate) use streaming::is_large;
pub(crate) use wide::{Task, widest};

/// Work that is cut into pieces, none of which sees another.
pub(crate) trait Pieces: Sync {
    /// What is written.
    type Out: Send;

    /// Does piece number `index`, whose part of the output is `out`. Implementations are `#[inline(always)]`.
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [Self::Out]);

    /// Does neighbouring pieces of `size` elements, of which the first is number `first`. Implementations are `#[inline(always)]`.
    #[inline(always)]
    fn pieces<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, first: usize, size: usize, out: &mut [Self::Out]) {
        for (index, out) in out.chunks_mut(size).enumerate() {
            self.piece(group, first + index, out);
        }
    }
}

/// Does `work` for each piece of `out` that has `size` elements (the last may have fewer). Pieces are handed to the thread
/// pool `per_task` at a time. A large `out` is written past the cache.
pub(crate) fn over_pieces<P: Pieces>(out: &mut [P::Out], size: usize, per_task: usize, work: &P) {
    let streamed = streaming::is_large(out);
    let task = |(task, out): (usize, &mut [P::Out])| {
        widest(Several {
            work,
            first: task * per_task,
            size,
            streamed,
            out,
        });
    };
    let together = size.saturating_mul(per_task).max(1);
    if out.len() <= together {
        task((0, out));
    } else {
        out.par_chunks_mut(together).enumerate().for_each(task);
    }
}

/// The pieces of one task.
struct Several<'a, P: Pieces> {
    work: &'a P,
    first: usize,
    size: usize,
    streamed: bool,
    out: &'a mut [P::Out],
}

impl<P: Pieces> Task for Several<'_, P> {
    #[inline(always)]
    fn run<const WIDTH: usize>(self) {
        let mut group = Cpu::<WIDTH>::new();
        if self.streamed {
            group.write_streaming();
        }
        self.work.pieces(&mut group, self.first, self.size, self.out);
    }
}

/// How many pieces of `size` elements make a task: enough work to be worth handing out.
pub(crate) fn per_task(size: usize) -> usize {
    const WORTHWHILE: usize = 1 << 16;
    (WORTHWHILE / size.max(1)).max(1)
}

/// Piece number `index` of `data`.
#[inline(always)]
pub(crate) fn piece<T>(data: &[T], size: usize, index: usize) -> &[T] {
    let start = index.saturating_mul(size).min(data.len());
    let end = start.saturating_add(size).min(data.len());
    data.get(start..end).unwrap_or_default()
}
