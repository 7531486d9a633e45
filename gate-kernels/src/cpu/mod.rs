//! Running kernels on the CPU.

mod group;
mod wide;

use rayon::prelude::*;

pub(crate) use group::Cpu;
pub(crate) use wide::{Width, widest, width};

/// Calls `body` for each piece of `out` that has `piece` elements (the last may have fewer), with its number. Pieces are
/// handed to the thread pool `pieces_per_task` at a time; which thread has which does not matter, for no piece sees
/// another.
pub(crate) fn over_pieces<T: Send>(
    out: &mut [T],
    piece: usize,
    pieces_per_task: usize,
    body: impl Fn(&mut Cpu, usize, &mut [T]) + Sync,
) {
    let task = |(task, part): (usize, &mut [T])| {
        widest(|| {
            let mut group = Cpu::new();
            for (index, out) in part.chunks_mut(piece).enumerate() {
                body(&mut group, task * pieces_per_task + index, out);
            }
        });
    };
    let size = piece.saturating_mul(pieces_per_task).max(1);
    if out.len() <= size {
        task((0, out));
    } else {
        out.par_chunks_mut(size).enumerate().for_each(task);
    }
}

/// Runs `body` on one group in this thread.
pub(crate) fn alone<R>(body: impl FnOnce(&mut Cpu) -> R) -> R {
    widest(|| body(&mut Cpu::new()))
}

/// How many pieces of `size` elements make a task: enough work to be worth handing out.
pub(crate) fn pieces_per_task(size: usize) -> usize {
    const WORTHWHILE: usize = 1 << 16;
    (WORTHWHILE / size.max(1)).max(1)
}

/// Piece number `index` of `data`.
pub(crate) fn piece<T>(data: &[T], size: usize, index: usize) -> &[T] {
    let start = index.saturating_mul(size).min(data.len());
    let end = start.saturating_add(size).min(data.len());
    &data[start..end]
}
