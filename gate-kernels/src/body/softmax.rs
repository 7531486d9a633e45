//! `softmax(x)ᵢ = e^(xᵢ − max x) / Σ e^(xⱼ − max x)`.

use super::element::Element;
use super::exp::exp;
use super::group::Group;

/// One row.
#[inline(always)]
pub(crate) fn row<G: Group, T: Element<Wide = f32>>(group: &mut G, x: &[T], out: &mut G::Out<'_, T>) {
    // A NaN loses every comparison here and comes back through the sum.
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let lanes = group.fold(x, f32::NEG_INFINITY, |max, _, value: T| larger(max, value.widen()));
    let max = group.combine(lanes, larger);
    let lanes = group.fold(x, -0.0_f32, |sum, _, value: T| sum + exp(value.widen() - max));
    let sum = group.combine(lanes, |a, b| a + b);
    let scale = 1.0 / sum;
    group.map(x, out, |value: T| T::narrow(exp(value.widen() - max) * scale));
}
