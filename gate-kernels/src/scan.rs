//! Running sums.

use gate_runtime::Status;

use crate::body::element::Summand;
use crate::body::group::Group;
use crate::body::scan::{self, SCAN_BLOCK};
use crate::cpu::{Cpu, Lanes, Pieces, over_pieces, per_task, piece, scan_runs, sum_runs};

/// `outᵢ = x₀ + … + xᵢ`. Integers wrap.
///
/// Floating-point sums are taken in a fixed order: 16 neighbours by each of 256 lanes, the lanes among each other, then
/// blocks of 4096 in the same way. So `outᵢ` is a sum of the same numbers as in a loop, rounded differently; its error is
/// below `(40·l)·u·Σ |xⱼ|` with `l` levels of blocks (`⌈log₄₀₉₆ n⌉`).
///
/// Cost: two additions for each element, which is read and written once in memory: data of 8 MiB at a time is summed while it comes, and
/// gone through again in the cache.
///
/// ```
/// use gate_kernels::inclusive_sum;
/// use gate_runtime::Status;
///
/// let mut out = [0_u32; 3];
/// assert_eq!(inclusive_sum(&[1, 2, 3], &mut out), Status::Ok);
/// assert_eq!(out, [1, 3, 6]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ.
pub fn inclusive_sum<T: Summand>(x: &[T], out: &mut [T]) -> Status {
    checked(x, true, out)
}

/// `outᵢ = x₀ + … + xᵢ₋₁`, and `out₀ = 0`; else like [`inclusive_sum`].
///
/// ```
/// use gate_kernels::exclusive_sum;
/// use gate_runtime::Status;
///
/// let mut out = [0_u32; 3];
/// assert_eq!(exclusive_sum(&[1, 2, 3], &mut out), Status::Ok);
/// assert_eq!(out, [0, 1, 3]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ.
pub fn exclusive_sum<T: Summand>(x: &[T], out: &mut [T]) -> Status {
    checked(x, false, out)
}

fn checked<T: Summand>(x: &[T], inclusive: bool, out: &mut [T]) -> Status {
    if x.len() != out.len() {
        return Status::InvalidArgument;
    }
    running(x, inclusive, out);
    Status::Ok
}

/// What the entry `scan_total` computes: the sum of each block.
pub(crate) fn block_totals<T: Summand>(x: &[T], totals: &mut [T]) -> Status {
    if totals.len() != x.len().div_ceil(SCAN_BLOCK) {
        return Status::InvalidArgument;
    }
    over_pieces(totals, 1, per_task(SCAN_BLOCK), &Totals { x });
    Status::Ok
}

/// What the entry `scan_write` computes: the running sums of each block from its offset on.
pub(crate) fn block_running<T: Summand>(x: &[T], offsets: &[T], inclusive: bool, out: &mut [T]) -> Status {
    if out.len() != x.len() || offsets.len() != x.len().div_ceil(SCAN_BLOCK) {
        return Status::InvalidArgument;
    }
    let work = Running { x, offsets, inclusive };
    over_pieces(out, SCAN_BLOCK, per_task(SCAN_BLOCK), &work);
    Status::Ok
}

/// Blocks whose data is worked on together: it is read from memory once and is still in the cache when the running sums are
/// written. A divisor of [`SCAN_BLOCK`].
const TOGETHER: usize = 512;

fn running<T: Summand>(x: &[T], inclusive: bool, out: &mut [T]) {
    running_by::<T, TOGETHER>(x, inclusive, out);
}

/// [`running`], with so many blocks together.
fn running_by<T: Summand, const TOGETHER: usize>(x: &[T], inclusive: bool, out: &mut [T]) {
    let tasks = per_task(SCAN_BLOCK);
    if x.len() <= SCAN_BLOCK {
        let work = Running {
            x,
            offsets: &[],
            inclusive,
        };
        return over_pieces(out, SCAN_BLOCK, tasks, &work);
    }
    let blocks = x.len().div_ceil(SCAN_BLOCK);
    // What stands before the lanes is kept until the block is written: half of the additions.
    let mut prepared = vec![(Lanes::filled(T::NOTHING), T::NOTHING); blocks.min(TOGETHER)];
    let mut offsets = Offsets::new(blocks);
    let parts = x.chunks(TOGETHER * SCAN_BLOCK);
    for (x, out) in parts.zip(out.chunks_mut(TOGETHER * SCAN_BLOCK)) {
        let prepared = &mut prepared[..x.len().div_ceil(SCAN_BLOCK)];
        over_pieces(prepared, 1, tasks, &Prepare { x });
        let work = Finish {
            x,
            offsets: offsets.after(prepared.iter().map(|(_, total)| *total)),
            prepared,
            inclusive,
        };
        over_pieces(out, SCAN_BLOCK, tasks, &work);
    }
}

/// What stands before each block, found part by part. It is what running sums over the totals of all blocks are, bit by bit: a
/// running sum depends on nothing behind it.
struct Offsets<T> {
    /// Totals of the blocks so far whose running sums belong to one block of totals.
    totals: Vec<T>,
    /// Totals of the blocks of totals that are complete.
    complete: Vec<T>,
    /// Whether there is more than one block of totals.
    several: bool,
    offsets: Vec<T>,
}

impl<T: Summand> Offsets<T> {
    fn new(blocks: usize) -> Self {
        Self {
            totals: Vec::with_capacity(blocks.min(SCAN_BLOCK)),
            complete: Vec::new(),
            several: blocks > SCAN_BLOCK,
            offsets: Vec::new(),
        }
    }

