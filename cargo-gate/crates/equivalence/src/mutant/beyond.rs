//! The nearest number that a tolerance does not accept.

use crate::rule::Tolerance;

/// The smallest number above `bits` that is further away than the tolerance; `None` where every finite number is within it.
pub(super) fn above(tolerance: &Tolerance, bits: u64, magnitude: f64) -> Option<u64> {
    let dtype = tolerance.dtype;
    let start = dtype.place(bits);
    let base = dtype.float(bits);
    let widest = [
        tolerance.absolute,
        tolerance.relative * base.abs(),
        tolerance.sum * magnitude.abs(),
    ];
    let is_beyond = |place: i64| {
        let number = dtype.at_place(place).map_or(f64::INFINITY, |bits| dtype.float(bits));
        let steps = place.abs_diff(start);
        steps > tolerance.ulp && widest.iter().all(|limit| number - base > *limit)
    };
    let last = i64::try_from(dtype.infinity()).ok()? - 1;
    if !base.is_finite() || !is_beyond(last) {
        return None;
    }
    let (mut within, mut beyond) = (start, last);
    while beyond.abs_diff(within) > 1 {
        let middle = within.midpoint(beyond);
        if is_beyond(middle) {
            beyond = middle;
        } else {
            within = middle;
        }
    }
    dtype.at_place(beyond)
}

#[cfg(test)]
mod tests {
    use crate::dtype::Dtype;
    use crate::rule::{ColumnRule, Kind};

    use super::*;

    #[test]
    fn the_neighbour_is_still_within() {
        for rule in [
            ColumnRule {
                kind: Kind::Float,
                ulp: Some(3),
                ..ColumnRule::default()
            },
            ColumnRule {
                kind: Kind::Float,
                absolute: Some(1e-3),
                ..ColumnRule::default()
            },
            ColumnRule {
                kind: Kind::Float,
                relative: Some(1e-4),
                ..ColumnRule::default()
            },
        ] {
            for number in [1.0_f32, -1.0, 0.0, 1e-30, 3e38] {
                let tolerance = Tolerance::of(&rule, Dtype::F32);
                let bits = u64::from(number.to_bits());
                let Some(beyond) = above(&tolerance, bits, 0.0) else {
                    continue;
                };
                let before = Dtype::F32.at_place(Dtype::F32.place(beyond) - 1).unwrap();
                assert!(!tolerance.accepts(beyond, bits, 0.0).0, "{number} {rule:?}");
                assert!(tolerance.accepts(before, bits, 0.0).0, "{number} {rule:?}");
            }
        }
    }
}
