//! `softmax(x)ᵢ = e^(xᵢ − max x) / Σ e^(xⱼ − max x)`.

use super::element::Element;
use super::exp::scaled_exp;
use super::group::Group;

/// One row.
#[inline(always)]
pub(crate) fn row<G: Group, T: Element<Wide = f32>>(group: &mut G, x: &[T], out: &mut G::Out<'_, T>) {
    // A NaN loses every comparison here and comes back through the sum.
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let lanes = group.fold(x, f32::NEG_INFINITY, |max, _, value: T| larger(max, value.widen()));
    let max = group.combine(lanes, larger);
    // All powers are 2⁶⁴ times as large, and so is their sum.
    let power = |value: T| scaled_exp(value.widen() - max, G::fma);
    let add = |a: f32, b: f32| a + b;
    if T::IS_WIDE {
        // `out` holds the powers as they are until their sum is known.
        let lanes = group.fold_into(
            x,
            out,
            -0.0_f32,
            |value| T::narrow(power(value)),
            |sum, power: T| sum + power.widen(),
        );
        let scale = 1.0 / group.combine(lanes, add);
        group.update(out, x, |power: T, _| T::narrow(power.widen() * scale));
    } else {
        let lanes = group.fold(x, -0.0_f32, |sum, _, value: T| sum + power(value));
        let scale = 1.0 / group.combine(lanes, add);
        group.map(x, out, |value: T| T::narrow(power(value) * scale));
    }
}
