//! Comparing one sample with another, pair by pair.

use super::group::Group;

/// How many values of `others` are below `value`, and how many equal it. At most `u32::MAX` values.
#[inline(always)]
pub(crate) fn place<G: Group>(group: &mut G, value: f64, others: &[f64]) -> (u32, u32) {
    let lanes = group.fold(others, 0_u32, |count, _, other: f64| count + u32::from(other < value));
    let below = group.combine(lanes, |a, b| a + b);
    let lanes = group.fold(others, 0_u32, |count, _, other: f64| count + u32::from(other == value));
    (below, group.combine(lanes, |a, b| a + b))
}
