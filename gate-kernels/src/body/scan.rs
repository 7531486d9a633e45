//! Running sums.

use super::element::Summand;
use super::group::{Group, LANES};

/// Neighbouring elements that one lane goes through.
pub(crate) const RUN: usize = 16;

/// Elements of one block.
pub(crate) const SCAN_BLOCK: usize = RUN * LANES;

/// What stands before each lane of a block, and the sum of the block, in the order of [`write`].
#[inline(always)]
pub(crate) fn prepare<G: Group, T: Summand>(group: &mut G, x: &[T]) -> (G::Own<T>, T) {
    let lanes = group.fold_runs(x, RUN, T::NOTHING, T::plus);
    group.before(lanes, T::NOTHING, T::plus)
}

/// The sum of a block, in the order of [`write`].
#[inline(always)]
pub(crate) fn total<G: Group, T: Summand>(group: &mut G, x: &[T]) -> T {
    prepare(group, x).1
}

/// The running sums of a block that begins at `offset`.
#[inline(always)]
pub(crate) fn write<G: Group, T: Summand>(group: &mut G, x: &[T], offset: T, inclusive: bool, out: &mut G::Out<'_, T>) {
    let (before, _) = prepare(group, x);
    write_prepared(group, x, before, offset, inclusive, out);
}

/// [`write`] for a block of which [`prepare`] already told what is `before` its lanes.
#[inline(always)]
pub(crate) fn write_prepared<G: Group, T: Summand>(
    group: &mut G,
    x: &[T],
    before: G::Own<T>,
    offset: T,
    inclusive: bool,
    out: &mut G::Out<'_, T>,
) {
    group.scan_runs(x, RUN, offset, before, inclusive, out, T::plus);
}
