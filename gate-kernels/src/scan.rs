//! Running sums.

use gate_runtime::Status;

use crate::body::element::Summand;
use crate::body::scan::{self, SCAN_BLOCK};
use crate::cpu::{alone, over_pieces, piece, pieces_per_task};

/// `outᵢ = x₀ + … + xᵢ`. Integers wrap.
///
/// Floating-point sums are taken in a fixed order: 16 neighbours by each of 256 lanes, the lanes among each other, then
/// blocks of 4096 in the same way. So `outᵢ` is a sum of the same numbers as in a loop, rounded differently; its error is
/// below `(40·l)·u·Σ |xⱼ|` with `l` levels of blocks (`⌈log₄₀₉₆ n⌉`).
///
/// Cost: two additions for each element; it is read twice and written once.
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

fn running<T: Summand>(x: &[T], inclusive: bool, out: &mut [T]) {
    if x.len() <= SCAN_BLOCK {
        let mut out = out;
        return alone(|group| scan::write(group, x, T::ZERO, inclusive, &mut out));
    }
    let per_task = pieces_per_task(SCAN_BLOCK);
    let mut totals = vec![T::NOTHING; x.len().div_ceil(SCAN_BLOCK)];
    over_pieces(&mut totals, 1, per_task, |group, index, out| {
        out[0] = scan::total(group, piece(x, SCAN_BLOCK, index));
    });
    let mut offsets = vec![T::ZERO; totals.len()];
    running(&totals, false, &mut offsets);
    over_pieces(out, SCAN_BLOCK, per_task, |group, index, mut out| {
        scan::write(group, piece(x, SCAN_BLOCK, index), offsets[index], inclusive, &mut out);
    });
}
