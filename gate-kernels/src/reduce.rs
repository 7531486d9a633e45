//! Sums and extremes.

use gate_runtime::Status;

use crate::body::element::{Element, Summand, Wide};
use crate::body::group::BLOCK;
use crate::body::reduce;
use crate::body::segments::bounds;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};

/// `Σ xᵢ`, computed in `T::Wide`; 0 when there is nothing to add.
///
/// Blocks of 16384 elements are summed by 256 lanes each, the lanes in a tree, and the sums of blocks in the same way
/// again: the order is that of the data, never of the threads. The error is below `(72·l)·u·Σ |xᵢ|`, with `l` levels of
/// blocks (`⌈log₁₆₃₈₄ n⌉`) and `u` half a unit in the last place of 1.
///
/// Cost: one operation for each element, which is read once.
///
/// ```
/// assert_eq!(gate_kernels::sum(&[0.5_f32, 0.25]), 0.75);
/// ```
#[must_use]
pub fn sum<T: Element>(x: &[T]) -> T::Wide {
    // What is added here turns the identity, -0.0, into the sum of nothing.
    sum_of_blocks(x) + T::Wide::ZERO
}

fn sum_of_blocks<T: Element>(x: &[T]) -> T::Wide {
    if x.len() <= BLOCK {
        let mut sum = [T::Wide::NOTHING];
        over_pieces(&mut sum, 1, 1, &Sums { x });
        let [sum] = sum;
        return sum;
    }
    let mut sums = vec![T::Wide::NOTHING; x.len().div_ceil(BLOCK)];
    over_pieces(&mut sums, 1, per_task(BLOCK), &Sums { x });
    sum_of_blocks(&sums)
}

/// The smallest and the largest value, both NaN when there is a NaN; `None` when there is no value.
///
/// Zeros of either sign are equal, and which of them is returned is fixed by the order of [`sum`]'s blocks and lanes.
///
/// Cost: two comparisons for each element, which is read once from memory.
///
/// ```
/// assert_eq!(gate_kernels::extremes(&[2.0_f32, -1.0, 0.5]), Some((-1.0, 2.0)));
/// ```
#[must_use]
pub fn extremes<T: Element>(x: &[T]) -> Option<(T::Wide, T::Wide)> {
    if x.is_empty() {
        return None;
    }
    let mut found = vec![(T::Wide::HIGHEST, T::Wide::LOWEST); x.len().div_ceil(BLOCK)];
    over_pieces(&mut found, 1, per_task(BLOCK), &Extremes { x });
    found
        .into_iter()
        .reduce(|a, b| (reduce::lower(a.0, b.0), reduce::upper(a.1, b.1)))
}

/// `outₛ = Σ xᵢ` for `i` in `offsets[s] .. offsets[s + 1]`: one sum for each segment, in the order of a single block
/// whatever its length.
///
/// The error is below `(n/256 + 8)·u·Σ |xᵢ|` for a segment of `n` values.
///
/// Cost: one operation for each element. In PTX a thread block has one segment: short ones leave most of it idle.
///
/// ```
/// use gate_kernels::segmented_sum;
/// use gate_runtime::Status;
///
/// let mut out = [0.0_f32; 3];
/// assert_eq!(segmented_sum(&[1.0_f32, 2.0, 3.0], &[0, 2, 2, 3], &mut out), Status::Ok);
/// assert_eq!(out, [3.0, 0.0, 3.0]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when `offsets` has not one entry more than `out`, does not begin with 0, descends, or does
/// not end with the length of `x`.
pub fn segmented_sum<T: Element>(x: &[T], offsets: &[u64], out: &mut [T::Wide]) -> Status {
    if !are_offsets(offsets, out.len(), x.len()) {
        return Status::InvalidArgument;
    }
    segments(x, offsets, out)
}

/// What the entry `segmented_sum` computes: [`segmented_sum`] of any offsets, as far as they are within `x`.
pub(crate) fn segments<T: Element>(x: &[T], offsets: &[u64], out: &mut [T::Wide]) -> Status {
    if offsets.len() != out.len() + 1 {
        return Status::InvalidArgument;
    }
    let mean = x.len() / out.len().max(1);
    over_pieces(out, 1, per_task(mean), &Segments { x, offsets });
    Status::Ok
}

/// What the entry `sum` computes: the sum of each block.
pub(crate) fn block_sums<T: Element>(x: &[T], out: &mut [T::Wide]) -> Status {
    if out.len() != x.len().div_ceil(BLOCK) {
        return Status::InvalidArgument;
    }
    over_pieces(out, 1, per_task(BLOCK), &Sums { x });
    Status::Ok
}

/// What the entry `extremes` computes: the extremes of each block.
pub(crate) fn block_extremes<T: Element>(x: &[T], least: &mut [T::Wide], most: &mut [T::Wide]) -> Status {
    if least.len() != x.len().div_ceil(BLOCK) || most.len() != least.len() {
        return Status::InvalidArgument;
    }
    let mut found = vec![(T::Wide::HIGHEST, T::Wide::LOWEST); least.len()];
    over_pieces(&mut found, 1, per_task(BLOCK), &Extremes { x });
    for ((least, most), found) in least.iter_mut().zip(most).zip(found) {
        (*least, *most) = found;
    }
    Status::Ok
}

/// Whether `offsets` cut `length` elements into `segments`.
pub(crate) fn are_offsets(offsets: &[u64], segments: usize, length: usize) -> bool {
    offsets.len() == segments.saturating_add(1)
        && offsets.first() == Some(&0)
        && offsets.last() == Some(&(length as u64))
        && offsets.is_sorted()
}

struct Sums<'a, T: Element> {
    x: &'a [T],
}

impl<'a, T: Element> Pieces for Sums<'a, T> {
    type Out = T::Wide;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [T::Wide]) {
        for out in out {
            *out = reduce::sum(group, piece(self.x, BLOCK, index));
        }
    }
}

struct Extremes<'a, T: Element> {
    x: &'a [T],
}

impl<'a, T: Element> Pieces for Extremes<'a, T> {
    type Out = (T::Wide, T::Wide);

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [(T::Wide, T::Wide)]) {
        for out in out {
            *out = reduce::extremes(group, piece(self.x, BLOCK, index));
        }
    }
}

struct Segments<'a, T: Element> {
    x: &'a [T],
    offsets: &'a [u64],
}

impl<'a, T: Element> Pieces for Segments<'a, T> {
    type Out = T::Wide;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [T::Wide]) {
        let [first, end] = bounds(self.offsets[index], self.offsets[index + 1], self.x.len());
        let segment = &self.x[first..end];
        for out in out {
            *out = reduce::sum(group, segment) + T::Wide::ZERO;
        }
    }
}