    /// What stands before each of the next blocks, of which these are the totals. All of them are in the same block of totals.
    fn after(&mut self, totals: impl Iterator<Item = T>) -> &[T] {
        if self.totals.len() == SCAN_BLOCK {
            let mut total = [T::NOTHING];
            over_pieces(&mut total, 1, 1, &Totals { x: &self.totals });
            self.complete.extend(total);
            self.totals.clear();
        }
        let first = self.totals.len();
        self.totals.extend(totals);
        let mut start = [T::ZERO; 1];
        if self.several {
            // One level up, the same: the total of this block of totals is not known yet, and nothing before it needs it.
            let mut above = vec![T::ZERO; self.complete.len() + 1];
            self.complete.push(T::NOTHING);
            running(&self.complete, false, &mut above);
            self.complete.pop();
            start = above.last().map_or(start, |last| [*last]);
        }
        self.offsets.resize(self.totals.len(), T::ZERO);
        let work = Running {
            x: &self.totals,
            offsets: &start,
            inclusive: false,
        };
        over_pieces(&mut self.offsets, SCAN_BLOCK, 1, &work);
        &self.offsets[first..]
    }
}

/// [`scan::prepare`], sixteen runs at a time where the machine can. The additions and their order are the same.
#[inline(always)]
fn prepare<const WIDTH: usize, T: Summand>(group: &mut Cpu<WIDTH>, x: &[T]) -> (Lanes<T>, T) {
    let mut lanes = Lanes::filled(T::NOTHING);
    if let (Some(singles), Some(sums)) = (T::as_singles(x), T::as_singles_mut(lanes.values_mut()))
        && WIDTH == 512
        && sum_runs(singles, sums)
    {
        return group.before(lanes, T::NOTHING, T::plus);
    }
    scan::prepare(group, x)
}

/// [`scan::write_prepared`], in the same way.
#[inline(always)]
fn write_prepared<const WIDTH: usize, T: Summand>(
    group: &mut Cpu<WIDTH>,
    x: &[T],
    before: &Lanes<T>,
    offset: T,
    inclusive: bool,
    mut out: &mut [T],
) {
    if WIDTH == 512
        && let (Some(singles), Some(befores)) = (T::as_singles(x), T::as_singles(before.values()))
        && let Some([start]) = T::as_singles(&[offset])
        && let Some(singles_out) = T::as_singles_mut(out)
        && scan_runs(singles, befores, *start, inclusive, singles_out)
    {
        return;
    }
    scan::write_prepared(group, x, *before, offset, inclusive, &mut out);
}

struct Prepare<'a, T: Summand> {
    x: &'a [T],
}

impl<'a, T: Summand> Pieces for Prepare<'a, T> {
    type Out = (Lanes<T>, T);

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [(Lanes<T>, T)]) {
        for out in out {
            *out = prepare(group, piece(self.x, SCAN_BLOCK, index));
        }
    }
}

struct Finish<'a, T: Summand> {
    x: &'a [T],
    prepared: &'a [(Lanes<T>, T)],
    /// What stands before each block.
    offsets: &'a [T],
    inclusive: bool,
}

impl<'a, T: Summand> Pieces for Finish<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [T]) {
        let known = self.prepared.get(index).zip(self.offsets.get(index));
        if let Some(((before, _), offset)) = known {
            let x = piece(self.x, SCAN_BLOCK, index);
            write_prepared(group, x, before, *offset, self.inclusive, out);
        }
    }
}

struct Totals<'a, T: Summand> {
    x: &'a [T],
}

impl<'a, T: Summand> Pieces for Totals<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [T]) {
        for out in out {
            *out = scan::total(group, piece(self.x, SCAN_BLOCK, index));
        }
    }
}

struct Running<'a, T: Summand> {
    x: &'a [T],
    /// What stands before each block; empty for a single one.
    offsets: &'a [T],
    inclusive: bool,
}

impl<'a, T: Summand> Pieces for Running<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [T]) {
        let offset = self.offsets.get(index).copied().unwrap_or(T::ZERO);
        let x = piece(self.x, SCAN_BLOCK, index);
        scan::write(group, x, offset, self.inclusive, &mut out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of very different size, so that any other order shows.
    fn data(count: usize) -> Vec<f32> {
        (0..count as u64)
            .map(|index| {
                let hash = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                ((hash >> 40) as f32 / 8_388_608.0 - 1.0) * 2.0_f32.powi(((hash >> 8) % 24) as i32 - 12)
            })
            .collect()
    }

    /// The same in three launches, as on a device.
    fn by_levels(x: &[f32], inclusive: bool) -> Vec<f32> {
        let mut totals = vec![0.0; x.len().div_ceil(SCAN_BLOCK)];
        assert_eq!(block_totals(x, &mut totals), Status::Ok);
        let offsets = if totals.len() > 1 {
            by_levels(&totals, false)
        } else {
            vec![0.0]
        };
        let mut out = vec![0.0; x.len()];
        assert_eq!(block_running(x, &offsets, inclusive, &mut out), Status::Ok);
        out
    }

    #[test]
    fn parts_give_the_bits_of_the_whole() {
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        for count in [4_096, 4_097, 3 * 4_096, 70_001, (4_096 + 3) * 4_096 + 17] {
            let x = data(count);
            for inclusive in [false, true] {
                let expected = bits(by_levels(&x, inclusive));
                let mut out = vec![0.0; count];
                running(&x, inclusive, &mut out);
                assert!(bits(out) == expected, "{count}");
                let mut out = vec![0.0; count];
                running_by::<f32, 8>(&x, inclusive, &mut out);
                assert!(bits(out) == expected, "{count}, parts of 8");
            }
        }
    }
}
