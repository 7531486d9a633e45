//! Running sums.

use gate_runtime::Status;

use crate::body::element::Summand;
use crate::body::scan::{self, SCAN_BLOCK};
use crate::cpu::{Cpu, Lanes, Pieces, over_pieces, per_task, piece};

/// `outᵢ = x₀ + … + xᵢ`. Integers wrap.
///
/// Floating-point sums are taken in a fixed order: 16 neighbours by each of 256 lanes, the lanes among each other, then
/// blocks of 4096 in the same way. So `outᵢ` is a sum of the same numbers as in a loop, rounded differently; its error is
/// below `(40·l)·u·Σ |xⱼ|` with `l` levels of blocks (`⌈log₄₀₉₆ n⌉`).
///
/// Cost: two additions for each element; it is read twice and written once. Beyond one block, a sixteenth of the data is held in
/// memory besides.
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
    if x.len() <= SCAN_BLOCK {
        let work = Running {
            x,
            offsets: &[],
            inclusive,
        };
        return over_pieces(out, SCAN_BLOCK, tasks, &work);
    }
    // What stands before the lanes is kept: a sixteenth of the data, and half of the additions.
    let nothing = (Lanes::filled(T::NOTHING), T::NOTHING);
    let mut prepared = vec![nothing; x.len().div_ceil(SCAN_BLOCK)];
    over_pieces(&mut prepared, 1, tasks, &Prepare { x });
    let totals: Vec<T> = prepared.iter().map(|(_, total)| *total).collect();
    let mut offsets = vec![T::ZERO; totals.len()];
    running(&totals, false, &mut offsets);
    let work = Finish {
        x,
        prepared: &prepared,
        offsets: &offsets,
        inclusive,
    };
    over_pieces(out, SCAN_BLOCK, tasks, &work);
}

struct Prepare<'a, T: Summand> {
    x: &'a [T],
}

impl<'a, T: Summand> Pieces for Prepare<'a, T> {
    type Out = (Lanes<T>, T);

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [(Lanes<T>, T)]) {
        for out in out {
            *out = scan::prepare(group, piece(self.x, SCAN_BLOCK, index));
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
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [T]) {
        let known = self.prepared.get(index).zip(self.offsets.get(index));
        if let Some(((before, _), offset)) = known {
            let x = piece(self.x, SCAN_BLOCK, index);
            scan::write_prepared(group, x, *before, *offset, self.inclusive, &mut out);
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
