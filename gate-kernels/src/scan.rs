//! Running sums.

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

fn running<T: Summand>(x: &[T], inclusive: bool, out: &mut [T]) {
    let tasks = per_task(SCAN_BLOCK);
    let mut offsets = Vec::new();
    if x.len() > SCAN_BLOCK {
        let mut totals = vec![T::NOTHING; x.len().div_ceil(SCAN_BLOCK)];
        over_pieces(&mut totals, 1, tasks, &Totals { x });
        offsets.resize(totals.len(), T::ZERO);
        running(&totals, false, &mut offsets);
    }
    let work = Running {
        x,
        offsets: &offsets,
        inclusive,
    };
    over_pieces(out, SCAN_BLOCK, tasks, &work);
}

struct Totals<'a, T: Summand> {
    x: &'a [T],
}

impl<'a, T: Summand> Pieces for Totals<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [T]) {
        out[0] = scan::total(group, piece(self.x, SCAN_BLOCK, index));
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
