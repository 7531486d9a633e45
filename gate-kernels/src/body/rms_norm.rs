//! `rms_norm(x)ᵢ = wᵢ · xᵢ / √(mean x² + ε)`.

use super::element::Element;
use super::group::Group;

/// One row.
#[inline(always)]
pub(crate) fn row<G: Group, T: Element<Wide = f32>>(
    group: &mut G,
    x: &[T],
    weight: &[T],
    epsilon: f32,
    out: &mut G::Out<'_, T>,
) {
    let lanes = group.fold(x, -0.0_f32, |sum, _, value: T| {
        let value = value.widen();
        sum + value * value
    });
    let sum = group.combine(lanes, |a, b| a + b);
    let scale = 1.0 / G::sqrt(sum / x.len() as f32 + epsilon);
    group.map2(x, weight, out, |value: T, weight: T| {
        T::narrow(value.widen() * scale * weight.widen())
    });
}
