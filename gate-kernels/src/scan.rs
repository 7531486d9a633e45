//! Running sums.

mod chain;
mod order;
mod thread;
mod tiles;

use gate_runtime::Status;

use crate::body::element::Summand;
use crate::body::scan::{self, SCAN_BLOCK};
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};

/// `outᵢ = x₀ + … + xᵢ`. Integers wrap.
///
/// Floating-point sums are taken in a fixed order: 16 neighbours by each of 256 lanes, the lanes among each other, then
/// blocks of 4096 in the same way. So `outᵢ` is a sum of the same numbers as in a loop, rounded differently; its error is
/// below `(40·l)·u·Σ |xⱼ|` with `l` levels of blocks (`⌈log₄₀₉₆ n⌉`).
///
/// Cost: two additions for each element, which is read and written once in memory. A result of 32 MiB or more is written past the
/// cache.
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
pub fn inclusive_sum<T: Summand + 'static>(x: &[T], out: &mut [T]) -> Status {
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
pub fn exclusive_sum<T: Summand + 'static>(x: &[T], out: &mut [T]) -> Status {
    checked(x, false, out)
}

fn checked<T: Summand + 'static>(x: &[T], inclusive: bool, out: &mut [T]) -> Status {
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

fn running<T: Summand + 'static>(x: &[T], inclusive: bool, out: &mut [T]) {
    if x.len() > SCAN_BLOCK {
        return tiles::running(x, inclusive, out);
    }
    let work = Running {
        x,
        offsets: &[],
        inclusive,
    };
    over_pieces(out, SCAN_BLOCK, per_task(SCAN_BLOCK), &work);
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
    use std::fmt::Debug;

    use super::*;

    /// Numbers of very different size, so that any other order shows.
    fn data(count: usize) -> Vec<f64> {
        (0..count as u64)
            .map(|index| {
                let hash = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                ((hash >> 40) as f64 / 8_388_608.0 - 1.0) * 2.0_f64.powi(((hash >> 8) % 24) as i32 - 12)
            })
            .collect()
    }

    /// The same in three launches, as on a device.
    fn by_levels<T: Summand>(x: &[T], inclusive: bool) -> Vec<T> {
        let mut totals = vec![T::ZERO; x.len().div_ceil(SCAN_BLOCK)];
        assert_eq!(block_totals(x, &mut totals), Status::Ok);
        let offsets = if totals.len() > 1 {
            by_levels(&totals, false)
        } else {
            vec![T::ZERO]
        };
        let mut out = vec![T::ZERO; x.len()];
        assert_eq!(block_running(x, &offsets, inclusive, &mut out), Status::Ok);
        out
    }

    /// Any vectors, past the cache or not, and any place of a line to begin at give the same bits.
    fn tiles_give_the_bits_of_levels<T, B>(x: &[T], bits: impl Fn(T) -> B)
    where
        T: Summand + 'static,
        B: PartialEq + Debug,
    {
        for inclusive in [false, true] {
            let expected: Vec<B> = by_levels(x, inclusive).into_iter().map(&bits).collect();
            for after in [0, 1, 5, 16] {
                for variant in 0..6 {
                    let mut out = vec![T::ZERO; after + x.len()];
                    let (_, out) = out.split_at_mut(after);
                    match variant {
                        0 => tiles::on_this_thread::<T, 128, false>(x, inclusive, out),
                        1 => tiles::on_this_thread::<T, 128, true>(x, inclusive, out),
                        2 => tiles::on_this_thread::<T, 256, true>(x, inclusive, out),
                        3 => tiles::on_this_thread::<T, 512, false>(x, inclusive, out),
                        4 => tiles::on_this_thread::<T, 512, true>(x, inclusive, out),
                        _ => running(x, inclusive, out),
                    }
                    let same = out.iter().zip(&expected).all(|(out, expected)| bits(*out) == *expected);
                    assert!(same, "{} elements from {after} on, {inclusive}, {variant}", x.len());
                }
            }
        }
    }

    #[test]
    fn numbers_of_any_type_are_summed_in_the_same_order() {
        for count in [4_097, 16 * 4_096, 70_001, 33 * 4_096 + 5] {
            let doubles = data(count);
            let singles: Vec<f32> = doubles.iter().map(|x| *x as f32).collect();
            let longs: Vec<u64> = doubles.iter().map(|x| x.to_bits()).collect();
            let words: Vec<u32> = singles.iter().map(|x| x.to_bits()).collect();
            tiles_give_the_bits_of_levels(&singles, f32::to_bits);
            tiles_give_the_bits_of_levels(&doubles, f64::to_bits);
            tiles_give_the_bits_of_levels(&words, |x| x);
            tiles_give_the_bits_of_levels(&longs, |x| x);
        }
    }

    /// So large that its blocks need a third level, and that it goes past the cache.
    #[test]
    fn tiles_give_the_bits_of_the_whole() {
        let count = (4_096 + 3) * 4_096 + 17;
        let x: Vec<f32> = data(count).into_iter().map(|x| x as f32).collect();
        let expected = by_levels(&x, false);
        let mut out = vec![0.0; count];
        running(&x, false, &mut out);
        assert!(out.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
