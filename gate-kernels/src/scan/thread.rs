//! What one thread does with tiles: it writes one while it sums another.

use crate::body::element::Summand;
use crate::body::group::Group;
use crate::body::scan::{self, RUN, SCAN_BLOCK};
use crate::cpu::{Cpu, Lanes, Rows, Runs, Scanned, Square, Summed};

/// Elements of a tile: whole blocks, and a part of a run of them. A thread sums one tile while it writes the one before, and what it keeps
/// of that takes a quarter of its second cache.
pub(super) const fn tile<T>() -> usize {
    const BYTES: usize = 1 << 18;
    let blocks = BYTES / (SCAN_BLOCK * size_of::<T>());
    SCAN_BLOCK * if blocks < RUN { blocks } else { RUN }
}

/// What stands before each lane of a block, and its total.
pub(super) type Prepared<T> = (Lanes<T>, T);

/// What a thread keeps from one tile to the next.
pub(super) struct Thread<T: Summand + 'static, const WIDTH: usize, const STREAMED: bool> {
    group: Cpu<WIDTH>,
    runs: Option<Runs>,
    /// Columns of the tile that is written next, which need not be made of its data again.
    columns: Vec<Square>,
    /// A block on its way past the cache.
    block: Vec<T>,
    inclusive: bool,
}

/// A tile that is written.
pub(super) struct Writing<'a, T: Summand + 'static, const STREAMED: bool> {
    blocks: std::iter::Zip<std::slice::Chunks<'a, T>, std::slice::Iter<'a, Prepared<T>>>,
    /// What stands before the next block.
    offset: T,
    /// Where blocks go that are gone through by squares, which are the whole ones.
    rows: Option<Rows<'a, STREAMED>>,
    /// Where others go.
    out: &'a mut [T],
}

impl<'a, T: Summand + 'static, const STREAMED: bool> Writing<'a, T, STREAMED> {
    #[inline(always)]
    pub(super) fn new(x: &'a [T], prepared: &'a [Prepared<T>], start: T, out: &'a mut [T], by_squares: bool) -> Self {
        let whole = if by_squares {
            x.len() / SCAN_BLOCK * SCAN_BLOCK
        } else {
            0
        };
        let (squares, out) = out.split_at_mut(whole);
        Self {
            blocks: x.chunks(SCAN_BLOCK).zip(prepared),
            offset: start,
            rows: Rows::new(squares).filter(|_| by_squares),
            out,
        }
    }
}

impl<T: Summand + 'static, const WIDTH: usize, const STREAMED: bool> Thread<T, WIDTH, STREAMED> {
    #[inline(always)]
    pub(super) fn new(inclusive: bool) -> Self {
        let mut group = Cpu::new();
        if STREAMED {
            group.write_streaming();
        }
        let runs = if WIDTH == 512 { Runs::of::<T>() } else { None };
        let columns = if STREAMED && runs.is_some() {
            vec![Square::ZERO; tile::<T>() / SCAN_BLOCK * Square::of_a_block::<T>()]
        } else {
            Vec::new()
        };
        Self {
            group,
            runs,
            columns,
            block: Vec::new(),
            inclusive,
        }
    }

    /// Whether whole blocks are gone through by squares.
    pub(super) fn by_squares(&self) -> bool {
        self.runs.is_some()
    }

    /// Writes one tile while it sums another, block by block in turn.
    #[inline(always)]
    pub(super) fn step(
        &mut self,
        mut writing: Option<Writing<'_, T, STREAMED>>,
        x: &[T],
        prepared: &mut [Prepared<T>],
    ) {
        let Self {
            group,
            runs,
            columns,
            block,
            inclusive,
        } = self;
        let mut columns = columns.chunks_mut(Square::of_a_block::<T>());
        let mut sums = x.chunks(SCAN_BLOCK).zip(prepared);
        for _ in 0..tile::<T>() / SCAN_BLOCK {
            let columns = columns.next().unwrap_or_default();
            let mut scan = None;
            let mut written = None;
            if let Some(writing) = &mut writing
                && let Some((x, (before, total))) = writing.blocks.next()
            {
                let offset = writing.offset;
                writing.offset = offset.plus(*total);
                let squares = scanned(x, before, offset, *inclusive).filter(|_| runs.is_some());
                match (squares, &mut writing.rows) {
                    (Some(squares), Some(rows)) => scan = Some((squares, rows)),
                    _ => written = Some((x, before, offset, &mut writing.out)),
                }
            }
            let mut summed = sums.next();
            let sum = match &mut summed {
                Some((x, prepared)) if runs.is_some() => by_squares(x, prepared),
                _ => None,
            };
            let squared = sum.is_some();
            if let Some(runs) = runs {
                runs.blocks(columns, scan, sum);
            }
            if let Some((x, before, offset, out)) = written {
                let (place, rest) = std::mem::take(out).split_at_mut(x.len());
                *out = rest;
                if STREAMED {
                    block.resize(x.len(), T::NOTHING);
                    scan::write_prepared(group, x, *before, offset, *inclusive, &mut block.as_mut_slice());
                    group.read_next(summed.as_ref().map(|(x, _)| *x).unwrap_or_default());
                    group.map(block, &mut &mut *place, |value| value);
                } else {
                    scan::write_prepared(group, x, *before, offset, *inclusive, &mut &mut *place);
                }
            }
            if let Some((x, prepared)) = summed
                && !squared
            {
                *prepared = scan::prepare(group, x);
            }
        }
    }
}

/// The block as one that is written by squares, if it is a whole one.
#[inline(always)]
fn scanned<'a, T: Copy>(x: &'a [T], before: &'a Lanes<T>, offset: T, inclusive: bool) -> Option<Scanned<'a, T>> {
    Some(Scanned {
        x: x.try_into().ok()?,
        before: before.values(),
        offset,
        inclusive,
    })
}

/// The block as one that is summed by squares, if it is a whole one.
#[inline(always)]
fn by_squares<'a, T: Copy>(x: &'a [T], (lanes, total): &'a mut Prepared<T>) -> Option<Summed<'a, T>> {
    Some(Summed {
        x: x.try_into().ok()?,
        before: lanes.values_mut(),
        total,
    })
}
