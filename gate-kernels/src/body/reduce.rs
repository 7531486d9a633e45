//! Sums and extremes.

use super::element::{Element, Summand, Wide};
use super::group::Group;

/// The sum of a block; [`Summand::NOTHING`] when it is empty.
#[inline(always)]
pub(crate) fn sum<G: Group, T: Element>(group: &mut G, x: &[T]) -> T::Wide {
    let lanes = group.fold(x, T::Wide::NOTHING, |sum, _, value: T| sum + value.widen());
    group.combine(lanes, |a, b| a + b)
}

/// The smallest and the largest value of a block, NaN when there is one.
#[inline(always)]
pub(crate) fn extremes<G: Group, T: Element>(group: &mut G, x: &[T]) -> (T::Wide, T::Wide) {
    let lanes = group.fold(x, T::Wide::HIGHEST, |min, _, value: T| lower(min, value.widen()));
    let min = group.combine(lanes, lower);
    let lanes = group.fold(x, T::Wide::LOWEST, |max, _, value: T| upper(max, value.widen()));
    (min, group.combine(lanes, upper))
}

/// The smaller number; a NaN wins.
#[inline(always)]
#[expect(
    clippy::eq_op,
    reason = "a NaN is what differs from itself; `is_nan` needs a concrete type"
)]
pub(crate) fn lower<W: Wide>(a: W, b: W) -> W {
    if b < a || b != b { b } else { a }
}

/// The larger number; a NaN wins.
#[inline(always)]
#[expect(
    clippy::eq_op,
    reason = "a NaN is what differs from itself; `is_nan` needs a concrete type"
)]
pub(crate) fn upper<W: Wide>(a: W, b: W) -> W {
    if b > a || b != b { b } else { a }
}
